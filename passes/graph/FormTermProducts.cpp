// Products of terms with a weight, without the matrix of terms: a text has some of thousands of terms.
//
//   %0 = text.terms %x, %t, %f       [N, V]
//   %1 = graph.matmul %0, %w          [N, M]    ->    %1 = text.term_product %x, %t, %f, %w
#include "passes/graph/FormTermProducts.h"
#include "dialects/text/Text.h"
#include "passes/graph/Simplify.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::text;

/// The terms that `value` is, perhaps rounded to f32, or counts as integers; null if it is none.
static TermsOp termsOf(Value value) {
  bool areIntegers = false;
  while (auto cast = value.getDefiningOp<CastOp>()) {
    Type element = elementOf(value);
    areIntegers |= isa<IntegerType>(element);
    if (areIntegers ? element.getIntOrFloatBitWidth() < 32 : !element.isF32() && !element.isF64())
      return nullptr;
    value = cast.getOperand();
  }
  auto terms = value.getDefiningOp<TermsOp>();
  bool areCounts = terms && !terms.getFactors() && !terms.getSublinear() && terms.getNorm() == "none";
  return areIntegers && !areCounts ? nullptr : terms;
}

/// The constant [V, M] that a product of two matrices has on the right; null where there is none.
static Value plainWeight(MatmulOp op, PatternRewriter &rewriter) {
  if (op.getColumns() || rankOf(op.getLhs()) != 2 || rankOf(op.getRhs()) != 2 || !isConstant(op.getRhs()))
    return nullptr;
  if (!op.getTransposeRhs())
    return op.getRhs();
  return rewriter.create<TransposeOp>(op.getLoc(), op.getRhs(), rewriter.getDenseI64ArrayAttr({1, 0}));
}

static LogicalResult formTermProduct(MatmulOp op, PatternRewriter &rewriter) {
  auto terms = termsOf(op.getLhs());
  Value weight = terms ? plainWeight(op, rewriter) : Value();
  if (!weight)
    return rewriter.notifyMatchFailure(op, "not the product of terms with a constant");
  Location loc = op.getLoc();
  Type f64 = rewriter.getF64Type();
  if (elementOf(weight) != f64)
    weight = rewriter.create<CastOp>(loc, tensorType(dimsOf(weight), f64), weight);
  Value product = rewriter.create<TermProductOp>(
      loc, tensorType(dimsOf(op.getResult()), f64), terms.getTexts(), terms.getTable(), weight, terms.getFactors(),
      terms.getTerms(), terms.getAnalyzer(), terms.getLeastN(), terms.getMostN(), terms.getLeastLetters(), terms.getLongest(),
      terms.getLowercase(), terms.getBinary(), terms.getSublinear(), terms.getNorm());
  if (elementOf(op) == f64)
    rewriter.replaceOp(op, product);
  else
    rewriter.replaceOpWithNewOp<CastOp>(op, op.getType(), product);
  return success();
}

/// [terms, others] . w -> terms . (its rows of w) + others . (theirs), so that the terms need not lie beside the others.
static LogicalResult splitProduct(MatmulOp op, PatternRewriter &rewriter) {
  auto concat = op.getLhs().getDefiningOp<ConcatOp>();
  if (!concat || rankOf(concat.getResult()) != 2 || concat.getAxis() != 1 ||
      !llvm::any_of(concat.getInputs(), [](Value part) { return bool(termsOf(part)); }) ||
      !llvm::all_of(concat.getInputs(), [](Value part) { return dimOf(part, 1).isConstant(); }))
    return rewriter.notifyMatchFailure(op, "no terms beside other columns");
  Value weight = plainWeight(op, rewriter), sum;
  if (!weight)
    return rewriter.notifyMatchFailure(op, "the weight is not constant");
  Location loc = op.getLoc();
  int64_t row = 0;
  for (Value part : concat.getInputs()) {
    int64_t rows = *dimOf(part, 1).constant();
    Value own = rewriter.create<SliceOp>(
        loc, tensorType({Dim(rows), dimOf(weight, 1)}, elementOf(weight)), weight,
        dimsAttr(rewriter.getContext(), {Dim(row), Dim(0)}), rewriter.getDenseI64ArrayAttr({1, 1}));
    Value product = rewriter.create<MatmulOp>(loc, op.getType(), part, own, UnitAttr(), IntegerAttr());
    sum = sum ? rewriter.create<AddOp>(loc, op.getType(), sum, product) : product;
    row += rows;
  }
  rewriter.replaceOp(op, sum);
  return success();
}

void graph::populateTermPatterns(RewritePatternSet &patterns) {
  // Before a product with one column becomes a sum of rows.
  patterns.add(formTermProduct, /*benefit=*/2).add(splitProduct, /*benefit=*/2);
}
