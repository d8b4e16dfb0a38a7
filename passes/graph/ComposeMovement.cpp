// Data movement that moves nothing, or that one op says instead of two.
#include "passes/graph/Simplify.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

/// An op whose result has its operand's type and that has no other way to change it.
template <typename OpTy> static LogicalResult dropIdentity(OpTy op, PatternRewriter &rewriter) {
  if (op->getOperand(0).getType() != op->getResult(0).getType())
    return rewriter.notifyMatchFailure(op, "the type changes");
  rewriter.replaceOp(op, op->getOperand(0));
  return success();
}

/// reshape(reshape(x)) -> reshape(x); the same for broadcasts, whose axes are aligned at the end.
template <typename OpTy> static LogicalResult dropInner(OpTy op, PatternRewriter &rewriter) {
  auto inner = op.getOperand().template getDefiningOp<OpTy>();
  if (!inner)
    return rewriter.notifyMatchFailure(op, "the operand is not the same kind of op");
  rewriter.replaceOpWithNewOp<OpTy>(op, op.getType(), inner.getOperand());
  return success();
}

/// A slice of a whole tensor: no start, no step and the same extents.
static LogicalResult dropWholeSlice(SliceOp op, PatternRewriter &rewriter) {
  bool whole = op.getOperand().getType() == op.getType() &&
               llvm::all_of(op.getSteps(), [](int64_t step) { return step == 1; }) &&
               llvm::all_of(dimsOf(op.getStarts()), [](const Dim &start) { return start.isEqualTo(0); });
  if (!whole)
    return rewriter.notifyMatchFailure(op, "the slice is not the whole operand");
  rewriter.replaceOp(op, op.getOperand());
  return success();
}

/// A slice, reshape or transpose of a stretched scalar is a stretched scalar.
template <typename OpTy> static LogicalResult restretchScalar(OpTy op, PatternRewriter &rewriter) {
  auto broadcast = op.getOperand().template getDefiningOp<BroadcastOp>();
  if (!broadcast || rankOf(broadcast.getOperand()) != 0)
    return rewriter.notifyMatchFailure(op, "the operand is not a stretched scalar");
  rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), broadcast.getOperand());
  return success();
}

/// The one operand of an elementwise op that is no number; null if there are more.
static OpOperand *onlyTensor(Operation *op) {
  OpOperand *found = nullptr;
  for (OpOperand &operand : op->getOpOperands()) {
    if (rankOf(operand.get()) == 0)
      continue;
    if (found)
      return nullptr;
    found = &operand;
  }
  return found;
}

/// The reduction that elementwise ops alone make `value` of, which nothing else reads; null otherwise.
static ReduceOp reductionBehind(Value value) {
  while (value.hasOneUse() && value.getDefiningOp()) {
    if (auto reduce = value.getDefiningOp<ReduceOp>())
      return reduce;
    OpOperand *operand =
        value.getDefiningOp()->hasTrait<Elementwise>() ? onlyTensor(value.getDefiningOp()) : nullptr;
    if (!operand)
      return {};
    value = operand->get();
  }
  return {};
}

/// f(reshape(reduce(x))) of one operand, or with numbers, is reshape(f(reduce(x))): where only the reduced axes are left
/// out, what follows a reduction sees the axes that it has, and is computed with it. Functions that take long are not:
/// there is one result a row, and many rows fill vectors in a kernel of their own.
static LogicalResult keepReducedAxes(Operation *op, PatternRewriter &rewriter) {
  if (!isa<AddOp, SubOp, MulOp, DivOp, NegOp, AbsOp, SqrtOp, MinOp, MaxOp, CastOp>(op))
    return rewriter.notifyMatchFailure(op, "it is computed on vectors of the results");
  OpOperand *operand = onlyTensor(op);
  auto view = operand ? onlyUse<ReshapeOp>(operand->get()) : ReshapeOp();
  auto reduce = view ? reductionBehind(view.getOperand()) : ReduceOp();
  if (!reduce)
    return rewriter.notifyMatchFailure(op, "the operand is no reduction under other dims");
  SmallVector<Dim> kept;
  for (auto [axis, dim] : llvm::enumerate(dimsOf(reduce.getResult())))
    if (!llvm::is_contained(reduce.getAxes(), int64_t(axis)))
      kept.push_back(dim);
  if (kept != dimsOf(op->getResult(0)) || kept != dimsOf(view.getResult()))
    return rewriter.notifyMatchFailure(op, "more than the reduced axes is left out");
  Operation *made = rewriter.clone(*op);
  made->setOperand(operand->getOperandNumber(), view.getOperand());
  made->getResult(0).setType(tensorType(dimsOf(reduce.getResult()), elementOf(op->getResult(0))));
  rewriter.replaceOpWithNewOp<ReshapeOp>(op, op->getResult(0).getType(), made->getResult(0));
  return success();
}

static LogicalResult dropSingleConcat(ConcatOp op, PatternRewriter &rewriter) {
  if (op.getInputs().size() != 1 || op.getInputs()[0].getType() != op.getType())
    return rewriter.notifyMatchFailure(op, "there is more than one input");
  rewriter.replaceOp(op, op.getInputs()[0]);
  return success();
}

