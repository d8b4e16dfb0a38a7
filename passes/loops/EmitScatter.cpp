// Scatter: the data is copied, then updates go to their places one after another, so that the last one wins and sums
// have one order.
#include "passes/loops/Emitters.h"
#include "passes/loops/Domain.h"
#include "passes/loops/ReduceAlong.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

class Scatter {
public:
  Scatter(KernelFunction &kernel, Operation *op)
      : kernel(kernel), b(kernel.builder), data(op->getOperand(0)), indices(op->getOperand(1)),
        updates(op->getOperand(2)), result(kernel.resultBuffer(0)), element(elementOf(data)), dims(dimsOf(data)),
        scalar(kernel, 1) {}

  void copyData() {
    Point origin(dims.size(), AxisPoint{kernel.index(0), 0, {}});
    if (dims.empty()) {
      scalar.store(scalar.at(data, origin), result, dims, origin);
      return;
    }
    // One index on the last axis walks all elements.
    forVectors(scalar, kernel.index(0), kernel.dim(product(dims)), [&](ElementEmitter &e, const AxisPoint &at) {
      Point place = origin;
      place.back() = at;
      e.store(e.at(data, place), result, dims, place);
    });
  }

  void elements(ScatterElementsOp op) {
    int64_t axis = op.getAxis();
    overAxes(dimsOf(updates), [&](const Point &point) {
      ElementEmitter e(kernel, 1);
      Point target = point;
      target[axis] = e.indexAt(indices, point, dims[axis]);
      put(e, e.at(updates, point), target, op.getKind());
    });
  }

  void slices(ScatterNdOp op) {
    SmallVector<Dim> outer = dimsOf(indices);
    int64_t depth = *outer.pop_back_val().constant(), rank = dims.size();
    Dim length = product(ArrayRef(dims).drop_front(depth));
    overAxes(outer, [&](const Point &point) {
      ElementEmitter e(kernel, 1);
      Point target, at = point;
      at.emplace_back();
      for (int64_t i = 0; i < depth; ++i) {
        at.back() = {kernel.index(i), 0, {}};
        target.push_back(e.indexAt(indices, at, dims[i]));
      }
      if (depth == rank)
        return put(e, e.at(updates, point), target, op.getKind());
      // A slice is contiguous in the data and in the updates: one index on the last axis walks it.
      for (int64_t i = depth; i < rank; ++i)
        target.push_back({kernel.index(0), 0, {}});
      Point source = point;
      source.append(target.begin() + depth, target.end());
      forVectors(e, kernel.index(0), kernel.dim(length), [&](ElementEmitter &inner, const AxisPoint &place) {
        Point from = source, to = target;
        from.back() = to.back() = place;
        put(inner, inner.at(updates, from), to, op.getKind());
      });
    });
  }

private:
  void overAxes(ArrayRef<Dim> extents, function_ref<void(const Point &)> body) {
    Point point;
    std::function<void()> nest = [&] {
      if (point.size() == extents.size())
        return body(point);
      kernel.forRange(kernel.index(0), kernel.dim(extents[point.size()]), kernel.index(1), [&](Value at) {
        point.push_back({at, 0, {}});
        nest();
        point.pop_back();
      });
    };
    nest();
  }

  void put(ElementEmitter &e, Value value, const Point &target, ScatterKind kind) {
    if (kind != ScatterKind::none) {
      Value old = e.load(result, element, dims, target);
      ReduceKind step = kind == ScatterKind::add   ? ReduceKind::sum
                        : kind == ScatterKind::mul ? ReduceKind::prod
                        : kind == ScatterKind::min ? ReduceKind::min
                                                   : ReduceKind::max;
      value = reductionStep(b, step, element, old, value);
    }
    e.store(value, result, dims, target);
  }

  KernelFunction &kernel;
  ImplicitLocOpBuilder &b;
  Value data, indices, updates, result;
  Type element;
  SmallVector<Dim> dims;
  ElementEmitter scalar;
};

} // namespace

LogicalResult emitScatter(KernelFunction &kernel) {
  for (Operation &op : kernel.body()) {
    if (!isa<ScatterElementsOp, ScatterNdOp>(op))
      continue;
    kernel.forTasks(1, [&](Value) {
      Scatter scatter(kernel, &op);
      scatter.copyData();
      if (auto elements = dyn_cast<ScatterElementsOp>(op))
        scatter.elements(elements);
      else
        scatter.slices(cast<ScatterNdOp>(op));
    });
    return success();
  }
  return kernel.source.emitError() << "has no scatter";
}

} // namespace quern
