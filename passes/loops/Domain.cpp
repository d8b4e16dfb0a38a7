#include "passes/loops/Domain.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

/// An operand aligned at the last axis of a result with these dims: both axes are its own and whole, or it has neither.
static bool alignedMergeable(Value operand, ArrayRef<Dim> dims, int64_t first, int64_t second) {
  SmallVector<Dim> own = dimsOf(operand);
  int64_t lead = int64_t(dims.size() - own.size());
  auto extent = [&](int64_t axis) { return axis < lead ? Dim(1) : own[axis - lead]; };
  if (extent(first).isEqualTo(1) && extent(second).isEqualTo(1))
    return true;
  return extent(first) == dims[first] && extent(second) == dims[second] &&
         mergeable(operand, first - lead, second - lead);
}

/// Whether all axes strictly between two have extent 1.
static bool neighbours(ArrayRef<Dim> dims, int64_t first, int64_t second) {
  return first < second &&
         llvm::all_of(dims.slice(first + 1, second - first - 1), [](const Dim &dim) { return dim.isEqualTo(1); });
}

bool mergeable(Value value, int64_t first, int64_t second) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return true;
  SmallVector<Dim> dims = dimsOf(value);
  if (op->hasTrait<Elementwise>() || isa<BroadcastOp>(op))
    return llvm::all_of(op->getOperands(),
                        [&](Value operand) { return alignedMergeable(operand, dims, first, second); });
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](ConstantOp) { return true; })
      .Case([&](TransposeOp op) {
        int64_t from = op.getPermutation()[first], to = op.getPermutation()[second];
        return neighbours(dimsOf(op.getOperand()), from, to) && mergeable(op.getOperand(), from, to);
      })
      .Case([&](SliceOp op) {
        // The inner axis must be whole; the outer one may start anywhere. Only in front of memory: other ops look at
        // the indices one by one.
        bool whole = dimsOf(op.getStarts())[second].isEqualTo(0) && op.getSteps()[second] == 1 &&
                     dimOf(op.getOperand(), second) == dims[second] && op.getSteps()[first] == 1;
        return whole && isa<BlockArgument>(op.getOperand()) && neighbours(dimsOf(op.getOperand()), first, second);
      })
      .Case([&](PadOp op) {
        auto whole = [&](int64_t axis) {
          return dimsOf(op.getLow())[axis].isEqualTo(0) && dimOf(op.getOperand(), axis) == dims[axis];
        };
        return whole(first) && whole(second) && mergeable(op.getOperand(), first, second) &&
               (!rankOf(op.getValue()) || mergeable(op.getValue(), first, second));
      })
      .Case([&](GatherOp op) {
        // One slice of the data: the axes before or behind the one that it is picked from.
        int64_t axis = op.getAxis();
        bool before = second < axis;
        if (rankOf(op.getIndices()) != 0 || (!before && first < axis))
          return false;
        int64_t from = first + !before, to = second + !before;
        return neighbours(dimsOf(op.getData()), from, to) && mergeable(op.getData(), from, to);
      })
      .Case([&](ReduceOp op) {
        return !llvm::is_contained(op.getAxes(), first) && !llvm::is_contained(op.getAxes(), second) &&
               neighbours(dimsOf(op.getOperand()), first, second) && mergeable(op.getOperand(), first, second);
      })
      .Case([&](ReshapeOp op) {
        // A last axis of one element more: the others are the operand's.
        return ArrayRef(dims).drop_back() == ArrayRef(dimsOf(op.getOperand())) && dims.back().isEqualTo(1) &&
               second + 1 < int64_t(dims.size()) && mergeable(op.getOperand(), first, second);
      })
      .Case([&](SoftmaxOp op) {
        int64_t axis = op.getAxis();
        return axis != first && axis != second && mergeable(op.getOperand(), first, second);
      })
      .Case([&](LayerNormOp op) {
        // Both axes inside the row, or both outside.
        int64_t axis = op.getAxis();
        return (first >= axis || second < axis) && mergeable(op.getOperand(), first, second);
      })
      .Default(false);
}

Domain Domain::of(ArrayRef<Value> values, ArrayRef<Dim> dims, int64_t fixedAxis) {
  Domain domain;
  domain.dims.assign(dims.begin(), dims.end());
  for (int64_t axis = 0; axis < int64_t(dims.size()); ++axis) {
    if (dims[axis].isEqualTo(1))
      continue;
    bool joins = !domain.groups.empty() &&
                 llvm::all_of(values, [&](Value value) { return mergeable(value, domain.groups.back().axis, axis); });
    for (int64_t fixed = domain.groups.empty() ? axis : domain.groups.back().axis + 1; fixed <= axis; ++fixed)
      joins &= fixed != fixedAxis;
    if (joins) {
      domain.groups.back().axis = axis;
      domain.groups.back().extent = domain.groups.back().extent * dims[axis];
    } else {
      domain.groups.push_back({axis, dims[axis]});
    }
  }
  if (domain.groups.empty())
    domain.groups.push_back({-1, 1});
  return domain;
}

Point Domain::origin(KernelFunction &kernel) const { return Point(dims.size(), AxisPoint{kernel.index(0), 0, {}}); }

Dim Domain::outer(size_t count) const {
  Dim result = 1;
  for (size_t i = 0; i < count; ++i)
    result = result * groups[i].extent;
  return result;
}

void Domain::place(KernelFunction &kernel, Point &point, size_t count, Value linear) const {
  ImplicitLocOpBuilder &b = kernel.builder;
  for (size_t i = count; i-- > 0;) {
    if (groups[i].extent.isEqualTo(1))
      continue;
    bool outermost =
        llvm::all_of(ArrayRef(groups).take_front(i), [](const Group &group) { return group.extent.isEqualTo(1); });
    Value index = linear;
    if (!outermost) {
      Value extent = kernel.dim(groups[i].extent);
      index = b.create<arith::RemUIOp>(linear, extent);
      linear = b.create<arith::DivUIOp>(linear, extent);
    }
    point[groups[i].axis] = {index, 0, {}};
  }
}

} // namespace quern
