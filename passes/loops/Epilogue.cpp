#include "passes/loops/Epilogue.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/ReduceAlong.h"
#include "passes/loops/ReshapedPoint.h"

using namespace mlir;

namespace quern {

/// The operand of `op` that depends on the anchor with the shape of the result; null if there is none.
static Value carrier(Operation *op, const DenseSet<Value> &dependent) {
  for (Value operand : op->getOperands())
    if (dependent.contains(operand) &&
        (!op->hasTrait<graph::Elementwise>() || graph::dimsOf(operand) == graph::dimsOf(op->getResult(0))))
      return operand;
  return {};
}

/// A vector along the last axis stays within one row of the reshaped value.
static bool keepsVectors(Value from, Value to) {
  constexpr int64_t kWidest = 16;
  if (graph::rankOf(from) == 0 || graph::rankOf(to) == 0)
    return true;
  Dim before = graph::dimsOf(from).back(), after = graph::dimsOf(to).back();
  return before == after || (after.constant() && *after.constant() % kWidest == 0) || after.dividedBy(before);
}

static bool isFold(Operation *op) { return isa<graph::ReduceOp, graph::ArgReduceOp>(op); }

/// Whether every op behind the anchor is of a kind that can be fused.
bool Epilogue::supports(Value anchor, Block &body, bool folds) {
  DenseSet<Value> dependent{anchor};
  for (Operation &op : body) {
    if (op.hasTrait<OpTrait::IsTerminator>() ||
        llvm::none_of(op.getOperands(), [&](Value v) { return dependent.contains(v); }))
      continue;
    if (folds && isFold(&op)) {
      if (graph::dimsOf(op.getOperand(0)) != graph::dimsOf(anchor))
        return false;
      continue;
    }
    bool movement = isa<graph::ReshapeOp, graph::TransposeOp>(op);
    if (isa<graph::ReshapeOp>(op) && !keepsVectors(op.getOperand(0), op.getResult(0)))
      return false;
    if (!movement && (!op.hasTrait<graph::Elementwise>() || !carrier(&op, dependent)))
      return false;
    for (Value operand : op.getOperands())
      if (dependent.contains(operand) && graph::dimsOf(operand) != graph::dimsOf(carrier(&op, dependent)))
        return false;
    dependent.insert(op.getResult(0));
  }
  return true;
}

LogicalResult Epilogue::checkAnchor(KernelFunction &kernel, Operation *anchor, bool folds) {
  if (!anchor)
    return kernel.source.emitError("has no op of the kind that its algorithm is for");
  if (!supports(anchor->getResult(0), kernel.body(), folds))
    return kernel.source.emitError("has an op behind its anchor that does not run on accumulators");
  return success();
}

Epilogue::Epilogue(KernelFunction &kernel, Value anchor) : kernel(kernel), anchor(anchor) {
  DenseSet<Value> dependent{anchor};
  for (Operation &op : kernel.body().without_terminator())
    if (Value operand = isFold(&op) ? Value() : carrier(&op, dependent)) {
      chain.push_back({&op, operand});
      dependent.insert(op.getResult(0));
    }
}

Point Epilogue::follow(Operation *op, Value operand, const Point &point) {
  if (auto transpose = dyn_cast<graph::TransposeOp>(op)) {
    Point result;
    for (int64_t axis : transpose.getPermutation())
      result.push_back(point[axis]);
    return result;
  }
  if (isa<graph::ReshapeOp>(op))
    return reshapedPoint(kernel, graph::dimsOf(operand), graph::dimsOf(op->getResult(0)), point);
  return point;
}

/// Every op behind the anchor, at its own point.
void Epilogue::compute(ElementEmitter &emitter, Value sum, const Point &point, Points &points, Values &values) {
  Type wanted = emitter.valueType(graph::elementOf(anchor));
  if (sum.getType() != wanted)
    sum = isa<FloatType>(getElementTypeOrSelf(wanted))
              ? kernel.builder.create<arith::TruncFOp>(wanted, sum).getResult()
              : kernel.builder.create<arith::TruncIOp>(wanted, sum).getResult();
  points[anchor] = point;
  values[anchor] = sum;
  emitter.define(anchor, [sum](ElementEmitter &, const Point &) { return sum; });
  for (auto [op, operand] : chain) {
    Value result = op->getResult(0);
    Point from = points[operand];
    points[result] = follow(op, operand, from);
    Value value = op->hasTrait<graph::Elementwise>() ? emitter.at(result, from) : values[operand];
    values[result] = value;
    emitter.define(result, [value](ElementEmitter &, const Point &) { return value; });
  }
}

static int64_t lanesOf(Value sum) {
  auto vector = dyn_cast<VectorType>(sum.getType());
  return vector ? vector.getNumElements() : 1;
}

void Epilogue::store(Value sum, const Point &point, Value mask) {
  ElementEmitter emitter(kernel, lanesOf(sum), mask);
  Points points;
  Values values;
  compute(emitter, sum, point, points, values);
  for (auto [index, value] : llvm::enumerate(kernel.yield().getValues()))
    emitter.store(values[value], kernel.resultBuffer(index), graph::dimsOf(value), points[value]);
}

Value Epilogue::value(Value result, Value sum, const Point &point, Value mask) {
  ElementEmitter emitter(kernel, lanesOf(sum), mask);
  Points points;
  Values values;
  compute(emitter, sum, point, points, values);
  return values[result];
}

void Epilogue::storeTile(ArrayRef<Value> sums, int64_t vectors, RowPlaces place, ArrayRef<Value> masks) {
  finishTile(sums, vectors, place, masks,
             [&](Value sum, Index, const Point &point, Value mask) { store(sum, point, mask); });
}

void Epilogue::finishTile(ArrayRef<Value> sums, int64_t vectors, RowPlaces place, ArrayRef<Value> masks,
                          Finish finish) {
  IndexBuilder builder(kernel.builder);
  int64_t rows = sums.size() / vectors;
  auto mask = [&](int64_t j) { return masks.empty() ? Value() : masks[j]; };
  if (rows == 1 || !isLong(kernel)) {
    for (int64_t i = 0; i < rows; ++i)
      for (auto [j, point] : llvm::enumerate(place(builder.index(i), builder.index(0), vectors)))
        finish(sums[i * vectors + j], builder.index(i), point, mask(j));
    return;
  }
  // Scratch is the same for all levels: what the most and widest registers of any hold.
  constexpr int64_t kMostBytes = 32 * 64;
  auto type = cast<VectorType>(sums.front().getType());
  if (!waiting)
    waiting = kernel.scratch(type.getElementType(), kMostBytes * 8 / type.getElementTypeBitWidth());
  int64_t lanes = type.getNumElements();
  for (auto [i, sum] : llvm::enumerate(sums))
    builder.create<vector::StoreOp>(sum, waiting, builder.value(i * lanes));
  // Two hide each other's latencies; more do not fit the registers beside the constants.
  bool masked = llvm::any_of(masks, [](Value mask) { return bool(mask); });
  int64_t together = masked ? vectors : vectors % 2 ? 1 : 2;
  // One loop over both: of two LLVM would take the inner one for hotter than the product, and give it the registers.
  builder.loop(builder.index(0), builder.index(rows * vectors), together, [&](Index vector) {
    Index row = builder.div(vector, vectors),
          first = together == vectors ? builder.index(0) : builder.rem(vector, vectors);
    for (auto [j, point] : llvm::enumerate(place(row, first, together))) {
      Index at = builder.mul(builder.add(vector, j), lanes);
      finish(builder.create<vector::LoadOp>(type, waiting, builder.value(at)), row, point, mask(j));
    }
  });
}

} // namespace quern
