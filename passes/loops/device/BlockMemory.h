// Arrays in the memory that the threads of a block share, read and written as vectors.
#pragma once
#include "passes/loops/KernelFunction.h"

namespace quern {

/// `elements` elements at an address of 16 bytes. There must be room (KernelFunction::fitsShared).
class BlockMemory {
public:
  BlockMemory(KernelFunction &kernel, mlir::Type element, int64_t elements);

  /// `count` elements from `offset` on, each as a value. `offset` is a multiple of the largest of 4, 2 and 1 that
  /// divides `count`: so many are one access.
  llvm::SmallVector<mlir::Value> load(mlir::Value offset, int64_t count) const;
  void store(llvm::ArrayRef<mlir::Value> values, mlir::Value offset) const;
  mlir::Value address(mlir::Value offset) const;

private:
  KernelFunction &kernel;
  mlir::Type element;
  mlir::Value base;
};

/// How many of `count` neighbouring elements one access takes.
inline int64_t accessWidth(int64_t count) { return count % 4 == 0 ? 4 : count % 2 == 0 ? 2 : 1; }

} // namespace quern
