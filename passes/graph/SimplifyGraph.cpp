#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/graph/FormTermProducts.h"
#include "passes/graph/Passes.h"
#include "passes/graph/Simplify.h"

namespace quern::graph {
#define GEN_PASS_DEF_SIMPLIFYGRAPH
#include "passes/graph/Passes.h.inc"
} // namespace quern::graph

using namespace mlir;
using namespace quern;

namespace {
struct SimplifyGraph : graph::impl::SimplifyGraphBase<SimplifyGraph> {
  using SimplifyGraphBase::SimplifyGraphBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    graph::populateArithmeticPatterns(patterns);
    graph::populatePowerPatterns(patterns);
    graph::populateMovementPatterns(patterns);
    graph::populateScalePatterns(patterns);
    graph::populateProductPatterns(patterns);
    if (sumRows)
      graph::populateRowPatterns(patterns);
    graph::populateTopKPatterns(patterns);
    graph::populateLayerNormPatterns(patterns);
    graph::populateTermPatterns(patterns);
    FrozenRewritePatternSet frozen(std::move(patterns));

    GreedyRewriteConfig config;
    config.enableRegionSimplification = GreedySimplifyRegionLevel::Disabled; // regions of one block
    // Twice: patterns compare values, which are the same only once equal expressions are one.
    for (int round = 0; round < 2; ++round) {
      mergeEqual();
      if (failed(applyPatternsAndFoldGreedily(getOperation(), frozen, config)))
        return signalPassFailure();
    }
    mergeEqual();
  }

  void mergeEqual() {
    IRRewriter rewriter(&getContext());
    DominanceInfo dominance(getOperation());
    eliminateCommonSubExpressions(rewriter, dominance, getOperation());
  }
};
} // namespace
