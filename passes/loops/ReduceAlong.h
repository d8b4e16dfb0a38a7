#pragma once
#include "passes/loops/ElementEmitter.h"

namespace quern {

/// One reduction carried by a loop along a row.
struct RowReduction {
  graph::ReduceKind kind;
  mlir::Type element;
};

/// Reduces along an axis of `extent` elements that is contiguous enough to run along vectors: `terms(emitter, axis)`
/// gives, for the lanes of `axis`, one value per reduction. Several independent accumulators hide the latency, and
/// are combined in an order that only the extent decides. `outer` is a scalar emitter whose definitions are taken over.
/// Returns one scalar per reduction (a mean is still a sum).
llvm::SmallVector<mlir::Value>
reduceAlong(ElementEmitter &outer, mlir::Value extent, llvm::ArrayRef<RowReduction> reductions,
            llvm::function_ref<llvm::SmallVector<mlir::Value>(ElementEmitter &, const AxisPoint &)> terms);

/// Runs `body(emitter, axis)` for all elements of [from, to): whole vectors, then a masked or scalar tail. Where the level
/// has masks a body of several long functions (see isLong) is written once, with the mask that each step needs.
void forVectors(ElementEmitter &outer, mlir::Value from, mlir::Value to,
                llvm::function_ref<void(ElementEmitter &, const AxisPoint &)> body);

/// Whether the kernel computes one of the functions that are polynomials of tens of instructions: written out more than
/// once they take most of the compile time.
bool isLong(KernelFunction &kernel);

/// Lanes of a vector loop on this level: one register of f32.
int64_t vectorLanes(const Level &level);

} // namespace quern
