// Running sums and products: a task walks some lines of the axis; lines that lie side by side run in the lanes of a
// vector, and a line whose elements do goes a vector at a time.
#include "passes/loops/Emitters.h"
#include "passes/loops/ReduceAlong.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

namespace {

/// A walk along one line, or along lines side by side in the lanes of an emitter.
class Walk {
public:
  Walk(KernelFunction &kernel, CumulativeOp op)
      : kernel(kernel), op(op), b(kernel.builder), dims(dimsOf(op.getOperand())), extent(kernel.dim(dims[op.getAxis()])),
        element(elementOf(op.getOperand())),
        wide(isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32 ? Type(b.getF32Type()) : element) {}

  void emitLines(ElementEmitter &e, Value base, const AxisPoint &lane, const Dim &inner);
  void emitLine(Value base);

private:
  /// What leaves every element as it is; of floats only -0 does when it is added.
  Value neutral(Type type) {
    Value start = reductionStart(kernel, op.getKind(), wide, type);
    return op.getKind() == ReduceKind::sum && isa<FloatType>(wide) ? b.create<arith::NegFOp>(start) : start;
  }
  /// The first result of an exclusive walk, which is no element, is 0.
  Value start(Type type) {
    return op.getExclusive() ? reductionStart(kernel, op.getKind(), wide, type) : neutral(type);
  }
  Value step(Value before, Value value) { return reductionStep(b, op.getKind(), wide, before, value); }
  Value scanLanes(Value value);
  Value moveLanes(Value value, int64_t by, Value otherwise, function_ref<Value(Value)> operation);
  /// One index on the last axis reaches every element.
  Point at(const AxisPoint &place) {
    Point point(dims.size(), AxisPoint{kernel.index(0), 0, {}});
    point.back() = place;
    return point;
  }
  /// Steps [from, to), `count` elements in each; `body` is given the place of the first and what goes on from step to
  /// step, and returns what it is then.
  Value carry(Value from, Value to, int64_t count, Value carried, function_ref<Value(Value, Value)> body);

  KernelFunction &kernel;
  CumulativeOp op;
  ImplicitLocOpBuilder &b;
  SmallVector<Dim> dims;
  Value extent;
  Type element, wide;
};

} // namespace

Value Walk::carry(Value from, Value to, int64_t count, Value carried, function_ref<Value(Value, Value)> body) {
  auto loop = b.create<scf::ForOp>(from, to, kernel.index(count), ValueRange(carried));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value place = loop.getInductionVar();
  if (op.getReverse())
    place = b.create<arith::SubIOp>(kernel.add(extent, -count), place);
  b.create<scf::YieldOp>(body(place, loop.getRegionIterArg(0)));
  return loop.getResult(0);
}

/// Lines that start at element `base`, `inner` apart, in the lanes of `e`.
void Walk::emitLines(ElementEmitter &e, Value base, const AxisPoint &lane, const Dim &inner) {
  carry(kernel.index(0), extent, 1, start(e.valueType(wide)), [&](Value place, Value before) {
    Value offset = kernel.add(base, kernel.multiply(place, kernel.dim(inner)));
    Point point = at({kernel.add(offset, lane.base), lane.lane, {}});
    Value after = step(before, emitCast(b, e.at(op.getOperand(), point), element, wide));
    e.store(emitCast(b, op.getExclusive() ? before : after, wide, element), kernel.resultBuffer(0), dims, point);
    return after;
  });
}

/// Lane i of the result is what `operation` makes of lane i and of lane i - by (i + by where the walk is in reverse);
/// where there is none, it is lane i of `otherwise`. The lanes go round and those are chosen: where zeros come in, LLVM
/// takes an instruction to expand, which is slow on AMD.
Value Walk::moveLanes(Value value, int64_t by, Value otherwise, function_ref<Value(Value)> operation) {
  int64_t lanes = cast<VectorType>(value.getType()).getNumElements();
  SmallVector<int64_t> from;
  SmallVector<bool> exists;
  for (int64_t i = 0; i < lanes; ++i) {
    int64_t lane = op.getReverse() ? i + by : i - by;
    from.push_back((lane + lanes) % lanes);
    exists.push_back(lane >= 0 && lane < lanes);
  }
  Value mask = b.create<arith::ConstantOp>(b.getBoolVectorAttr(exists));
  return b.create<arith::SelectOp>(mask, operation(b.create<vector::ShuffleOp>(value, value, from)), otherwise);
}

