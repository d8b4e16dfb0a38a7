// Ops that work on rows apart: each row of the result, an index of its first axis, comes from the same row of operands.
#pragma once
#include "dialects/graph/Graph.h"

namespace quern::graph {

/// The operands of `op` that are walked along with its result, whose first axis has `rows`; the other operands are the
/// same for all rows. Nothing where a row of the result needs other rows, or where that is not known.
std::optional<mlir::SmallVector<mlir::Value>> rowOperands(mlir::Operation *op, const Dim &rows);

/// Elements of a row of `value`, whose first axis counts rows. Nothing where that is no constant.
std::optional<int64_t> rowWidth(mlir::Value value);

} // namespace quern::graph
