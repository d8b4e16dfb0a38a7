// Elements picked by index tensors, and the indices of extrema.
#include "passes/loops/ElementEmitter.h"
#include "passes/loops/ReduceAlong.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

Value ElementEmitter::gatherElements(GatherElementsOp op, const Point &point) {
  Point inner = point;
  inner[op.getAxis()] = indexAt(op.getIndices(), point, dimOf(op.getData(), op.getAxis()));
  return at(op.getData(), inner);
}

Value ElementEmitter::gatherNd(GatherNdOp op, const Point &point) {
  int64_t batch = op.getBatchDims(), rank = rankOf(op.getIndices()),
          depth = *dimOf(op.getIndices(), rank - 1).constant();
  Point indexPoint(point.begin(), point.begin() + rank - 1), inner(point.begin(), point.begin() + batch);
  indexPoint.emplace_back();
  for (int64_t i = 0; i < depth; ++i) {
    indexPoint.back() = {kernel.index(i), 0, {}};
    inner.push_back(indexAt(op.getIndices(), indexPoint, dimOf(op.getData(), batch + i)));
  }
  inner.append(point.begin() + rank - 1, point.end());
  return at(op.getData(), inner);
}

//===--- Indices of extrema -----------------------------------------------------------------===//

Value extremumMoves(ImplicitLocOpBuilder &b, ArgReduceOp op, Type element, Value value, Value best) {
  bool largest = op.getLargest(), last = op.getLast();
  if (isa<FloatType>(element)) {
    using F = arith::CmpFPredicate;
    Value beyond = b.create<arith::CmpFOp>(largest ? (last ? F::UGE : F::UGT) : (last ? F::ULE : F::ULT), value, best);
    Value yields = b.create<arith::CmpFOp>(F::ORD, best, best); // a NaN does to another alone, if later ones win
    if (last)
      yields = b.create<arith::OrIOp>(yields, b.create<arith::CmpFOp>(F::UNO, value, value));
    return b.create<arith::AndIOp>(beyond, yields);
  }
  using I = arith::CmpIPredicate;
  if (element.isUnsignedInteger() || element.isInteger(1))
    return b.create<arith::CmpIOp>(largest ? (last ? I::uge : I::ugt) : (last ? I::ule : I::ult), value, best);
  return b.create<arith::CmpIOp>(largest ? (last ? I::sge : I::sgt) : (last ? I::sle : I::slt), value, best);
}

Value ElementEmitter::argReduce(ArgReduceOp op, const Point &point) {
  ImplicitLocOpBuilder &b = kernel.builder;
  int64_t axis = op.getAxis();
  Type element = elementOf(op.getOperand());
  if (lanes == 1 && axis == rankOf(op.getOperand()) - 1)
    return argReduceRow(op, point);
  Point inner = point;
  inner[axis] = {kernel.index(0), 0, {}};
  Value first = at(op.getOperand(), inner);
  // Positions take as little room in registers as they can.
  Dim extent = dimOf(op.getOperand(), axis);
  Type i64 = b.getI64Type(), position = extent.constant().value_or(INT64_MAX) <= INT32_MAX ? Type(b.getI32Type()) : i64;
  Value none = b.create<arith::ConstantOp>(b.getZeroAttr(valueType(position)));
  auto loop = b.create<scf::ForOp>(kernel.index(1), kernel.dim(extent), kernel.index(1), ValueRange{first, none});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    inner[axis] = {loop.getInductionVar(), 0, {}};
    Value value = at(op.getOperand(), inner), best = loop.getRegionIterArg(0);
    Value better = extremumMoves(b, op, element, value, best);
    Value index = spread(b.create<arith::IndexCastOp>(position, loop.getInductionVar()));
    b.create<scf::YieldOp>(ValueRange{b.create<arith::SelectOp>(better, value, best),
                                      b.create<arith::SelectOp>(better, index, loop.getRegionIterArg(1))});
  }
  return emitCast(b, loop.getResult(1), position, i64);
}

/// Whether `value`, an element or lanes of them, is as large as the extremum, which is NaN where an element is.
static Value isExtremum(ImplicitLocOpBuilder &b, Type element, Value value, Value best) {
  if (!isa<FloatType>(element))
    return b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, value, best);
  Value equal = b.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, value, best);
  return b.create<arith::OrIOp>(equal, b.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, value, value));
}

/// Along the last axis, in vectors: the extremum of each block, and in the first (or last) block that has the row's the
/// first (or last) index of it. So a row is read once and one block of it twice.
Value ElementEmitter::argReduceRow(ArgReduceOp op, const Point &point) {
  constexpr int64_t kBlock = 2048;
  ImplicitLocOpBuilder &b = kernel.builder;
  Type element = elementOf(op.getOperand()), i64 = b.getI64Type();
  Value extent = kernel.dim(dimOf(op.getOperand(), op.getAxis()));
  auto elements = [&](ElementEmitter &e, Value start, const AxisPoint &axis) {
    Point inner = point;
    inner.back() = e.shifted(axis, start);
    return e.at(op.getOperand(), inner);
  };
  auto blockLength = [&](Value start) -> Value {
    return b.create<arith::MinSIOp>(b.create<arith::SubIOp>(extent, start), kernel.index(kBlock));
  };
  ReduceKind kind = op.getLargest() ? ReduceKind::max : ReduceKind::min;
  Value worst = reductionStart(kernel, kind, element, KernelFunction::registerType(element));
  auto blocks = b.create<scf::ForOp>(kernel.index(0), extent, kernel.index(kBlock), ValueRange{worst, kernel.index(0)});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(blocks.getBody());
    Value start = blocks.getInductionVar(), best = blocks.getRegionIterArg(0);
    Value value = reduceAlong(*this, blockLength(start), {{kind, element}}, [&](ElementEmitter &e, const AxisPoint &axis) {
                    return SmallVector<Value>{elements(e, start, axis)};
                  })[0];
    Value moves = extremumMoves(b, op, element, value, best);
    b.create<scf::YieldOp>(ValueRange{b.create<arith::SelectOp>(moves, value, best),
                                      b.create<arith::SelectOp>(moves, start, blocks.getRegionIterArg(1))});
  }
  Value best = blocks.getResult(0), start = blocks.getResult(1);
  ReduceKind pick = op.getLast() ? ReduceKind::max : ReduceKind::min;
  Type i32 = b.getI32Type(); // positions in a block take as little room in registers as they can
  Value place = reduceAlong(*this, blockLength(start), {{pick, i32}}, [&](ElementEmitter &e, const AxisPoint &axis) {
    Value hit = isExtremum(b, element, elements(e, start, axis), e.spread(best));
    Value index = b.create<arith::IndexCastOp>(e.valueType(i32), e.indexOf(axis));
    Value miss = b.create<arith::ConstantIntOp>(op.getLast() ? 0 : INT32_MAX, 32);
    return SmallVector<Value>{b.create<arith::SelectOp>(hit, index, e.spread(miss))};
  })[0];
  return b.create<arith::IndexCastOp>(i64, kernel.add(start, b.create<arith::IndexCastOp>(b.getIndexType(), place)));
}

} // namespace quern
