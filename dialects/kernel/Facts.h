// Facts about a kernel that people ask for and nothing computes with: discardable attributes that every phase passes
// on, from the region to the launch to the artifact's manifest (Rationale.md).
#pragma once
#include "mlir/IR/Operation.h"

namespace quern::kernel {

/// Strings on kernel.region, kernel.launch and rt.launch. Amounts are expressions over the model's symbols.
inline constexpr llvm::StringLiteral kFlopsAttr = "kernel.flops";            ///< see dialects/graph/Work.h
inline constexpr llvm::StringLiteral kMultiplyAddsAttr = "kernel.multiply_adds"; ///< FLOPs of these that peaks bound
inline constexpr llvm::StringLiteral kBytesAttr = "kernel.bytes";            ///< read and written, each once
inline constexpr llvm::StringLiteral kWeightBytesAttr = "kernel.weight_bytes"; ///< of these, of the model's constants
inline constexpr llvm::StringLiteral kBoundaryAttr = "kernel.boundary"; ///< why it is not part of a kernel before it

/// On kernel.func, one for each level: "kernel.tile.v4" = "14x32", rows by columns.
inline constexpr llvm::StringLiteral kTilePrefix = "kernel.tile.";

/// Tensors in a device's memory begin at multiples of so many bytes: its kernels copy that much at once.
inline constexpr int64_t kDeviceAlignment = 16;

/// On kernel.func, an integer: bytes of memory that the threads of a device's block share.
inline constexpr llvm::StringLiteral kBlockMemoryAttr = "kernel.block_memory";

/// Gives `to` every fact of `from`.
inline void passFacts(mlir::Operation *from, mlir::Operation *to) {
  for (mlir::NamedAttribute fact : from->getDiscardableAttrs())
    if (fact.getName().strref().starts_with("kernel."))
      to->setDiscardableAttr(fact.getName(), fact.getValue());
}

} // namespace quern::kernel
