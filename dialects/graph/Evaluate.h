// What graph ops compute, at compile time: shape arithmetic on Dims and constants on values.
#pragma once
#include "dialects/graph/Graph.h"

namespace quern::graph {

/// The elements (row-major) of an integer result of at most 64 elements, where the operands are constants or
/// shape_vectors and the op's result is the same for all values of the symbols. Nothing in other cases, and never
/// an approximation: a comparison that some sizes decide differently is nothing.
std::optional<llvm::SmallVector<Dim>> evaluateDims(mlir::Operation *op);

/// Whether a comparison of sizes holds for all values of the symbols (true), for none (false), or is not known.
std::optional<bool> decide(CompareKind kind, const Dim &a, const Dim &b);

/// Dim::min and Dim::max, decided where the symbols' signs decide.
Dim smaller(const Dim &a, const Dim &b);
Dim larger(const Dim &a, const Dim &b);

/// The result of an op whose operands are all constants, exactly as the run time would compute it; nothing where an
/// operand is not constant, the op is not one that is evaluated, or the result would be much larger than the operands.
/// More than 64 elements come as a dense_resource blob.
std::optional<mlir::ElementsAttr> evaluateConstant(mlir::Operation *op);

/// The same for operands of at most 4096 elements and results of at most 64: cheap enough to try on every op made.
std::optional<mlir::ElementsAttr> evaluateSmall(mlir::Operation *op);

} // namespace quern::graph
