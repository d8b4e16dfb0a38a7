#include "passes/loops/TransposePlan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// Shorter axes leave a square mostly empty.
constexpr int64_t kShortest = 16;

/// The last axis with more than one element; -1 if there is none.
int64_t innerAxis(ArrayRef<Dim> dims) {
  int64_t axis = int64_t(dims.size()) - 1;
  while (axis >= 0 && dims[axis].isEqualTo(1))
    --axis;
  return axis;
}

bool isLong(const Dim &dim) { return dim.constant().value_or(kShortest) >= kShortest; }

/// Whether all that is computed from the transposed tensors is elementwise, on the dims of the results.
bool staysInPlace(Block &body, const TransposePlan &plan) {
  DenseSet<Value> dependent(plan.transposed.begin(), plan.transposed.end());
  for (Operation &op : body.without_terminator()) {
    if (llvm::none_of(op.getOperands(), [&](Value operand) { return dependent.contains(operand); }))
      continue;
    if (!op.hasTrait<Elementwise>() || dimsOf(op.getResult(0)) != dimsOf(plan.transposed.front()))
      return false;
    dependent.insert(op.getResult(0));
  }
  return true;
}

} // namespace

std::optional<TransposePlan> planTranspose(Block &body) {
  auto results = body.getTerminator()->getOperands();
  SmallVector<Dim> dims = dimsOf(results.front());
  for (Value result : results)
    if (dimsOf(result) != dims || result.getDefiningOp<ConcatOp>())
      return std::nullopt;
  TransposePlan plan{innerAxis(dims), -1, {}};
  for (auto transpose : body.getOps<TransposeOp>()) {
    if (!isa<BlockArgument>(transpose.getOperand()) || dimsOf(transpose.getResult()) != dims || plan.inner < 0)
      continue;
    int64_t last = innerAxis(dimsOf(transpose.getOperand()));
    int64_t outer = llvm::find(transpose.getPermutation(), last) - transpose.getPermutation().begin();
    if (outer == plan.inner)
      continue;
    if (plan.outer >= 0 && outer != plan.outer)
      return std::nullopt;
    plan.outer = outer;
    plan.transposed.push_back(transpose.getResult());
  }
  // A square has the element for a place of the results alone.
  if (plan.outer < 0 || !staysInPlace(body, plan) || !isLong(dims[plan.inner]) || !isLong(dims[plan.outer]))
    return std::nullopt;
  return plan;
}

Dim TransposePlan::otherPlaces(ArrayRef<Dim> dims) const {
  Dim count = 1;
  for (auto [axis, dim] : llvm::enumerate(dims))
    if (int64_t(axis) != inner && int64_t(axis) != outer)
      count = count * dim;
  return count;
}

Point TransposePlan::otherPlace(KernelFunction &kernel, ArrayRef<Dim> dims, Value number) const {
  ImplicitLocOpBuilder &b = kernel.builder;
  Point point(dims.size(), AxisPoint{kernel.index(0), 0, {}});
  for (int64_t axis = int64_t(dims.size()) - 1; axis >= 0; --axis) {
    if (axis == inner || axis == outer || dims[axis].isEqualTo(1))
      continue;
    Value extent = kernel.dim(dims[axis]);
    point[axis] = {b.create<arith::RemUIOp>(number, extent), 0, {}};
    number = b.create<arith::DivUIOp>(number, extent);
  }
  return point;
}

} // namespace quern
