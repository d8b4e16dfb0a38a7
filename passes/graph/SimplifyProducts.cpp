// Matrix products that are something simpler, or that read an operand as it lies.
#include "passes/graph/Simplify.h"
#include <cmath>

using namespace mlir;
using namespace quern;
using namespace quern::graph;

/// `value` with its last two axes exchanged, one of which has extent 1: the same memory.
static Value turned(PatternRewriter &rewriter, Location loc, Value value) {
  SmallVector<Dim> dims = dimsOf(value);
  std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  return rewriter.create<ReshapeOp>(loc, tensorType(dims, elementOf(value)), value);
}

/// x . transpose(y): the product reads rows of y.
static LogicalResult takeTransposeIn(MatmulOp op, PatternRewriter &rewriter) {
  auto transpose = op.getRhs().getDefiningOp<TransposeOp>();
  if (!transpose || !exchangesLastTwo(transpose.getPermutation()) || op.getColumns() ||
      isConstant(transpose.getOperand()))
    return rewriter.notifyMatchFailure(op, "the right operand is no transposed data");
  rewriter.modifyOpInPlace(op, [&] {
    op.getRhsMutable().assign(transpose.getOperand());
    op.setTransposeRhs(!op.getTransposeRhs());
  });
  return success();
}

/// A power of two of at least 1: scaling by it rounds nothing, and no sum without it is larger.
static bool scalesExactly(Value value) {
  std::optional<double> scale = splatOf(value);
  return scale && std::isfinite(*scale) && std::abs(*scale) >= 1 && std::ilogb(*scale) < 64 &&
         *scale == std::copysign(std::ldexp(1.0, std::ilogb(*scale)), *scale);
}

/// (x * 2) . y is (x . y) * 2: what is given, not computed by a kernel that could scale it, needs no copy of it.
static LogicalResult scaleBehind(MatmulOp op, PatternRewriter &rewriter) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto mul = onlyUse<MulOp>(operand.get());
    if (!mul)
      continue;
    for (bool left : {false, true}) {
      Value given = left ? mul.getRhs() : mul.getLhs(), scale = left ? mul.getLhs() : mul.getRhs();
      if (!isa<BlockArgument>(given) || given.getType() != mul.getType() || rankOf(scale) != 0 || !scalesExactly(scale) ||
          !isa<FloatType>(elementOf(op)) || elementOf(op) != elementOf(scale) || op.getColumns())
        continue;
      rewriter.setInsertionPointAfter(op);
      Operation *product = rewriter.clone(*op);
      product->setOperand(operand.getOperandNumber(), given);
      rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), product->getResult(0), scale);
      return success();
    }
  }
  return rewriter.notifyMatchFailure(op, "no operand is a given value times a power of two");
}

/// The sums of x * y, broadcast, along an axis.
static Value sumOfProducts(PatternRewriter &rewriter, Location loc, Value x, Value y, int64_t axis) {
  Type type = tensorType(*broadcastDims(dimsOf(x), dimsOf(y)), elementOf(x));
  Value product = rewriter.create<MulOp>(loc, type, x, y);
  SmallVector<Dim> dims = dimsOf(product);
  dims[axis] = 1;
  return rewriter.create<ReduceOp>(loc, tensorType(dims, elementOf(x)), product, rewriter.getDenseI64ArrayAttr({axis}),
                                   ReduceKind::sum);
}

static bool hasWideFloats(MatmulOp op) {
  return !op.getColumns() && (elementOf(op).isF32() || elementOf(op).isF64());
}