/// Each lane with those before it, in as many steps as the count of lanes has bits (Hillis and Steele 1986).
Value Walk::scanLanes(Value value) {
  for (int64_t by = 1; by < cast<VectorType>(value.getType()).getNumElements(); by *= 2)
    value = moveLanes(value, by, value, [&](Value before) { return step(before, value); });
  return value;
}

/// A line whose elements lie side by side, from element `base` on: a vector at a time, so that what one step waits for
/// of the step before is one addition for all lanes.
void Walk::emitLine(Value base) {
  int64_t lanes = vectorLanes(kernel.level);
  VectorType type = VectorType::get(lanes, KernelFunction::registerType(wide));
  ElementEmitter many(kernel, lanes), one(kernel, 1);
  Value whole = kernel.multiply(b.create<arith::DivUIOp>(extent, kernel.index(lanes)), kernel.index(lanes));
  Value sum = carry(kernel.index(0), whole, lanes, start(type), [&](Value place, Value before) {
    Point point = at({kernel.add(base, place), 1, {}});
    Value scanned = scanLanes(emitCast(b, many.at(op.getOperand(), point), element, wide));
    Value last = b.create<vector::ExtractOp>(scanned, op.getReverse() ? 0 : lanes - 1);
    Value result = op.getExclusive() ? moveLanes(scanned, 1, neutral(type), [](Value before) { return before; }) : scanned;
    many.store(emitCast(b, step(before, result), wide, element), kernel.resultBuffer(0), dims, point);
    return step(before, b.create<vector::BroadcastOp>(type, last));
  });
  carry(whole, extent, 1, b.create<vector::ExtractOp>(sum, 0), [&](Value place, Value before) {
    Point point = at({kernel.add(base, place), 0, {}});
    Value after = step(before, emitCast(b, one.at(op.getOperand(), point), element, wide));
    one.store(emitCast(b, op.getExclusive() ? before : after, wide, element), kernel.resultBuffer(0), dims, point);
    return after;
  });
}

/// Whether any order of the steps will do: the product of some floats may overflow where that of all before does not.
static bool isAnyOrder(CumulativeOp op) {
  return op.getKind() != ReduceKind::prod || !isa<FloatType>(elementOf(op.getOperand()));
}

LogicalResult emitCumulative(KernelFunction &kernel) {
  auto op = kernel.find<CumulativeOp>();
  if (!op)
    return kernel.source.emitError() << "has no running sum";
  ImplicitLocOpBuilder &b = kernel.builder;
  SmallVector<Dim> dims = dimsOf(op.getOperand());
  int64_t axis = op.getAxis();
  Dim outer = product(ArrayRef(dims).take_front(axis)), inner = product(ArrayRef(dims).drop_front(axis + 1));
  Walk walk(kernel, op);
  if (inner.isEqualTo(1) && !kernel.device && isAnyOrder(op)) {
    kernel.forTasks(outer, [&](Value line) { walk.emitLine(kernel.multiply(line, kernel.dim(dims[axis]))); });
    return success();
  }
  constexpr int64_t width = 256; // lines of a task
  Dim parts = inner.ceildiv(width);
  kernel.forTasks(outer * parts, [&](Value task) {
    Value count = kernel.dim(parts), slab = b.create<arith::DivUIOp>(task, count),
          part = b.create<arith::RemUIOp>(task, count);
    Value base = kernel.multiply(slab, kernel.dim(inner * dims[axis]));
    Value from = kernel.multiply(part, kernel.index(width));
    Value to = b.create<arith::MinSIOp>(kernel.add(from, width), kernel.dim(inner));
    ElementEmitter scalar(kernel, 1);
    forVectors(scalar, from, to,
               [&](ElementEmitter &e, const AxisPoint &lane) { walk.emitLines(e, base, lane, inner); });
  });
  return success();
}

} // namespace quern
