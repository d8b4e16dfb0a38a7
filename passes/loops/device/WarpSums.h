// The sums of a warp's matrices on their way to memory, where threads next to each other store neighbours.
#pragma once
#include "passes/loops/KernelFunction.h"

namespace quern {

class WarpSums {
public:
  /// `rows` are a multiple of the matrix unit's, and so are `columns`.
  WarpSums(KernelFunction &kernel, int64_t rows, int64_t columns);

  /// Of shared memory, for each warp.
  int64_t bytes() const;

  /// Runs `store(row, column, sum)` for all of the warp's sums, some by each of its threads. The sums of the matrix in
  /// row i and column j of the warp's matrices are `sums` from (i * their columns + j) * kMatrixSums on. They go
  /// through the block's part of shared memory at `memory`, 16 rows at a time, so there is code for `store` once for 16
  /// rows.
  using Store = llvm::function_ref<void(mlir::Value row, mlir::Value column, mlir::Value sum)>;
  void store(mlir::Value memory, llvm::ArrayRef<mlir::Value> sums, Store store);

private:
  int64_t pitch() const;
  mlir::Value at(mlir::Value waiting, mlir::Value row, mlir::Value column);

  KernelFunction &kernel;
  mlir::ImplicitLocOpBuilder &b;
  int64_t rows, columns;
  int64_t together; ///< columns that wait at the same time
};

} // namespace quern