/// A product with one column is a sum along rows: a tile of a product would compute 15 columns for nothing.
static LogicalResult sumColumn(MatmulOp op, PatternRewriter &rewriter) {
  Location loc = op.getLoc();
  int64_t rank = rankOf(op.getResult());
  if (!hasWideFloats(op) || !dimsOf(op.getResult()).back().isEqualTo(1))
    return rewriter.notifyMatchFailure(op, "not a product of wide floats with one column");
  Value row = op.getTransposeRhs() ? op.getRhs() : turned(rewriter, loc, op.getRhs()), left = op.getLhs();
  auto transpose = onlyUse<TransposeOp>(left);
  if (!transpose || !exchangesLastTwo(transpose.getPermutation())) {
    rewriter.replaceOp(op, sumOfProducts(rewriter, loc, left, row, rank - 1));
    return success();
  }
  // Of columns of memory: sums of whole rows, a vector of them at a time.
  Value sums = sumOfProducts(rewriter, loc, transpose.getOperand(), turned(rewriter, loc, row), rank - 2);
  rewriter.replaceOp(op, turned(rewriter, loc, sums));
  return success();
}

/// Columns that are turned sooner than the matrix they are multiplied with.
constexpr int64_t kFewColumns = 4;

/// transpose(x) . y is transpose(transpose(y) . x): where y has few columns, x is read as it lies and little is turned.
static LogicalResult turnFewColumns(MatmulOp op, PatternRewriter &rewriter) {
  Location loc = op.getLoc();
  auto transpose = onlyUse<TransposeOp>(op.getLhs());
  if (!transpose || !exchangesLastTwo(transpose.getPermutation()) || op.getColumns() || rankOf(op.getLhs()) != 2 ||
      rankOf(op.getRhs()) != 2 || isConstant(transpose.getOperand()))
    return rewriter.notifyMatchFailure(op, "the left operand is no transposed matrix of data");
  auto isFew = [](const Dim &dim) { return dim.constant().value_or(kFewColumns + 1) <= kFewColumns; };
  if (!isFew(dimOf(op.getResult(), 1)) || isFew(dimOf(op.getResult(), 0)))
    return rewriter.notifyMatchFailure(op, "the product is not known to have few columns and many rows");
  DenseI64ArrayAttr exchange = rewriter.getDenseI64ArrayAttr({1, 0});
  auto exchanged = [&](Value value) {
    Type type = tensorType({dimOf(value, 1), dimOf(value, 0)}, elementOf(value));
    return rewriter.create<TransposeOp>(loc, type, value, exchange).getResult();
  };
  Value rows = op.getTransposeRhs() ? op.getRhs() : exchanged(op.getRhs());
  Type type = tensorType({dimOf(op.getResult(), 1), dimOf(op.getResult(), 0)}, elementOf(op.getResult()));
  Value product = rewriter.create<MatmulOp>(loc, type, rows, transpose.getOperand(), /*transpose_rhs=*/false,
                                            /*columns=*/nullptr);
  rewriter.replaceOp(op, exchanged(product));
  return success();
}

/// One row times a matrix of data, which is read once, as it lies: a tile of a product would read it in strips, or turn
/// it first. Weights are packed in advance.
static LogicalResult sumRow(MatmulOp op, PatternRewriter &rewriter) {
  Location loc = op.getLoc();
  Value row = op.getLhs(), matrix = op.getRhs();
  bool isRow = rankOf(row) == 2 && rankOf(matrix) == 2 && dimOf(row, 0).isEqualTo(1);
  if (!isRow || !hasWideFloats(op) || isConstant(matrix))
    return rewriter.notifyMatchFailure(op, "not a product of one row with a matrix of data");
  if (op.getTransposeRhs())
    rewriter.replaceOp(op, turned(rewriter, loc, sumOfProducts(rewriter, loc, matrix, row, 1)));
  else
    rewriter.replaceOp(op, sumOfProducts(rewriter, loc, matrix, turned(rewriter, loc, row), 0));
  return success();
}

/// A product whose sums have one term needs no sums.
static LogicalResult multiplyOuter(MatmulOp op, PatternRewriter &rewriter) {
  if (op.getColumns() || !dimsOf(op.getLhs()).back().isEqualTo(1) || elementOf(op) != elementOf(op.getLhs()))
    return rewriter.notifyMatchFailure(op, "the sums have more than one term");
  Value row = op.getTransposeRhs() ? turned(rewriter, op.getLoc(), op.getRhs()) : op.getRhs();
  rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getLhs(), row);
  return success();
}

