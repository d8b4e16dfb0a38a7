#include "passes/fusion/RepeatBroadcasts.h"
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

/// One instruction for a vector, of floats. FormKernels repeats the arithmetic of places, which is of integers, by itself.
static bool isRepeated(Operation *op) {
  if (!isa<AddOp, SubOp, MulOp>(op) || !isa<FloatType>(elementOf(op->getResult(0))))
    return false;
  SmallVector<Dim> dims = dimsOf(op->getResult(0));
  return llvm::all_of(op->getOperands(), [&](Value operand) { return dimsOf(operand) != dims; });
}

void repeatBroadcasts(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!isRepeated(&op))
      continue;
    SmallVector<Operation *> users(op.getUsers());
    llvm::SmallPtrSet<Operation *, 8> seen;
    bool isFirst = true;
    for (Operation *user : users) {
      if (user->getBlock() != &block || user->hasTrait<OpTrait::IsTerminator>() || !seen.insert(user).second)
        continue;
      if (std::exchange(isFirst, false))
        continue;
      OpBuilder builder(user);
      Operation *copy = builder.clone(op);
      user->replaceUsesOfWith(op.getResult(0), copy->getResult(0));
    }
  }
}

} // namespace quern
