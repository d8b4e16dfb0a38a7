// Running sums and products: a task walks some lines of the axis; lines that lie side by side run in the lanes of a
// vector.
#include "passes/loops/Emitters.h"
#include "passes/loops/ReduceAlong.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

/// The lines [from, to) that start at element `base`, `inner` apart, in the lanes of `e`.
static void emitLines(KernelFunction &kernel, CumulativeOp op, ElementEmitter &e, Value base, const AxisPoint &lane,
                      const Dim &inner) {
  ImplicitLocOpBuilder &b = kernel.builder;
  SmallVector<Dim> dims = dimsOf(op.getOperand());
  Type element = elementOf(op.getOperand());
  Type wide = isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32 ? Type(b.getF32Type()) : element;
  Value extent = kernel.dim(dims[op.getAxis()]);
  Value start = reductionStart(kernel, op.getKind(), wide, e.valueType(wide));
  auto loop = b.create<scf::ForOp>(kernel.index(0), extent, kernel.index(1), ValueRange(start));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value step = loop.getInductionVar(), before = loop.getRegionIterArg(0);
  if (op.getReverse())
    step = b.create<arith::SubIOp>(kernel.add(extent, -1), step);
  // One index on the last axis reaches every element.
  Point point(dims.size(), AxisPoint{kernel.index(0), 0, {}});
  Value offset = kernel.add(base, kernel.multiply(step, kernel.dim(inner)));
  point.back() = {kernel.add(offset, lane.base), lane.lane, {}};
  Value value = emitCast(b, e.at(op.getOperand(), point), element, wide);
  Value after = reductionStep(b, op.getKind(), wide, before, value);
  e.store(emitCast(b, op.getExclusive() ? before : after, wide, element), kernel.resultBuffer(0), dims, point);
  b.create<scf::YieldOp>(after);
}

LogicalResult emitCumulative(KernelFunction &kernel) {
  auto op = kernel.find<CumulativeOp>();
  if (!op)
    return kernel.source.emitError() << "has no running sum";
  ImplicitLocOpBuilder &b = kernel.builder;
  SmallVector<Dim> dims = dimsOf(op.getOperand());
  int64_t axis = op.getAxis();
  Dim outer = product(ArrayRef(dims).take_front(axis)), inner = product(ArrayRef(dims).drop_front(axis + 1));
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
               [&](ElementEmitter &e, const AxisPoint &lane) { emitLines(kernel, op, e, base, lane, inner); });
  });
  return success();
}

} // namespace quern
