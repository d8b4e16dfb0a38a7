// Kernels that treat a tensor line by line: a task owns whole lines along one axis.
#pragma once
#include "passes/loops/ElementEmitter.h"

namespace quern {

/// Runs `body` for each line along `axis` of a tensor of `dims`: the point is that of the line's first element. A task
/// has lines of about 4096 elements. `taken`, elements that are taken of each line, may be data: more than the axis has
/// is an error, and no line is read.
void forLines(KernelFunction &kernel, llvm::ArrayRef<Dim> dims, int64_t axis, const Dim &taken,
              llvm::function_ref<void(const Point &line)> body);

/// The first element of line number `linear` along `axis`.
Point firstOfLine(KernelFunction &kernel, llvm::ArrayRef<Dim> dims, int64_t axis, mlir::Value linear);

/// The elements of the line at `place` on its axis.
Point onLine(const Point &line, int64_t axis, const AxisPoint &place);
/// Element `i` of the line.
Point onLine(const Point &line, int64_t axis, mlir::Value i, int64_t lane = 0);

/// Stores elements of the results of the kernel's top_k.
void storeOrdered(ElementEmitter &emitter, graph::TopKOp op, const Point &point, mlir::Value value, mlir::Value index);

} // namespace quern
