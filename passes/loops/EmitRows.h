#pragma once
#include "passes/loops/KernelFunction.h"

namespace quern {

/// What the row operators of a kernel (softmax, layer norm, reductions over the last axes) share: axes [first, rank)
/// are the row, of `length` elements in row-major order.
struct RowPlan {
  int64_t first;
  int64_t axis; // the one that the index along the row is on: the last with more than one element
  Dim length;
  llvm::SmallVector<Dim> dims; // of a value that has the whole row
  llvm::SmallVector<mlir::Operation *> stages;
};

/// The plan, if the ops of `body` have row operators and these agree on the row; also used by fusion to ask whether a
/// region with one more op could still be emitted.
std::optional<RowPlan> planRows(mlir::Block &body);

mlir::LogicalResult emitRows(KernelFunction &kernel, const RowPlan &plan);

} // namespace quern
