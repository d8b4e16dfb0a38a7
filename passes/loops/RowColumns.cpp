#include "passes/loops/RowColumns.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/TransposeBlock.h"

using namespace mlir;

namespace quern {

void RowColumns::read(Value rows, Value columns, Index first, Index count) {
  move(Way::ToColumns, rows, columns, first, count);
}

void RowColumns::write(Value columns, Value rows, Index first, Index count) {
  move(Way::ToRows, rows, columns, first, count);
}

/// Full blocks go in squares; the last one, which nothing may be read or written behind, element by element.
void RowColumns::move(Way way, Value rows, Value columns, Index first, Index count) {
  int64_t bits = getElementTypeOrSelf(rows.getType()).getIntOrFloatBitWidth();
  lanes = bits < 32 ? 1 : kernel.level.vectorBytes * 8 / bits;
  b.branch(
      b.lessThan(count, b.index(blockRows)), [&] { moveElements(way, rows, columns, first, count); },
      [&] { moveBlock(way, rows, columns, first); });
}

void RowColumns::moveBlock(Way way, Value rows, Value columns, Index first) {
  auto squares = [&](Index column, int64_t wide) {
    b.loop(b.index(0), b.index(blockRows), lanes,
           [&](Index row) { moveSquare(way, rows, columns, first, row, column, wide); });
  };
  int64_t whole = width / lanes * lanes, rest = width - whole;
  if (lanes == 1 || width == 1 || (whole == 0 && !kernel.level.masks))
    return moveElements(way, rows, columns, first, b.index(blockRows));
  b.loop(b.index(0), b.index(whole), lanes, [&](Index column) { squares(column, lanes); });
  if (rest && kernel.level.masks)
    squares(b.index(whole), rest);
  else if (rest) // some columns a second time
    squares(b.index(width - lanes), lanes);
}

/// `lanes` rows from `row` of the block on, `wide` columns from `column` on.
void RowColumns::moveSquare(Way way, Value rows, Value columns, Index firstRow, Index row, Index column, int64_t wide) {
  auto inRows = [&](int64_t i) { return b.add(b.mul(b.add(b.add(firstRow, row), i), width), column); };
  auto inColumns = [&](int64_t i) { return b.add(b.mul(b.add(column, i), blockRows), row); };
  SmallVector<Value> vectors;
  if (way == Way::ToColumns) {
    for (int64_t i = 0; i < lanes; ++i)
      vectors.push_back(load(rows, inRows(i), wide));
    transposeBlock(b, vectors);
    for (int64_t i = 0; i < wide; ++i)
      store(vectors[i], columns, inColumns(i), lanes);
    return;
  }
  for (int64_t i = 0; i < lanes; ++i) // columns that are not there are not stored either
    vectors.push_back(load(columns, inColumns(std::min(i, wide - 1)), lanes));
  transposeBlock(b, vectors);
  for (int64_t i = 0; i < lanes; ++i)
    store(vectors[i], rows, inRows(i), wide);
}

void RowColumns::moveElements(Way way, Value rows, Value columns, Index first, Index count) {
  b.loop(b.index(0), count, 1, [&](Index row) {
    b.loop(b.index(0), b.index(width), 1, [&](Index column) {
      Value inRows = b.value(b.add(b.mul(b.add(first, row), width), column));
      Value inColumns = b.value(b.add(b.mul(column, blockRows), row));
      if (way == Way::ToColumns)
        b.create<memref::StoreOp>(b.create<memref::LoadOp>(rows, inRows), columns, inColumns);
      else
        b.create<memref::StoreOp>(b.create<memref::LoadOp>(columns, inColumns), rows, inRows);
    });
  });
}

Value RowColumns::firstLanes(int64_t count) {
  SmallVector<bool> mask(lanes);
  std::fill_n(mask.begin(), count, true);
  auto type = VectorType::get(lanes, b.builder.getI1Type());
  return b.create<arith::ConstantOp>(DenseElementsAttr::get(type, ArrayRef<bool>(mask)));
}

/// The first `count` lanes; the others are not read.
Value RowColumns::load(Value memory, Index at, int64_t count) {
  auto type = VectorType::get(lanes, getElementTypeOrSelf(memory.getType()));
  if (count == lanes)
    return kernel.loadVector(type, memory, b.value(at));
  Value mask = firstLanes(count);
  Value zeros = b.create<arith::ConstantOp>(b.builder.getZeroAttr(type));
  return b.create<vector::MaskedLoadOp>(type, memory, b.value(at), mask, zeros);
}

void RowColumns::store(Value vector, Value memory, Index at, int64_t count) {
  if (count == lanes)
    return kernel.storeVector(vector, memory, b.value(at));
  Value mask = firstLanes(count);
  b.create<vector::MaskedStoreOp>(memory, b.value(at), mask, vector);
}

} // namespace quern
