// The parts of SimplifyGraph, one file each: small rewrites that make a graph cheaper and no value worse.
#pragma once
#include "dialects/graph/Graph.h"
#include "mlir/IR/PatternMatch.h"

namespace quern::graph {

/// Arithmetic with neutral elements, exact reciprocals, pairs of casts: DropNeutral.cpp.
void populateArithmeticPatterns(mlir::RewritePatternSet &patterns);
/// Powers of 0.5, 1.5, -1.5, 2 and 3: ExpandPowers.cpp.
void populatePowerPatterns(mlir::RewritePatternSet &patterns);
/// Reshapes, transposes, broadcasts and slices that move nothing or undo each other: ComposeMovement.cpp.
void populateMovementPatterns(mlir::RewritePatternSet &patterns);
/// Scales and shifts behind a convolution or matmul go into its weight and bias: FoldScales.cpp.
void populateScalePatterns(mlir::RewritePatternSet &patterns);
/// Matrix products with one column or one term, and of transposed data: SimplifyProducts.cpp.
void populateProductPatterns(mlir::RewritePatternSet &patterns);
/// Products of one row with data, in the same file.
void populateRowPatterns(mlir::RewritePatternSet &patterns);
/// Orders of which only the first few elements are wanted: ShrinkTopK.cpp.
void populateTopKPatterns(mlir::RewritePatternSet &patterns);
/// Layer and RMS normalization written as means, squares and roots: FormLayerNorm.cpp.
void populateLayerNormPatterns(mlir::RewritePatternSet &patterns);

/// The one value of all elements of a constant, also behind reshapes and broadcasts; floats and integers alike.
std::optional<double> splatOf(mlir::Value value);

/// A constant, or an expression over constants that FoldConstants turns into one.
bool isConstant(mlir::Value value, int depth = 8);

/// Whether a permutation exchanges the last two axes and leaves the rest.
bool exchangesLastTwo(llvm::ArrayRef<int64_t> permutation);

/// The operand of an op of this kind if nothing else uses its result; null otherwise.
template <typename OpTy> OpTy onlyUse(mlir::Value value) {
  return value.hasOneUse() ? value.getDefiningOp<OpTy>() : OpTy();
}

} // namespace quern::graph