/// The operand of a reshape that makes one axis of all leading ones; null otherwise.
static Value withLeadingAxes(Value value) {
  auto reshape = value.getDefiningOp<ReshapeOp>();
  if (!reshape || rankOf(value) != 2)
    return {};
  Value source = reshape.getOperand();
  return rankOf(source) > 2 && dimsOf(source).back() == dimsOf(value).back() ? source : Value();
}

/// reshape(reshape(x) . w + b) is reshape(x . w + b) with the leading axes of x: what comes before and behind joins the
/// product's kernel, and often the last reshape does nothing.
static LogicalResult keepLeadingAxes(ReshapeOp op, PatternRewriter &rewriter) {
  Value value = op.getOperand();
  auto add = onlyUse<AddOp>(value);
  if (add && rankOf(add.getRhs()) > 1)
    return rewriter.notifyMatchFailure(op, "more than a row is added to the product");
  auto product = onlyUse<MatmulOp>(add ? add.getLhs() : value);
  Value source = product && rankOf(product.getRhs()) == 2 ? withLeadingAxes(product.getLhs()) : Value();
  if (!source || product.getColumns())
    return rewriter.notifyMatchFailure(op, "no product of a matrix whose rows had more axes");
  SmallVector<Dim> dims = dimsOf(source);
  dims.back() = dimsOf(product.getResult()).back();
  Type type = tensorType(dims, elementOf(op.getResult()));
  Value result = rewriter.create<MatmulOp>(product.getLoc(), type, source, product.getRhs(), product.getTransposeRhs(),
                                           product.getColumnsAttr());
  if (add)
    result = rewriter.create<AddOp>(add.getLoc(), type, result, add.getRhs());
  if (type == op.getType())
    rewriter.replaceOp(op, result);
  else
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), result);
  return success();
}

/// The operand of a reshape that makes one axis of all those before the last two; null otherwise.
static Value withBatchAxes(Value value) {
  auto reshape = value.getDefiningOp<ReshapeOp>();
  if (!reshape || rankOf(value) != 3 || rankOf(reshape.getOperand()) < 4)
    return {};
  SmallVector<Dim> own = dimsOf(reshape.getOperand()), merged = dimsOf(value);
  return ArrayRef(own).take_back(2) == ArrayRef(merged).take_back(2) ? reshape.getOperand() : Value();
}

/// reshape(reshape(x) . reshape(y)) is reshape(x . y) with the batch axes that both have, as PyTorch's matmul began:
/// what is before and behind sees the axes of its heads.
static LogicalResult keepBatchAxes(ReshapeOp op, PatternRewriter &rewriter) {
  auto product = onlyUse<MatmulOp>(op.getOperand());
  Value left = product && !product.getColumns() ? withBatchAxes(product.getLhs()) : Value();
  Value right = left ? withBatchAxes(product.getRhs()) : Value();
  if (!right || ArrayRef(dimsOf(left)).drop_back(2) != ArrayRef(dimsOf(right)).drop_back(2))
    return rewriter.notifyMatchFailure(op, "no product of matrices whose batches had the same axes");
  SmallVector<Dim> dims = dimsOf(left), matrix = dimsOf(product.getResult());
  llvm::copy(ArrayRef(matrix).take_back(2), dims.end() - 2);
  Value result = rewriter.create<MatmulOp>(product.getLoc(), tensorType(dims, elementOf(product.getResult())), left,
                                           right, product.getTransposeRhs(), product.getColumnsAttr());
  if (result.getType() == op.getType())
    rewriter.replaceOp(op, result);
  else
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), result);
  return success();
}

void graph::populateProductPatterns(RewritePatternSet &patterns) {
  patterns.add(takeTransposeIn).add(scaleBehind).add(sumColumn).add(turnFewColumns).add(multiplyOuter).add(keepLeadingAxes);
  patterns.add(keepBatchAxes);
}

void graph::populateRowPatterns(RewritePatternSet &patterns) {
  patterns.add(sumRow);
}
