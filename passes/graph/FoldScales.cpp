// A scale or shift per output channel behind a convolution or matmul with a constant weight costs nothing: it goes into
// the weight and the bias. This is how BatchNormalization vanishes:
//
//   mul(conv(x, w), s)      -> conv(x, w * s)
//   mul(add(y, b), s)       -> add(mul(y, s), b * s)      where y is such a convolution, so that the first rule follows
//
// Shifts merge as sums of constants (DropNeutral.cpp). The products of constants are left to FoldConstants.
#include "passes/graph/Simplify.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

/// The axis of the output channels in the result of a contraction: 1 of a convolution, the last of a matmul.
static std::optional<int64_t> channelAxis(Operation *op) {
  if (!op)
    return std::nullopt;
  if (auto conv = dyn_cast<ConvOp>(op); conv && !conv.getBlockedOutput() && isConstant(conv.getWeight()))
    return 1;
  if (auto conv = dyn_cast<ConvTransposeOp>(op); conv && conv.getGroup() == 1 && isConstant(conv.getWeight()))
    return 1;
  if (auto matmul = dyn_cast<MatmulOp>(op); matmul && !matmul.getColumns() && isConstant(matmul.getRhs()))
    return rankOf(matmul) - 1;
  return std::nullopt;
}

/// The elements of a constant that changes along `axis` of a tensor of rank `rank` only, as rank 0 or rank 1; null if
/// it changes along another axis.
static Value alongAxis(PatternRewriter &rewriter, Value constant, int64_t axis, int64_t rank) {
  SmallVector<Dim> dims = dimsOf(constant);
  int64_t offset = rank - int64_t(dims.size()); // axis 0 of the constant stands there
  Dim extent = 1;
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (dim.isEqualTo(1))
      continue;
    if (int64_t(i) + offset != axis)
      return {};
    extent = dim;
  }
  SmallVector<Dim> flat;
  if (!extent.isEqualTo(1))
    flat.push_back(extent);
  if (flat == dims)
    return constant;
  return rewriter.create<ReshapeOp>(constant.getLoc(), tensorType(flat, elementOf(constant)), constant);
}

/// `scale` (rank 0 or 1) stretched to stand at `axis` of a tensor of rank `rank`.
static Value standAt(PatternRewriter &rewriter, Value scale, int64_t axis, int64_t rank) {
  if (rankOf(scale) == 0)
    return scale;
  SmallVector<Dim> dims(rank, 1);
  dims[axis] = dimOf(scale, 0);
  return rewriter.create<ReshapeOp>(scale.getLoc(), tensorType(dims, elementOf(scale)), scale);
}

/// The operand number of the weight and its axis of output channels.
static std::pair<unsigned, int64_t> weightOf(Operation *op) {
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return {1, rankOf(matmul.getRhs()) - (matmul.getTransposeRhs() ? 2 : 1)};
  return {1, isa<ConvTransposeOp>(op) ? 1 : 0};
}

/// Splits a product into a value with one use and a constant.
static std::pair<Value, Value> valueAndConstant(MulOp op) {
  for (bool left : {false, true}) {
    Value value = left ? op.getRhs() : op.getLhs(), constant = left ? op.getLhs() : op.getRhs();
    if (isConstant(constant) && !isConstant(value) && value.hasOneUse() && value.getType() == op.getType())
      return {value, constant};
  }
  return {};
}

/// mul(contraction(x, w), s) -> contraction(x, w * s).
static LogicalResult scaleWeight(MulOp op, PatternRewriter &rewriter) {
  auto [value, constant] = valueAndConstant(op);
  Operation *contraction = value ? value.getDefiningOp() : nullptr;
  std::optional<int64_t> axis = channelAxis(contraction);
  if (!axis)
    return rewriter.notifyMatchFailure(op, "not a contraction with a constant weight times a constant");
  Value scale = alongAxis(rewriter, constant, *axis, rankOf(op));
  if (!scale)
    return rewriter.notifyMatchFailure(op, "the scale changes along another axis than the output channels");
  auto [operand, weightAxis] = weightOf(contraction);
  Value weight = contraction->getOperand(operand);
  Value scaled = rewriter.create<MulOp>(op.getLoc(), weight.getType(), weight,
                                        standAt(rewriter, scale, weightAxis, rankOf(weight)));
  // Made at the product's place: constants may stand between the two.
  Operation *made = rewriter.clone(*contraction);
  made->setOperand(operand, scaled);
  made->setLoc(rewriter.getFusedLoc({contraction->getLoc(), op.getLoc()}));
  rewriter.replaceOp(op, made->getResults());
  rewriter.eraseOp(contraction);
  return success();
}

/// mul(add(contraction, b), s) -> add(mul(contraction, s), b * s), for a shift and a scale per output channel.
static LogicalResult distributeOverBias(MulOp op, PatternRewriter &rewriter) {
  auto [value, scale] = valueAndConstant(op);
  auto sum = value ? value.getDefiningOp<AddOp>() : AddOp();
  if (!sum)
    return rewriter.notifyMatchFailure(op, "not a sum times a constant");
  for (bool left : {false, true}) {
    Value y = left ? sum.getRhs() : sum.getLhs(), bias = left ? sum.getLhs() : sum.getRhs();
    std::optional<int64_t> axis = channelAxis(y.getDefiningOp());
    if (!axis || !y.hasOneUse() || y.getType() != op.getType() || !isConstant(bias))
      continue;
    if (!alongAxis(rewriter, scale, *axis, rankOf(op)) || !alongAxis(rewriter, bias, *axis, rankOf(op)))
      return rewriter.notifyMatchFailure(op, "scale or shift change along another axis than the output channels");
    auto dims = broadcastDims(dimsOf(bias), dimsOf(scale));
    Value product = rewriter.create<MulOp>(op.getLoc(), op.getType(), y, scale);
    Value shift = rewriter.create<MulOp>(op.getLoc(), tensorType(*dims, elementOf(op)), bias, scale);
    rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), product, shift);
    return success();
  }
  return rewriter.notifyMatchFailure(op, "the sum is not a contraction with a constant weight plus a constant");
}

void graph::populateScalePatterns(RewritePatternSet &patterns) { patterns.add(scaleWeight).add(distributeOverBias); }
