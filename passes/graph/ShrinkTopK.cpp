// The first few of an order: argsort(x)[:k] needs the k best elements, not all of them in order.
#include "passes/graph/Simplify.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

/// How many elements a slice takes from the start of `axis`, whole along the others; nothing if it is no such slice.
static std::optional<Dim> firstOf(Operation *user, int64_t axis) {
  auto slice = dyn_cast<SliceOp>(user);
  if (!slice)
    return std::nullopt;
  SmallVector<Dim> from = dimsOf(slice.getOperand()), to = dimsOf(slice.getResult());
  for (auto [i, start] : llvm::enumerate(dimsOf(slice.getStarts())))
    if (!start.isEqualTo(0) || slice.getSteps()[i] != 1 || (int64_t(i) != axis && from[i] != to[i]))
      return std::nullopt;
  return to[axis];
}

static LogicalResult shrinkTopK(TopKOp op, PatternRewriter &rewriter) {
  int64_t axis = op.getAxis();
  std::optional<Dim> count;
  for (Operation *user : op->getUsers()) {
    std::optional<Dim> taken = firstOf(user, axis);
    if (!taken || (count && *count != *taken))
      return rewriter.notifyMatchFailure(op, "a user takes other elements than the first few");
    count = taken;
  }
  if (!count)
    return rewriter.notifyMatchFailure(op, "nobody uses it");
  SmallVector<Dim> dims = dimsOf(op.getValues());
  dims[axis] = *count;
  auto shrunk = rewriter.create<TopKOp>(op.getLoc(), tensorType(dims, elementOf(op.getValues())),
                                        tensorType(dims, elementOf(op.getIndices())), op.getOperand(), axis,
                                        op.getLargest(), op.getSorted());
  for (auto [whole, few] : llvm::zip(op.getResults(), shrunk.getResults()))
    for (Operation *user : llvm::make_early_inc_range(whole.getUsers()))
      rewriter.replaceOp(user, few);
  rewriter.eraseOp(op);
  return success();
}

void graph::populateTopKPatterns(RewritePatternSet &patterns) { patterns.add(shrinkTopK); }
