#pragma once
#include "passes/loops/ElementEmitter.h"

namespace quern {

/// Elementwise ops on tensors that are read transposed: `inner` is the axis along which the results lie in memory,
/// `outer` the one along which the transposed tensors do.
struct TransposePlan {
  int64_t inner, outer;
  llvm::SmallVector<mlir::Value> transposed; ///< results of graph.transpose

  /// How many places there are on the other axes of `dims`, and the one of a number, at 0 on these two.
  Dim otherPlaces(llvm::ArrayRef<Dim> dims) const;
  Point otherPlace(KernelFunction &kernel, llvm::ArrayRef<Dim> dims, mlir::Value number) const;
};

/// The plan, if the ops of `body` have transposes of memory that all exchange the same two long axes of its results,
/// which have the same dims.
std::optional<TransposePlan> planTranspose(mlir::Block &body);

/// Vector loops over squares that are turned in registers.
mlir::LogicalResult emitTransposed(KernelFunction &kernel, const TransposePlan &plan);
/// Blocks of a device's threads, which turn squares in shared memory.
mlir::LogicalResult emitTransposedBlocks(KernelFunction &kernel, const TransposePlan &plan);

} // namespace quern
