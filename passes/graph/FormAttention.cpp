// softmax(q k^T * scale + bias) v -> graph.attention. Passes.td shows the picture; here is how the forms that exporters
// write are reduced to it, from the last product up:
//
//   v                      a product with repeated heads is one with v before the repetition
//   where(isnan(p), 0, p)  PyTorch's guard for rows that are masked altogether, which graph.attention makes 0 anyway
//   softmax                over the last axis
//   + bias, where(mask, x, -inf), * or / scale        in any order
//   q k^T                  with scales on q and k, k transposed by an op or by the product
#include "passes/graph/MergedLocation.h"
#include "passes/graph/Passes.h"
#include "passes/graph/Simplify.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace quern::graph {
#define GEN_PASS_DEF_FORMATTENTION
#include "passes/graph/Passes.h.inc"
} // namespace quern::graph

using namespace mlir;
using namespace quern;
using namespace quern::graph;

namespace {
/// A term of the scores: `value`, or where(condition, 0, masked) (the other way round unless `keepsTrue`).
struct Bias {
  Value value, condition;
  double masked = 0.0;
  bool keepsTrue = true;
  double factor = 1.0; // applied behind it
};

/// What is between the product of query and key and the softmax: product * scale + sum of biases.
struct Scores {
  MatmulOp product;
  double scale = 1.0;
  SmallVector<Bias> biases; // the last one first
};

/// The operands of an attention; all of rank 4, or all of rank 3 without heads.
struct Parts {
  Value q, k, v;
  Scores scores;
};
} // namespace

/// Smaller masks than this count as -inf: adding one to a score gives itself in f32.
static constexpr double kMasked = -1e20;

/// softmax behind PyTorch's guard: where(isnan(p), 0, p).
static Value withoutNanGuard(Value p) {
  auto select = p.getDefiningOp<SelectOp>();
  auto isNan = select ? select.getCondition().getDefiningOp<IsNanOp>() : IsNanOp();
  if (isNan && isNan.getOperand() == select.getRhs() && splatOf(select.getLhs()) == 0.0)
    return select.getRhs();
  return p;
}

/// The value behind scalar factors, which are multiplied into `scale`.
static Value withoutScale(Value value, double &scale) {
  while (value.hasOneUse()) {
    if (auto mul = value.getDefiningOp<MulOp>()) {
      bool left = splatOf(mul.getLhs()).has_value();
      std::optional<double> factor = splatOf(left ? mul.getLhs() : mul.getRhs());
      Value other = left ? mul.getRhs() : mul.getLhs();
      if (!factor || other.getType() != mul.getType())
        return value;
      scale *= *factor;
      value = other;
    } else if (auto div = value.getDefiningOp<DivOp>()) {
      std::optional<double> divisor = splatOf(div.getRhs());
      if (!divisor || *divisor == 0.0 || div.getLhs().getType() != div.getType())
        return value;
      scale /= *divisor;
      value = div.getLhs();
    } else {
      return value;
    }
  }
  return value;
}

static bool leadsToProduct(Value value, Type type, int depth = 8) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0 || value.getType() != type || !value.hasOneUse())
    return false;
  if (isa<MatmulOp>(op))
    return true;
  if (!isa<AddOp, MulOp, DivOp, SelectOp>(op))
    return false;
  return llvm::any_of(op->getOperands(), [&](Value operand) { return leadsToProduct(operand, type, depth - 1); });
}

/// One step from the softmax toward the product; null where there is none.
static Value peel(Value value, Scores &scores) {
  Type type = value.getType();
  if (Value inner = withoutScale(value, scores.scale); inner != value)
    return inner;
  if (auto add = value.getDefiningOp<AddOp>()) {
    bool left = leadsToProduct(add.getLhs(), type);
    scores.biases.push_back({left ? add.getRhs() : add.getLhs(), Value(), 0.0, true, scores.scale});
    return left ? add.getLhs() : add.getRhs();
  }
  auto select = value.getDefiningOp<SelectOp>();
  if (!select || scores.scale <= 0.0)
    return {};
  // where(mask, x, -inf) is x + where(mask, 0, -inf).
  bool keepsTrue = leadsToProduct(select.getLhs(), type);
  std::optional<double> masked = splatOf(keepsTrue ? select.getRhs() : select.getLhs());
  if (!masked || *masked > kMasked)
    return {};
  scores.biases.push_back({Value(), select.getCondition(), *masked, keepsTrue, 1.0});
  return keepsTrue ? select.getLhs() : select.getRhs();
}

/// Follows the scores up to the product of query and key.
static std::optional<Scores> matchScores(Value value) {
  Scores scores;
  Type type = value.getType();
  while (value && leadsToProduct(value, type)) {
    if (auto product = value.getDefiningOp<MatmulOp>()) {
      scores.product = product;
      return scores;
    }
    value = peel(value, scores);
  }
  return std::nullopt;
}

