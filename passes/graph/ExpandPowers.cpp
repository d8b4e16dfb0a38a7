// Powers by a constant that a few products and a square root give.
#include "passes/graph/Simplify.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

/// x^1.5 -> x*sqrt(x), x^-1.5 -> 1/sqrt(x)/x: no step goes to infinity or to 0 before the result does. Of -inf, where the
/// square root is NaN, the powers are inf and 0.
static Value halfPower(PowOp op, bool inverse, PatternRewriter &rewriter) {
  Location loc = op.getLoc();
  Type type = op.getType(), element = elementOf(op.getLhs());
  Value x = op.getLhs(), root = rewriter.create<SqrtOp>(loc, type, x), power;
  auto scalar = [&](double value) -> Value {
    auto rank0 = RankedTensorType::get({}, element);
    return rewriter.create<ConstantOp>(loc, DenseElementsAttr::get(rank0, rewriter.getFloatAttr(element, value)));
  };
  if (inverse)
    power = rewriter.create<DivOp>(loc, type, rewriter.create<DivOp>(loc, type, scalar(1), root), x);
  else
    power = rewriter.create<MulOp>(loc, type, x, root);
  Type flags = tensorType(dimsOf(x), rewriter.getI1Type());
  Value isEnd = rewriter.create<IsInfOp>(loc, flags, x, /*negative=*/true, /*positive=*/false);
  return rewriter.create<SelectOp>(loc, type, isEnd, scalar(inverse ? 0 : INFINITY), power);
}

/// x^2 -> x*x, x^3 -> x*x*x, x^0.5 -> sqrt(x), x^1.5 and x^-1.5.
static LogicalResult expandPower(PowOp op, PatternRewriter &rewriter) {
  std::optional<double> exponent = splatOf(op.getRhs());
  Value x = op.getLhs();
  if (!exponent || x.getType() != op.getType() || !isa<FloatType>(elementOf(x)))
    return rewriter.notifyMatchFailure(op, "the exponent is not one constant, or it stretches the base");
  if (*exponent == 0.5) {
    rewriter.replaceOpWithNewOp<SqrtOp>(op, op.getType(), x);
    return success();
  }
  if (std::abs(*exponent) == 1.5) {
    rewriter.replaceOp(op, halfPower(op, *exponent < 0, rewriter));
    return success();
  }
  if (*exponent != 2.0 && *exponent != 3.0)
    return rewriter.notifyMatchFailure(op, "the exponent is not 0.5, 1.5, -1.5, 2 or 3");
  Value square = rewriter.create<MulOp>(op.getLoc(), op.getType(), x, x);
  rewriter.replaceOp(op, *exponent == 2.0 ? square : rewriter.create<MulOp>(op.getLoc(), op.getType(), square, x));
  return success();
}

void graph::populatePowerPatterns(RewritePatternSet &patterns) { patterns.add(expandPower); }