/// transpose(transpose(x, p), q) -> transpose(x, p . q).
static LogicalResult composeTransposes(TransposeOp op, PatternRewriter &rewriter) {
  auto inner = op.getOperand().getDefiningOp<TransposeOp>();
  if (!inner)
    return rewriter.notifyMatchFailure(op, "the operand is not a transpose");
  SmallVector<int64_t> composed;
  for (int64_t axis : op.getPermutation())
    composed.push_back(inner.getPermutation()[axis]);
  rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getOperand(), composed);
  return success();
}

/// A transpose that keeps the order of the axes longer than 1 is a reshape, which costs nothing.
static LogicalResult reshapeInsteadOfTranspose(TransposeOp op, PatternRewriter &rewriter) {
  SmallVector<Dim> dims = dimsOf(op.getOperand());
  int64_t last = -1;
  for (int64_t axis : op.getPermutation()) {
    if (dims[axis].isEqualTo(1))
      continue;
    if (axis < last)
      return rewriter.notifyMatchFailure(op, "an axis longer than 1 moves");
    last = axis;
  }
  rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getOperand());
  return success();
}

bool graph::exchangesLastTwo(ArrayRef<int64_t> permutation) {
  int64_t rank = permutation.size();
  for (int64_t i = 0; i < rank; ++i)
    if (permutation[i] != (i < rank - 2 ? i : 2 * rank - 3 - i))
      return false;
  return rank >= 2;
}

/// [B*H, S, D] and back around an exchange of the last two axes: reshape(transpose(reshape(x), [0, 2, 1])) ->
/// transpose(x', [0, 1, 3, 2]), where x' has the outer reshape's leading axes. PyTorch writes batched products so.
static LogicalResult transposeWithoutReshape(ReshapeOp op, PatternRewriter &rewriter) {
  auto transpose = op.getOperand().getDefiningOp<TransposeOp>();
  auto inner = transpose ? transpose.getOperand().getDefiningOp<ReshapeOp>() : ReshapeOp();
  if (!inner)
    return rewriter.notifyMatchFailure(op, "not a reshape of a transpose of a reshape");
  if (!exchangesLastTwo(transpose.getPermutation()))
    return rewriter.notifyMatchFailure(op, "the transpose does not exchange the last two axes");
  SmallVector<Dim> from = dimsOf(inner.getOperand()), middle = dimsOf(inner), to = dimsOf(op);
  auto sameTail = [](ArrayRef<Dim> a, ArrayRef<Dim> b) {
    return a.size() >= 2 && b.size() >= 2 && a.take_back(2) == b.take_back(2);
  };
  if (!sameTail(from, middle) || !sameTail(to, dimsOf(transpose)) || to == dimsOf(transpose))
    return rewriter.notifyMatchFailure(op, "a reshape changes the last two axes");
  SmallVector<Dim> leading = to;
  std::swap(leading[to.size() - 1], leading[to.size() - 2]);
  Value x = rewriter.create<ReshapeOp>(op.getLoc(), tensorType(leading, elementOf(op)), inner.getOperand());
  auto exchange = llvm::to_vector(llvm::seq<int64_t>(0, to.size()));
  std::swap(exchange[to.size() - 1], exchange[to.size() - 2]);
  rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), x, exchange);
  return success();
}

/// An elementwise op broadcasts itself: its operand need not be stretched if the result stays the same.
namespace {
struct UseUnstretched : OpTraitRewritePattern<Elementwise> {
  using OpTraitRewritePattern::OpTraitRewritePattern;
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (op->getNumOperands() < 2)
      return rewriter.notifyMatchFailure(op, "a single operand gives the result its extents");
    for (OpOperand &operand : op->getOpOperands()) {
      auto broadcast = operand.get().getDefiningOp<BroadcastOp>();
      if (!broadcast)
        continue;
      SmallVector<Dim> dims = dimsOf(broadcast.getOperand());
      for (OpOperand &other : op->getOpOperands()) {
        auto merged = &other == &operand ? FailureOr<SmallVector<Dim>>(dims) : broadcastDims(dims, dimsOf(other.get()));
        if (failed(merged))
          return rewriter.notifyMatchFailure(op, "the operands broadcast only once one is stretched");
        dims = *merged;
      }
      if (dims != dimsOf(op->getResult(0)))
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(broadcast.getOperand()); });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no stretched operand can do without");
  }
};

struct KeepReducedAxes : OpTraitRewritePattern<Elementwise> {
  using OpTraitRewritePattern::OpTraitRewritePattern;
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    return keepReducedAxes(op, rewriter);
  }
};
} // namespace

void graph::populateMovementPatterns(RewritePatternSet &patterns) {
  patterns.add(dropIdentity<ReshapeOp>).add(dropIdentity<BroadcastOp>);
  patterns.add(dropInner<ReshapeOp>).add(dropInner<BroadcastOp>);
  patterns.add(dropWholeSlice).add(dropSingleConcat);
  patterns.add(restretchScalar<SliceOp>).add(restretchScalar<ReshapeOp>).add(restretchScalar<TransposeOp>);
  patterns.add(composeTransposes).add(reshapeInsteadOfTranspose).add(transposeWithoutReshape);
  patterns.add<UseUnstretched, KeepReducedAxes>(patterns.getContext());
}