/// [B, Hk, T, D] whose heads `value` [B, H, T, D] repeats for groups of queries; `value` itself if it does not.
static Value withoutRepetition(Value value, PatternRewriter &rewriter) {
  auto merge = value.getDefiningOp<ReshapeOp>();
  auto stretch = merge ? merge.getOperand().getDefiningOp<BroadcastOp>() : BroadcastOp();
  if (!stretch || rankOf(stretch) != 5 || rankOf(stretch.getOperand()) != 5)
    return value;
  SmallVector<Dim> dims = dimsOf(value), repeated = dimsOf(stretch), single = dimsOf(stretch.getOperand());
  bool groups = single[2].isEqualTo(1) && single[0] == repeated[0] && single[1] == repeated[1] &&
                single[3] == repeated[3] && single[4] == repeated[4] && dims[0] == single[0] &&
                dims[1] == repeated[1] * repeated[2] && dims[2] == single[3] && dims[3] == single[4];
  if (!groups)
    return value;
  return rewriter.create<ReshapeOp>(
      value.getLoc(), tensorType({single[0], single[1], single[3], single[4]}, elementOf(value)), stretch.getOperand());
}

/// The value with its last two axes exchanged; an exchange that is there already is undone.
static Value exchanged(Value value, PatternRewriter &rewriter) {
  SmallVector<Dim> dims = dimsOf(value);
  size_t rank = dims.size();
  auto permutation = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(dims[rank - 1], dims[rank - 2]);
  std::swap(permutation[rank - 1], permutation[rank - 2]);
  if (auto inner = value.getDefiningOp<TransposeOp>()) {
    for (int64_t &axis : permutation)
      axis = inner.getPermutation()[axis];
    value = inner.getOperand();
  }
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, rank)))
    return value;
  return rewriter.create<TransposeOp>(value.getLoc(), tensorType(dims, elementOf(value)), value, permutation);
}

/// [B, S, D] as [B, 1, S, D]; operands of rank 4, and biases of rank 2 and less, stay.
static Value withHeads(Value value, PatternRewriter &rewriter) {
  SmallVector<Dim> dims = dimsOf(value);
  if (dims.size() != 3)
    return value;
  dims.insert(dims.begin() + 1, 1);
  return rewriter.create<ReshapeOp>(value.getLoc(), tensorType(dims, elementOf(value)), value);
}

static Value scalar(PatternRewriter &rewriter, Location loc, Type element, double number) {
  return rewriter.create<ConstantOp>(
      loc, DenseElementsAttr::get(RankedTensorType::get({}, element), rewriter.getFloatAttr(element, number)));
}

static Value makeBias(const Bias &bias, Type element, PatternRewriter &rewriter, Location loc) {
  if (bias.condition) {
    Value keep = scalar(rewriter, loc, element, 0.0), drop = scalar(rewriter, loc, element, bias.masked);
    return rewriter.create<SelectOp>(loc, tensorType(dimsOf(bias.condition), element), bias.condition,
                                     bias.keepsTrue ? keep : drop, bias.keepsTrue ? drop : keep);
  }
  if (bias.factor == 1.0)
    return bias.value;
  return rewriter.create<MulOp>(loc, bias.value.getType(), bias.value, scalar(rewriter, loc, element, bias.factor));
}

/// The sum of the biases in the order of the graph; null for none.
static Value sumOfBiases(const Parts &parts, PatternRewriter &rewriter, Location loc) {
  Value sum;
  for (const Bias &bias : llvm::reverse(parts.scores.biases)) {
    Value term = makeBias(bias, elementOf(parts.q), rewriter, loc);
    if (rankOf(parts.q) == 3)
      term = withHeads(term, rewriter);
    if (!sum) {
      sum = term;
      continue;
    }
    auto dims = broadcastDims(dimsOf(sum), dimsOf(term));
    sum = rewriter.create<AddOp>(loc, tensorType(*dims, elementOf(sum)), sum, term);
  }
  return sum;
}

