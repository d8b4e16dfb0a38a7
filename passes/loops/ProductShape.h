// How the rows, columns and batches of a matrix product are numbered, for whoever emits one.
#pragma once
#include "passes/loops/ElementEmitter.h"

namespace quern {

struct ProductShape {
  explicit ProductShape(graph::MatmulOp matmul);

  llvm::SmallVector<Dim> result; ///< dims of the result
  /// The right side differs from batch to batch; else all leading axes of the left side are rows of one product.
  bool batched;
  Dim batches = 1, rows, columns, depth;
  mlir::Type accumulator;

  /// The axes that tell rows apart in an operand of these dims: of the batch where there are batches, else of the row.
  llvm::ArrayRef<Dim> leadingDims(llvm::ArrayRef<Dim> dims) const;
  /// The point of a row of the left side or the result, its last axis at 0. `leading` is the number of the batch or the
  /// row, taken apart into leadingDims; `row` is the row within its batch. Extents of 1 stretch.
  Point rowPoint(KernelFunction &kernel, llvm::ArrayRef<Dim> dims, Point leading, mlir::Value row) const;
};

/// The accumulators' type of products of such elements: narrow floats add up in f32, narrow integers in i32.
mlir::Type accumulatorType(mlir::Type element);

} // namespace quern
