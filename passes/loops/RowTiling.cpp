#include "passes/loops/RowTiling.h"

using namespace mlir;

namespace quern {

/// Tiles 0 .. larger-1 have `size` rows, the rest one less.
static void tileEqually(IndexBuilder builder, Index count, RowCount known, int64_t rows,
                        function_ref<void(int64_t, Index)> tile) {
  int64_t tiles = llvm::divideCeil(*known.most, rows), size = llvm::divideCeil(*known.most, tiles);
  Index larger = builder.sub(count, tiles * (size - 1));
  builder.loop(builder.index(0), larger, 1, [&](Index i) { tile(size, builder.mul(i, size)); });
  if (size == 1 || (known.least == known.most && *known.most == tiles * size))
    return;
  builder.loop(larger, builder.index(tiles), 1,
               [&](Index i) { tile(size - 1, builder.add(builder.mul(i, size - 1), larger)); });
}

/// How many tiles of all `rows` come first. A rest of so few rows that they would wait for their own sums takes those
/// of one along.
static Index wholeTiles(IndexBuilder builder, Index count, int64_t rows) {
  Index rest = builder.rem(count, rows), whole = builder.div(count, rows);
  Value isFew = builder.create<arith::AndIOp>(builder.lessThan(builder.index(0), rest),
                                              builder.lessThan(rest, builder.index(rows / 4)));
  Value fewer = builder.value(builder.sub(builder.max(whole, 1), 1));
  return builder.create<arith::SelectOp>(isFew, fewer, builder.value(whole)).getResult();
}

/// The same sizes r and r - 1, found at run time. Every size has code of its own, which takes as long to compile as a
/// whole kernel of known extents: where there would be many, tiles of all `rows` come first, and the others have half
/// at most.
static void tileAnyCount(IndexBuilder builder, Index count, int64_t rows, function_ref<void(int64_t, Index)> tile) {
  constexpr int64_t kMostSizes = 4;
  bool hasAll = rows <= kMostSizes;
  int64_t most = hasAll ? rows : llvm::divideCeil(rows, 2);
  SmallVector<int64_t> sizes = llvm::to_vector(llvm::seq_inclusive<int64_t>(1, most));
  Index whole = builder.index(0);
  if (!hasAll) {
    sizes.push_back(rows);
    whole = wholeTiles(builder, count, rows);
  }
  Index rest = builder.sub(count, builder.mul(whole, rows)), tiles = builder.ceilDiv(rest, most);
  Index size = builder.ceilDiv(rest, builder.max(tiles, 1)), smaller = builder.sub(size, 1);
  Index larger = builder.add(whole, builder.sub(rest, builder.mul(tiles, smaller)));
  // The first row goes from tile to tile: LLVM would take a formula apart again, inside the innermost loops.
  SmallVector<Value> first{builder.value(0)};
  builder.carry(builder.index(0), builder.add(whole, tiles), 1, first, [&](Index i, SmallVectorImpl<Value> &at) {
    auto choose = [&](Index end, Value before, Value after) -> Value {
      return builder.create<arith::SelectOp>(builder.lessThan(i, end), before, after);
    };
    Value own = choose(larger, builder.value(size), builder.value(smaller));
    if (!hasAll)
      own = choose(whole, builder.value(rows), own);
    builder.select(own, sizes, [&](int64_t known) { tile(known, at[0]); });
    at[0] = builder.value(builder.add(at[0], own));
  });
}

void tileRows(IndexBuilder builder, Index count, RowCount known, int64_t rows,
              function_ref<void(int64_t, Index)> tile) {
  if (known.most == 0)
    return;
  if (known.most && known.least && *known.most - *known.least <= 1)
    return tileEqually(builder, count, known, rows, tile);
  tileAnyCount(builder, count, std::min(rows, known.most.value_or(rows)), tile);
}

Part part(IndexBuilder builder, Index which, Index parts, Index extent) {
  Index first = builder.div(builder.mul(which, extent), parts);
  Index end = builder.div(builder.mul(builder.add(which, 1), extent), parts);
  Part result{first, builder.sub(end, first), {}};
  auto size = constant(extent), count = constant(parts);
  if (!size || !count)
    return result;
  result.known = {*size / *count, llvm::divideCeil(*size, *count)};
  if (*size % *count == 0)
    result.count = builder.index(*size / *count);
  return result;
}

void tileBlocks(IndexBuilder builder, const Part &blocks, int64_t wide, function_ref<void(Index, int64_t)> group) {
  Index whole = builder.sub(blocks.count, builder.rem(blocks.count, wide));
  builder.loop(builder.index(0), whole, wide, [&](Index first) { group(first, wide); });
  if (!blocks.known.least || blocks.known.least != blocks.known.most)
    return builder.loop(whole, blocks.count, 1, [&](Index first) { group(first, 1); });
  if (int64_t left = *blocks.known.most % wide)
    group(whole, left);
}

} // namespace quern
