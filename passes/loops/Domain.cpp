#include "passes/loops/Domain.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

/// An operand aligned at the last axis of a result of rank `rank`: both axes are its own and whole, or it has neither.
static bool alignedMergeable(Value operand, ArrayRef<Dim> dims, int64_t axis) {
  SmallVector<Dim> own = dimsOf(operand);
  int64_t at = axis - int64_t(dims.size() - own.size());
  bool first = at >= 0 && !own[at].isEqualTo(1), second = at + 1 >= 0 && !own[at + 1].isEqualTo(1);
  if (at + 1 < 0 || (!first && !second))
    return true;
  if (at < 0)
    return dims[axis].isEqualTo(1);
  bool firstWhole = own[at] == dims[axis], secondWhole = own[at + 1] == dims[axis + 1];
  return firstWhole && secondWhole && mergeable(operand, at);
}

bool mergeable(Value value, int64_t axis) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return true;
  SmallVector<Dim> dims = dimsOf(value);
  if (op->hasTrait<Elementwise>() || isa<BroadcastOp>(op))
    return llvm::all_of(op->getOperands(), [&](Value operand) { return alignedMergeable(operand, dims, axis); });
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](ConstantOp) { return true; })
      .Case([&](TransposeOp op) {
        return op.getPermutation()[axis] + 1 == op.getPermutation()[axis + 1] && mergeable(op.getOperand(), op.getPermutation()[axis]);
      })
      .Case([&](SliceOp op) {
        // The inner axis must be whole; the outer one may start anywhere. Only in front of memory: other ops look at
        // the indices one by one.
        bool whole = dimsOf(op.getStarts())[axis + 1].isEqualTo(0) && op.getSteps()[axis + 1] == 1 &&
                     dimOf(op.getOperand(), axis + 1) == dims[axis + 1] && op.getSteps()[axis] == 1;
        return whole && isa<BlockArgument>(op.getOperand());
      })
      .Case([&](ReduceOp op) {
        return !llvm::is_contained(op.getAxes(), axis) && !llvm::is_contained(op.getAxes(), axis + 1) && mergeable(op.getOperand(), axis);
      })
      .Case([&](SoftmaxOp op) { return mergeable(op.getOperand(), axis) && int64_t(op.getAxis()) != axis && int64_t(op.getAxis()) != axis + 1; })
      .Case([&](LayerNormOp op) { return mergeable(op.getOperand(), axis) && int64_t(op.getAxis()) != axis + 1; })
      .Default(false);
}

Domain Domain::of(ArrayRef<Value> values, ArrayRef<Dim> dims, int64_t fixedAxis) {
  Domain domain;
  domain.dims.assign(dims.begin(), dims.end());
  for (int64_t axis = 0; axis < int64_t(dims.size()); ++axis) {
    bool joins = axis > 0 && axis != fixedAxis && llvm::all_of(values, [&](Value value) { return mergeable(value, axis - 1); });
    // An extent of 1 joins any neighbour: its index is always 0.
    if (joins) {
      domain.groups.back().last = axis;
      domain.groups.back().extent = domain.groups.back().extent * dims[axis];
    } else {
      domain.groups.push_back({axis, axis, dims[axis]});
    }
  }
  if (domain.groups.empty())
    domain.groups.push_back({0, -1, 1}); // a scalar
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
    bool outermost = llvm::all_of(ArrayRef(groups).take_front(i), [](const Group &group) { return group.extent.isEqualTo(1); });
    Value index = linear;
    if (!outermost) {
      Value extent = kernel.dim(groups[i].extent);
      index = b.create<arith::RemUIOp>(linear, extent);
      linear = b.create<arith::DivUIOp>(linear, extent);
    }
    point[groups[i].last] = {index, 0, {}};
  }
}

} // namespace quern
