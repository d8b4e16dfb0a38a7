// A reduction over each row of one side with each row of another: distances and kernels between points.
//
//   %d = graph.sub %a, %b         a: [M, 1, K], b: [1, N, K]        result [M, N, 1]: sum over k of
//   %s = graph.mul %d, %d                                           (a[i, k] - b[j, k])^2
//   %r = graph.reduce sum %s
//
// Like a matrix product it reads every row of a side as often as the other has rows, and is computed in register tiles.
#pragma once
#include "dialects/graph/Graph.h"

namespace quern::kernel {

/// What such a kernel is made of. The axes before `rows` are batches; the ones behind are `columns` and the reduced one.
struct PairReduction {
  graph::ReduceOp reduce;
  int64_t rowAxis; ///< of M; N's is the next one, and K's the last
  llvm::SmallVector<mlir::Value> columnOperands; ///< arguments that differ from column to column: no two rows have others
};

/// The plan, if the ops of a kernel are one such reduction of floats with elementwise ops before it, and behind it on its
/// results alone.
std::optional<PairReduction> findPairReduction(mlir::Block &body);

} // namespace quern::kernel
