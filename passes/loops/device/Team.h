// The threads of a block walking one row together: what ReduceAlong.h does, on a device.
#pragma once
#include "passes/loops/ReduceAlong.h"

namespace quern {

/// reduceAlong by all threads of the block; each gets the results. Thread t takes elements t, t + threads, ...: who
/// adds what, and in which order, depends on the kernel alone. With KernelFunction::neighbours these are vectors.
llvm::SmallVector<mlir::Value>
reduceInBlock(ElementEmitter &outer, mlir::Value extent, llvm::ArrayRef<RowReduction> reductions,
              llvm::function_ref<llvm::SmallVector<mlir::Value>(ElementEmitter &, const AxisPoint &)> terms);

/// forVectors with `lanes` elements at a time, of which there is a multiple; an element is always the same thread's, so
/// what it keeps of a row in memory is read by who wrote it.
void forTeam(ElementEmitter &outer, mlir::Value from, mlir::Value to, int64_t lanes,
             llvm::function_ref<void(ElementEmitter &, const AxisPoint &)> body);

/// `value` of the thread whose number differs in the bits of `distance`, a power of two below the warp's size. All
/// threads of the warp are here.
mlir::Value exchanged(KernelFunction &kernel, mlir::Value value, int32_t distance);

} // namespace quern
