#include "dialects/graph/Graph.h"
#include "passes/fusion/Fusion.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
#define GEN_PASS_DEF_MOVEROWAXISLASTPASS
#include "passes/fusion/Passes.h.inc"

namespace {
struct MoveRowAxisLastPass : impl::MoveRowAxisLastPassBase<MoveRowAxisLastPass> {
  void runOnOperation() override {
    getOperation().walk([](SoftmaxOp softmax) {
      int64_t rank = rankOf(softmax.getOperand()), axis = softmax.getAxis();
      if (axis == rank - 1)
        return;
      // Swapping two axes is its own inverse.
      SmallVector<int64_t> swap;
      for (int64_t i = 0; i < rank; ++i)
        swap.push_back(i == axis ? rank - 1 : i == rank - 1 ? axis : i);
      OpBuilder builder(softmax);
      Value moved = builder.create<TransposeOp>(softmax.getLoc(), softmax.getOperand(), swap);
      Value result = builder.create<SoftmaxOp>(softmax.getLoc(), moved, rank - 1, softmax.getLog());
      softmax.replaceAllUsesWith(builder.create<TransposeOp>(softmax.getLoc(), result, swap).getResult());
      softmax.erase();
    });
  }
};
} // namespace
} // namespace quern
