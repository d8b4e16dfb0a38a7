// A matrix product by a device's blocks: a tile of the result for each block, a part of the tile for each thread.
#pragma once
#include "passes/loops/ElementEmitter.h"

namespace quern {

/// result[b, m, n] = sum over k of lhs[b, m, k] * rhs[b, k, n]. What an element is, is up to the caller: a convolution
/// reads its window here. Indices are within bounds.
struct TileProblem {
  Dim batches = 1, rows, columns, depth;
  mlir::Type accumulator;
  using Element = std::function<mlir::Value(ElementEmitter &, mlir::Value batch, mlir::Value line, mlir::Value k)>;
  Element lhs, rhs;          ///< at (batch, m, k) and (batch, n, k), in the accumulators' type
  bool lhsAlongDepth = true; ///< neighbours in memory are neighbours in k, and threads read along it
  bool rhsAlongDepth = false;
  std::function<void(mlir::Value batch, mlir::Value row, mlir::Value column, mlir::Value sum)> store;
};

/// Emits the kernel with the tile that its schedule says: tile_rows x tile_columns for a block, in steps of tile_depth,
/// thread_rows x thread_columns for a thread.
void emitTiles(KernelFunction &kernel, const TileProblem &problem);

/// A number as one index for each of `dims`, the last fastest; `number` becomes what is left of it.
Point takeApart(KernelFunction &kernel, mlir::Value &number, llvm::ArrayRef<Dim> dims);

/// An element of `tensor` at a point, in the accumulators' type.
mlir::Value elementAs(mlir::Type accumulator, ElementEmitter &emitter, mlir::Value tensor, const Point &point);

} // namespace quern
