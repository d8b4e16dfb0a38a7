// Arithmetic that a constant operand makes trivial or cheaper.
#include "passes/graph/Simplify.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

/// x + 0, x * 1, 0 + x, 1 * x where x has the result's type.
template <typename OpTy, int Neutral>
static LogicalResult dropNeutralOperand(OpTy op, PatternRewriter &rewriter) {
  for (bool left : {false, true}) {
    Value kept = left ? op.getRhs() : op.getLhs(), constant = left ? op.getLhs() : op.getRhs();
    if (kept.getType() == op.getType() && splatOf(constant) == double(Neutral)) {
      rewriter.replaceOp(op, kept);
      return success();
    }
  }
  return rewriter.notifyMatchFailure(op, "no operand is the neutral element");
}

/// x - 0, x / 1, x ^ 1.
template <typename OpTy, int Neutral>
static LogicalResult dropNeutralRhs(OpTy op, PatternRewriter &rewriter) {
  if (op.getLhs().getType() != op.getType() || splatOf(op.getRhs()) != double(Neutral))
    return rewriter.notifyMatchFailure(op, "the right operand is not the neutral element");
  rewriter.replaceOp(op, op.getLhs());
  return success();
}

/// x / c -> x * (1/c) where the reciprocal is exact, a power of two: a division costs as much as ten products.
static LogicalResult multiplyByReciprocal(DivOp op, PatternRewriter &rewriter) {
  auto type = dyn_cast<FloatType>(elementOf(op));
  auto constant = op.getRhs().getDefiningOp<ConstantOp>();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
  APFloat reciprocal(0.0);
  if (!type || !dense || dense.empty() || !dense.isSplat() ||
      !dense.getSplatValue<APFloat>().getExactInverse(&reciprocal))
    return rewriter.notifyMatchFailure(op, "the divisor has no exact reciprocal");
  auto inverse = rewriter.create<ConstantOp>(op.getLoc(), DenseElementsAttr::get(dense.getType(), reciprocal));
  rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getLhs(), inverse);
  return success();
}

/// True if every value of `narrow` is one of `wide`, so that a cast there and back changes nothing.
static bool holdsAll(Type wide, Type narrow) {
  auto wideFloat = dyn_cast<FloatType>(wide), narrowFloat = dyn_cast<FloatType>(narrow);
  if (wideFloat && narrowFloat)
    return wideFloat.isF64() || (wideFloat.isF32() && narrowFloat.getWidth() < 32);
  auto wideInt = dyn_cast<IntegerType>(wide), narrowInt = dyn_cast<IntegerType>(narrow);
  return wideInt && narrowInt && wideInt.getWidth() > narrowInt.getWidth() && narrowInt.getWidth() > 1 &&
         wideInt.isUnsigned() == narrowInt.isUnsigned();
}

/// A cast to the type that is there already, or back from a type that holds all values.
static LogicalResult dropCast(CastOp op, PatternRewriter &rewriter) {
  Value x = op.getOperand();
  if (x.getType() == op.getType()) {
    rewriter.replaceOp(op, x);
    return success();
  }
  auto inner = x.getDefiningOp<CastOp>();
  if (!inner || inner.getOperand().getType() != op.getType() || !holdsAll(elementOf(x), elementOf(op)))
    return rewriter.notifyMatchFailure(op, "the cast changes the value");
  rewriter.replaceOp(op, inner.getOperand());
  return success();
}

/// (x + a) + b -> x + (a + b) for constants, where a + b is no larger than the larger of them.
static LogicalResult mergeAdds(AddOp op, PatternRewriter &rewriter) {
  for (bool left : {false, true}) {
    Value b = left ? op.getLhs() : op.getRhs();
    auto inner = onlyUse<AddOp>(left ? op.getRhs() : op.getLhs());
    if (!inner || !isConstant(b))
      continue;
    bool constantLeft = isConstant(inner.getLhs());
    Value a = constantLeft ? inner.getLhs() : inner.getRhs(), x = constantLeft ? inner.getRhs() : inner.getLhs();
    auto dims = broadcastDims(dimsOf(a), dimsOf(b));
    if (!isConstant(a) || isConstant(x) || failed(dims) || (*dims != dimsOf(a) && *dims != dimsOf(b)))
      continue;
    Value sum = rewriter.create<AddOp>(op.getLoc(), tensorType(*dims, elementOf(op)), a, b);
    rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), x, sum);
    return success();
  }
  return rewriter.notifyMatchFailure(op, "no constant is added to a sum with a constant");
}

/// A recurrent layer begins with zeros where it is given no state.
static LogicalResult dropZeroState(RnnOp op, PatternRewriter &rewriter) {
  auto isZero = [](Value state) { return state && splatOf(state) == 0.0; };
  if (!isZero(op.getInitialH()) && !isZero(op.getInitialC()))
    return rewriter.notifyMatchFailure(op, "no initial state is zero");
  rewriter.modifyOpInPlace(op, [&] {
    if (isZero(op.getInitialH()))
      op.getInitialHMutable().clear();
    if (isZero(op.getInitialC()))
      op.getInitialCMutable().clear();
  });
  return success();
}

void graph::populateArithmeticPatterns(RewritePatternSet &patterns) {
  patterns.add(dropNeutralOperand<AddOp, 0>).add(dropNeutralOperand<MulOp, 1>);
  patterns.add(dropNeutralRhs<SubOp, 0>).add(dropNeutralRhs<DivOp, 1>).add(dropNeutralRhs<PowOp, 1>);
  patterns.add(multiplyByReciprocal).add(dropCast).add(mergeAdds).add(dropZeroState);
}
