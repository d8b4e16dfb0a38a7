// Keys of rows: what an f32 is among all floats, what an f64 is among the thresholds of its feature, and whether a
// category is in a set.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/RowColumns.h"
#include "passes/loops/TreeKernel.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

void TreeKernel::makeKeys(Index first, Index count, int64_t groupRows, bool isUnsigned) {
  makeNumberKeys(first, count, groupRows, isUnsigned);
  makeSetKeys(first, count, groupRows, isUnsigned);
}

Index TreeKernel::keyPlace(Index group, Index column, Index row, int64_t groupRows) {
  return b.add(b.add(b.mul(group, layout.keyCount()), b.mul(column, groupRows)), row);
}

Index TreeKernel::groupOf(Index row) {
  return groupRows == blockRows ? b.index(0) : b.sub(row, b.rem(row, groupRows));
}

void TreeKernel::forRows(Index count, Index column, int64_t groupRows, llvm::function_ref<void(Index, Index)> body) {
  if (groupRows == 1 || groupRows == blockRows) // there is one group
    return b.loop(b.index(0), count, 1, [&](Index row) { body(row, keyPlace(b.index(0), column, row, groupRows)); });
  b.loop(b.index(0), count, groupRows, [&](Index group) {
    b.loop(b.index(0), b.min(b.sub(count, group), groupRows), 1,
           [&](Index row) { body(b.add(group, row), keyPlace(group, column, row, groupRows)); });
  });
}

/// Columns outside: all rows read the same record.
void TreeKernel::makeNumberKeys(Index first, Index count, int64_t groupRows, bool isUnsigned) {
  if (columnsOfX && groupRows > 1)
    return makeKeysInVectors(first, count, isUnsigned);
  b.loop(b.index(0), b.index(layout.columnCount), 1, [&](Index column) {
    KeyColumn record = loadColumn(column);
    forRows(count, column, groupRows, [&](Index row, Index place) {
      Value number = load(x, b.add(b.mul(b.add(first, row), kernel.dim(features)), record.feature));
      Value key = xType.isF32() ? bitKey(number) : rankKey(number, column);
      key = unlessMissing(number, key, record);
      storeKey(key, place, isUnsigned);
    });
  });
}

/// Of f32: rows become columns first, in squares of registers. A few lanes may have no row.
void TreeKernel::makeKeysInVectors(Index first, Index count, bool isUnsigned) {
  int64_t lanes = kernel.level.vectorBytes / 4;
  RowColumns rows(kernel, kSquareRows, *features.constant());
  b.loop(b.index(0), count, kSquareRows, [&](Index from) {
    Index group = groupOf(from), inGroup = b.sub(from, group);
    rows.read(x, columnsOfX, b.add(first, from), b.min(b.sub(count, from), kSquareRows));
    b.loop(b.index(0), b.index(layout.columnCount), 1, [&](Index column) {
      KeyColumn record = loadColumn(column);
      for (int64_t row = 0; row < kSquareRows; row += lanes) {
        Value number = kernel.loadVector(VectorType::get(lanes, xType), columnsOfX,
                                         b.value(b.add(b.mul(record.feature, kSquareRows), row)));
        storeKey(unlessMissing(number, bitKey(number), record), keyPlace(group, column, b.add(inGroup, row), groupRows),
                 isUnsigned);
      }
    });
  });
}

TreeKernel::KeyColumn TreeKernel::loadColumn(Index column) {
  Index feature = field(layout.columns, column, TreeTables::kColumn, 0);
  Index record = b.add(b.mul(column, TreeTables::kColumn), layout.columns);
  Value missing = load(tables, b.add(record, 1));
  Value limit = b.create<arith::BitcastOp>(b.builder.getF32Type(), load(tables, b.add(record, 2)));
  if (xType.isF64())
    limit = b.create<arith::ExtFOp>(xType, limit);
  return {feature, missing, limit};
}

/// `value` in every lane that `like` has.
Value TreeKernel::spread(Value value, Value like) {
  auto vector = dyn_cast<VectorType>(like.getType());
  return vector ? b.create<vector::BroadcastOp>(vector.clone(value.getType()), value).getResult() : value;
}

Value TreeKernel::unlessMissing(Value number, Value key, const KeyColumn &record) {
  Value size = b.create<math::AbsFOp>(number);
  Value isMissing = b.create<arith::CmpFOp>(arith::CmpFPredicate::ULE, size, spread(record.limit, number));
  return b.create<arith::SelectOp>(isMissing, spread(record.missing, key), key);
}

