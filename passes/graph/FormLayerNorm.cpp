// Layer and RMS normalization written out as means, squares and roots -> graph.layer_norm, which has a kernel that
// reads a row once:
//
//   d = x - mean(x);  d / sqrt(mean(d * d) + epsilon)      or   d * (1 / sqrt(..))
//   x / sqrt(mean(x * x) + epsilon)                        without the mean: RMS normalization
//
// The means are over all axes from one on. Scale and bias stay as they are.
#include "passes/graph/MergedLocation.h"
#include "passes/graph/Simplify.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

/// The first of the trailing axes that a mean reduces; nothing if it reduces others or is no mean.
static std::optional<int64_t> meanAxis(ReduceOp reduce) {
  if (!reduce || reduce.getKind() != ReduceKind::mean)
    return std::nullopt;
  ArrayRef<int64_t> axes = reduce.getAxes();
  int64_t rank = rankOf(reduce.getOperand()), first = rank - int64_t(axes.size());
  SmallVector<int64_t> sorted(axes);
  llvm::sort(sorted);
  if (axes.empty() || !llvm::equal(sorted, llvm::seq<int64_t>(first, rank)))
    return std::nullopt;
  return first;
}

namespace {
/// sqrt(mean(d * d) + epsilon) over the axes from `axis` on.
struct Deviation {
  Value d;
  int64_t axis;
  double epsilon;
};
} // namespace

static std::optional<Deviation> matchDeviation(Value value) {
  auto root = value.getDefiningOp<SqrtOp>();
  auto sum = root ? root.getOperand().getDefiningOp<AddOp>() : AddOp();
  if (!sum)
    return std::nullopt;
  for (bool left : {false, true}) {
    std::optional<double> epsilon = splatOf(left ? sum.getLhs() : sum.getRhs());
    auto mean = (left ? sum.getRhs() : sum.getLhs()).getDefiningOp<ReduceOp>();
    std::optional<int64_t> axis = meanAxis(mean);
    auto square = mean ? mean.getOperand().getDefiningOp<MulOp>() : MulOp();
    if (epsilon && axis && square && square.getLhs() == square.getRhs())
      return Deviation{square.getLhs(), *axis, *epsilon};
  }
  return std::nullopt;
}

/// x where d = x - mean(x) over the axes from `axis` on; null otherwise.
static Value uncentered(Value d, int64_t axis) {
  auto sub = d.getDefiningOp<SubOp>();
  auto mean = sub ? sub.getRhs().getDefiningOp<ReduceOp>() : ReduceOp();
  if (!mean || mean.getOperand() != sub.getLhs() || meanAxis(mean) != axis)
    return {};
  return sub.getLhs();
}

/// Replaces `op`, which is `numerator` divided by the deviation.
static LogicalResult formLayerNorm(Operation *op, Value numerator, Value denominator, PatternRewriter &rewriter) {
  std::optional<Deviation> deviation = matchDeviation(denominator);
  if (!deviation || deviation->d != numerator || numerator.getType() != op->getResult(0).getType())
    return rewriter.notifyMatchFailure(op, "not a value over the root of its own mean square");
  Value x = uncentered(numerator, deviation->axis);
  Value rows = x ? x : numerator;
  rewriter.replaceOp(op, rewriter.create<LayerNormOp>(mergedLocation(rows, op), op->getResult(0).getType(), rows,
                                                      deviation->axis, llvm::APFloat(deviation->epsilon),
                                                      /*centered=*/bool(x)));
  return success();
}

static LogicalResult formFromDivision(DivOp op, PatternRewriter &rewriter) {
  return formLayerNorm(op, op.getLhs(), op.getRhs(), rewriter);
}

static LogicalResult formFromProduct(MulOp op, PatternRewriter &rewriter) {
  for (bool left : {false, true}) {
    auto reciprocal = (left ? op.getLhs() : op.getRhs()).getDefiningOp<DivOp>();
    if (reciprocal && splatOf(reciprocal.getLhs()) == 1.0 &&
        succeeded(formLayerNorm(op, left ? op.getRhs() : op.getLhs(), reciprocal.getRhs(), rewriter)))
      return success();
  }
  return rewriter.notifyMatchFailure(op, "not a product with the reciprocal of a deviation");
}

void graph::populateLayerNormPatterns(RewritePatternSet &patterns) {
  patterns.add(formFromDivision).add(formFromProduct);
}