/// Matches up from the product with v, without changing the graph.
static FailureOr<Parts> matchAttention(MatmulOp op, PatternRewriter &rewriter) {
  auto refuse = [&](const char *why) -> FailureOr<Parts> { return rewriter.notifyMatchFailure(op, why); };
  int64_t rank = rankOf(op);
  if (rank != 3 && rank != 4)
    return refuse("the product has neither rank 3 nor rank 4");
  Value p = op.getLhs(), unguarded = withoutNanGuard(p);
  auto softmax = unguarded.getDefiningOp<SoftmaxOp>();
  if (!softmax || int64_t(softmax.getAxis()) != rank - 1 || softmax.getLog())
    return refuse("the left operand is no softmax over the last axis");
  size_t uses = std::distance(unguarded.use_begin(), unguarded.use_end());
  if (!p.hasOneUse() || uses != (p == unguarded ? 1 : 2))
    return refuse("something else reads the softmax");
  std::optional<Scores> scores = matchScores(softmax.getOperand());
  if (!scores)
    return refuse("the scores do not come from a product that only they read");

  Parts parts{scores->product.getLhs(), scores->product.getRhs(), op.getRhs(), *scores};
  for (Value part : {parts.q, parts.k, parts.v})
    if (rankOf(part) != rank || ArrayRef(dimsOf(part)).drop_back(2) != ArrayRef(dimsOf(op)).drop_back(2))
      return refuse("query, key and value have different leading axes");
  if (rank == 4 && !dimOf(op, 1).isConstant())
    return refuse("the number of heads is not known at compile time");
  if (!dimOf(parts.q, rank - 1).isConstant() || !dimOf(op, rank - 1).isConstant())
    return refuse("the head size is not known at compile time");
  for (const Bias &bias : scores->biases) {
    auto dims = broadcastDims(dimsOf(scores->product), dimsOf(bias.condition ? bias.condition : bias.value));
    if (failed(dims) || *dims != dimsOf(scores->product))
      return refuse("a bias has more extents than the scores");
  }
  return parts;
}

static LogicalResult formAttention(MatmulOp op, PatternRewriter &rewriter) {
  FailureOr<Parts> parts = matchAttention(op, rewriter);
  if (failed(parts))
    return failure(); // matchAttention has said why
  double scale = parts->scores.scale;
  Value q = withoutScale(parts->q, scale), k = withoutScale(parts->k, scale), v = parts->v;
  if (!parts->scores.product.getTransposeRhs())
    k = withoutScale(exchanged(k, rewriter), scale);
  if (op.getTransposeRhs())
    v = exchanged(v, rewriter);
  Value bias = sumOfBiases(*parts, rewriter, op.getLoc());

  q = withHeads(q, rewriter);
  k = withHeads(k, rewriter);
  v = withHeads(v, rewriter);
  Value groupedK = withoutRepetition(k, rewriter), groupedV = withoutRepetition(v, rewriter);
  if (dimOf(groupedK, 1) == dimOf(groupedV, 1)) {
    k = groupedK;
    v = groupedV;
  }
  SmallVector<Dim> dims = dimsOf(q);
  dims[3] = dimOf(v, 3);
  Location loc = rewriter.getFusedLoc({parts->scores.product.getLoc(), mergedLocation(parts->scores.product, op)});
  Value result = rewriter.create<AttentionOp>(loc, tensorType(dims, elementOf(q)), q, k, v, bias, llvm::APFloat(scale),
                                              /*causal=*/false);
  if (result.getType() != op.getType())
    result = rewriter.create<ReshapeOp>(loc, op.getType(), result);
  rewriter.replaceOp(op, result);
  return success();
}

/// v softmax(..)^T -> (softmax(..) v^T)^T, the form of models that keep channels before places.
static LogicalResult putSoftmaxFirst(MatmulOp op, PatternRewriter &rewriter) {
  Value p = op.getRhs();
  bool transposed = op.getTransposeRhs();
  if (auto transpose = onlyUse<TransposeOp>(p); transpose && !transposed) {
    auto exchange = llvm::to_vector(llvm::seq<int64_t>(0, rankOf(p)));
    std::swap(exchange[exchange.size() - 1], exchange[exchange.size() - 2]);
    transposed = llvm::equal(transpose.getPermutation(), exchange);
    p = transpose.getOperand();
  }
  if (!transposed || rankOf(p) != rankOf(op.getLhs()) || !onlyUse<SoftmaxOp>(p))
    return rewriter.notifyMatchFailure(op, "the right operand is no transposed softmax");
  SmallVector<Dim> dims = dimsOf(op);
  std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  Value product = rewriter.create<MatmulOp>(op.getLoc(), tensorType(dims, elementOf(op)), p, op.getLhs(),
                                            /*transpose_rhs=*/true, /*columns=*/IntegerAttr());
  rewriter.replaceOp(op, exchanged(product, rewriter));
  return success();
}

namespace {
struct FormAttention : graph::impl::FormAttentionBase<FormAttention> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(putSoftmaxFirst).add(formAttention);
    populateMovementPatterns(patterns); // what was around the products meets what was made
    GreedyRewriteConfig config;
    config.enableRegionSimplification = GreedySimplifyRegionLevel::Disabled; // regions of one block
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};
} // namespace