/// The bits, with those of a negative number turned around; -0 is 0.
Value TreeKernel::bitKey(Value number) {
  Value zero = spread(b.create<arith::ConstantOp>(b.builder.getF32FloatAttr(0)), number);
  Type type = b.builder.getI32Type();
  if (auto vector = dyn_cast<VectorType>(number.getType()))
    type = vector.clone(type);
  Value bits = b.create<arith::BitcastOp>(type, b.create<arith::AddFOp>(number, zero));
  Value sign = b.create<arith::ShRSIOp>(bits, spread(i32(31), bits));
  return b.create<arith::XOrIOp>(bits,
                                 b.create<arith::AndIOp>(sign, spread(i32(std::numeric_limits<int32_t>::max()), bits)));
}

/// How many cuts are below the number: each step decides a bit of it, without a branch.
Value TreeKernel::rankKey(Value number, Index column) {
  Index start = field(layout.columns, column, TreeTables::kColumn, 3),
        bits = field(layout.columns, column, TreeTables::kColumn, 4);
  SmallVector<Value> rank{b.value(0)};
  b.carry(b.index(0), bits, 1, rank, [&](Index i, SmallVectorImpl<Value> &carried) {
    Value bit = b.value(b.sub(b.sub(bits, i), 1));
    Value half = b.create<arith::ShLIOp>(b.value(1), bit);
    Index at = b.sub(b.add(b.add(start, carried[0]), half), 1);
    Value below = b.create<arith::CmpFOp>(arith::CmpFPredicate::OLT, load(cuts, at), number);
    Value more = b.create<arith::IndexCastUIOp>(b.builder.getIndexType(), below);
    carried[0] = b.create<arith::AddIOp>(carried[0], b.create<arith::ShLIOp>(more, bit));
  });
  return b.create<arith::IndexCastOp>(b.builder.getI32Type(), rank[0]);
}

void TreeKernel::makeSetKeys(Index first, Index count, int64_t groupRows, bool isUnsigned) {
  b.loop(b.index(0), b.index(layout.setColumnCount), 1, [&](Index column) {
    auto at = [&](int64_t position) { return field(layout.setColumns, column, TreeTables::kSetColumn, position); };
    Index feature = at(0), words = at(3), size = b.mul(at(4), 32);
    Value nan = b.create<arith::IndexCastOp>(b.builder.getI32Type(), b.value(at(1)));
    Value beyond = b.create<arith::IndexCastOp>(b.builder.getI32Type(), b.value(at(2)));
    Type i64 = b.builder.getI64Type();
    Value zero = b.create<arith::ConstantOp>(b.builder.getFloatAttr(xType, 0));
    Value end = b.create<arith::SIToFPOp>(xType, b.create<arith::IndexCastOp>(i64, b.value(size)));
    forRows(count, b.add(column, layout.columnCount), groupRows, [&](Index row, Index place) {
      Value number = load(x, b.add(b.mul(b.add(first, row), kernel.dim(features)), feature));
      Value isWithin = b.create<arith::AndIOp>(b.create<arith::CmpFOp>(arith::CmpFPredicate::OGE, number, zero),
                                               b.create<arith::CmpFOp>(arith::CmpFPredicate::OLT, number, end));
      Value safe = b.create<arith::SelectOp>(isWithin, number, zero);
      Value category = b.create<arith::FPToSIOp>(b.builder.getI32Type(), safe);
      Value wordOfSet =
          b.create<arith::IndexCastUIOp>(b.builder.getIndexType(), b.create<arith::ShRUIOp>(category, i32(5)));
      Value word = load(tables, b.add(b.add(words, wordOfSet), layout.setWords));
      Value bit = b.create<arith::ShRUIOp>(word, b.create<arith::AndIOp>(category, i32(31)));
      Value key = b.create<arith::XOrIOp>(b.create<arith::AndIOp>(bit, i32(1)), i32(1));
      key = b.create<arith::SelectOp>(isWithin, key, beyond);
      Value isNan = b.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, number, number);
      key = b.create<arith::SelectOp>(isNan, nan, key);
      storeKey(key, place, isUnsigned);
    });
  });
}

void TreeKernel::storeKey(Value key, Index at, bool isUnsigned) {
  if (isUnsigned)
    key = b.create<arith::XOrIOp>(key, spread(i32(std::numeric_limits<int32_t>::min()), key));
  if (isa<VectorType>(key.getType()))
    kernel.storeVector(key, keys, b.value(at));
  else
    b.create<memref::StoreOp>(key, keys, b.value(at));
}

} // namespace quern
