// Which memory a tensor of @main is in: the processor's or the device's.
#pragma once
#include "mlir/IR/Value.h"
#include "llvm/ADT/StringRef.h"

namespace quern {

/// On a graph.concat of @main: its result is in the device's memory.
inline constexpr llvm::StringLiteral kOnDevice = "on_device";

/// Kernels of the device write there, and transfers to it; everything else is in the processor's.
bool isOnDevice(mlir::Value value);

} // namespace quern
