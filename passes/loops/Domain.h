#pragma once
#include "passes/loops/ElementEmitter.h"

namespace quern {

/// The index space of a loop nest over a tensor, with neighbouring axes merged where one running index serves both.
/// Axes of extent 1 do not count: neighbours are the next axes with more.
///
/// A merged group is walked by one index on its `axis`, the last one, which runs past its extent while the other axes
/// of the group stay at 0: right for every operand that is row-major over these axes, and for every operand that is
/// broadcast over all of them.
struct Domain {
  struct Group {
    int64_t axis; ///< -1 for a tensor of one element
    Dim extent;
  };
  llvm::SmallVector<Dim> dims;
  llvm::SmallVector<Group> groups; ///< never empty

  /// All of `values` have dims `dims`; `fixedAxis` starts a group of its own (-1: none).
  static Domain of(llvm::ArrayRef<mlir::Value> values, llvm::ArrayRef<Dim> dims, int64_t fixedAxis = -1);

  /// The point where every axis is 0.
  Point origin(KernelFunction &kernel) const;
  /// Sets the axes of groups [0, count) from a linear index over them.
  void place(KernelFunction &kernel, Point &point, size_t count, mlir::Value linear) const;
  /// The product of the extents of groups [0, count).
  Dim outer(size_t count) const;
};

/// Whether one index on axis `second` may run over axes `first` and `second` of `value`; the axes between have
/// extent 1.
bool mergeable(mlir::Value value, int64_t first, int64_t second);

} // namespace quern
