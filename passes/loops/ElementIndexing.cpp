// Elements picked by index tensors, and the indices of extrema.
#include "passes/loops/ElementEmitter.h"
#include "passes/loops/ReduceAlong.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

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

/// Which of the lanes of `hits` comes first, or last.
static Value placeOfLane(ImplicitLocOpBuilder &b, Value bits, bool last) {
  int64_t lanes = bits.getType().getIntOrFloatBitWidth();
  if (!last)
    return b.create<math::CountTrailingZerosOp>(bits);
  Value end = b.create<arith::ConstantIntOp>(lanes - 1, lanes);
  return b.create<arith::SubIOp>(end, b.create<math::CountLeadingZerosOp>(bits));
}

/// The first (or last) place in [0, extent) where `isHit`, of which there is one: so many at a time, up to it.
static Value findPlace(ElementEmitter &outer, Value extent, bool last,
                       function_ref<Value(ElementEmitter &, const AxisPoint &)> isHit) {
  constexpr int64_t kLanes = 32;
  KernelFunction &kernel = outer.kernel;
  ImplicitLocOpBuilder &b = kernel.builder;
  Type index = b.getIndexType(), word = b.getIntegerType(kLanes);
  auto bitsAt = [&](ElementEmitter &e, Value place) -> Value {
    return b.create<vector::ExtractOp>(
        b.create<vector::BitCastOp>(VectorType::get(1, word), isHit(e, AxisPoint{place, 1, {}})), 0);
  };
  // Whole vectors, from the end that counts; then those that are left.
  Value none = b.create<arith::ConstantIntOp>(0, kLanes), width = kernel.index(kLanes);
  auto loop = b.create<scf::WhileOp>(TypeRange{index, word}, ValueRange{kernel.index(0), none});
  auto placeOf = [&](Value done) -> Value {
    return last ? b.create<arith::SubIOp>(b.create<arith::SubIOp>(extent, done), width).getResult() : done;
  };
  Location loc = b.getLoc();
  {
    OpBuilder::InsertionGuard guard(b);
    Block *before = b.createBlock(&loop.getBefore(), {}, {index, word}, {loc, loc});
    Value done = before->getArgument(0), bits = before->getArgument(1);
    Value fits = b.create<arith::CmpIOp>(arith::CmpIPredicate::sle, kernel.add(done, kLanes), extent);
    Value isNone = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, bits, none);
    b.create<scf::ConditionOp>(b.create<arith::AndIOp>(fits, isNone), before->getArguments());
    Block *after = b.createBlock(&loop.getAfter(), {}, {index, word}, {loc, loc});
    done = after->getArgument(0);
    ElementEmitter e(kernel, kLanes);
    e.inherit(outer);
    bits = bitsAt(e, placeOf(done));
    isNone = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, bits, none);
    Value next = b.create<arith::SelectOp>(isNone, kernel.add(done, kLanes), done);
    b.create<scf::YieldOp>(ValueRange{next, bits});
  }
  Value done = loop.getResult(0);
  Value isNone = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, loop.getResult(1), none);
  auto rest = b.create<scf::IfOp>(TypeRange{index, word}, isNone, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(rest.thenBlock());
    Value mask = b.create<vector::CreateMaskOp>(VectorType::get(kLanes, b.getI1Type()),
                                                ValueRange{b.create<arith::SubIOp>(extent, done)});
    ElementEmitter e(kernel, kLanes, mask);
    e.inherit(outer);
    Value place = last ? kernel.index(0) : done;
    Value hits = b.create<arith::AndIOp>(isHit(e, AxisPoint{place, 1, {}}), mask);
    Value bits = b.create<vector::ExtractOp>(b.create<vector::BitCastOp>(VectorType::get(1, word), hits), 0);
    b.create<scf::YieldOp>(ValueRange{place, bits});
    b.setInsertionPointToStart(rest.elseBlock());
    b.create<scf::YieldOp>(ValueRange{placeOf(done), loop.getResult(1)});
  }
  Value lane = b.create<arith::IndexCastUIOp>(index, placeOfLane(b, rest.getResult(1), last));
  return b.create<arith::AddIOp>(rest.getResult(0), lane);
}

/// Along the last axis, in vectors: the extremum of each block, and in the first (or last) block that has the row's the
/// first (or last) place of it. So a row is read once and up to a block of it twice.
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
  auto isHit = [&](ElementEmitter &e, const AxisPoint &axis) {
    return isExtremum(b, element, elements(e, start, axis), e.spread(best));
  };
  if (!kernel.device)
    return b.create<arith::IndexCastOp>(i64, kernel.add(start, findPlace(*this, blockLength(start), op.getLast(), isHit)));
  // Threads of a device that share a row look at all of it.
  ReduceKind pick = op.getLast() ? ReduceKind::max : ReduceKind::min;
  Type i32 = b.getI32Type(); // positions in a block take as little room in registers as they can
  Value place = reduceAlong(*this, blockLength(start), {{pick, i32}}, [&](ElementEmitter &e, const AxisPoint &axis) {
    Value hit = isHit(e, axis);
    Value index = b.create<arith::IndexCastOp>(e.valueType(i32), e.indexOf(axis));
    Value miss = b.create<arith::ConstantIntOp>(op.getLast() ? 0 : INT32_MAX, 32);
    return SmallVector<Value>{b.create<arith::SelectOp>(hit, index, e.spread(miss))};
  })[0];
  return b.create<arith::IndexCastOp>(i64, kernel.add(start, b.create<arith::IndexCastOp>(b.getIndexType(), place)));
}

} // namespace quern
