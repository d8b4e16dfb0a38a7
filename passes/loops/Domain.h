#pragma once
#include "passes/loops/ElementEmitter.h"

namespace quern {

/// The index space of a loop nest over a tensor, with neighbouring axes merged where one running index serves both.
///
/// A merged group of axes [first, last] is walked by one index on axis `last` that runs past its extent while the
/// other axes of the group stay at 0: right for every operand that is row-major over these axes, and for every operand
/// that is broadcast over all of them.
struct Domain {
  struct Group {
    int64_t first, last;
    Dim extent;
  };
  llvm::SmallVector<Dim> dims;
  llvm::SmallVector<Group> groups;

  /// All of `values` have dims `dims`; `fixed` are axes that must start a group of their own (-1: none).
  static Domain of(llvm::ArrayRef<mlir::Value> values, llvm::ArrayRef<Dim> dims, int64_t fixedAxis = -1);

  /// The point where every axis is 0.
  Point origin(KernelFunction &kernel) const;
  /// Sets the axes of groups [0, count) from a linear index over them.
  void place(KernelFunction &kernel, Point &point, size_t count, mlir::Value linear) const;
  /// The product of the extents of groups [0, count).
  Dim outer(size_t count) const;
};

/// Whether one index may run over axes `axis` and `axis + 1` of `value` (see Domain).
bool mergeable(mlir::Value value, int64_t axis);

} // namespace quern
