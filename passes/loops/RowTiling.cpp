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

void tileRows(IndexBuilder builder, Index count, RowCount known, int64_t rows,
              function_ref<void(int64_t, Index)> tile) {
  if (known.most == 0)
    return;
  if (known.most && known.least && *known.most - *known.least <= 1)
    return tileEqually(builder, count, known, rows, tile);
  Index whole = builder.sub(count, builder.rem(count, rows));
  builder.loop(builder.index(0), whole, rows, [&](Index row) { tile(rows, row); });
  Index rest = whole;
  for (int64_t size = llvm::PowerOf2Ceil(rows) / 2; size > 0; size /= 2) {
    Value fits = builder.create<arith::CmpIOp>(arith::CmpIPredicate::sle, builder.value(builder.add(rest, size)),
                                               builder.value(count));
    builder.branch(fits, [&] { tile(size, rest); });
    rest = builder.create<arith::SelectOp>(fits, builder.value(builder.add(rest, size)), builder.value(rest)).getResult();
  }
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

} // namespace quern
