#pragma once
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/BuiltinOps.h"

namespace quern {

/// Makes the function @`symbol` of a kernel on strings in `module`: it hands its launch to one of the runtime's kernels
/// (runtime/text). Sets the tasks and the scratch of `source`. Fails with a diagnostic on it.
mlir::LogicalResult emitText(mlir::ModuleOp module, kernel::FuncOp source, llvm::StringRef symbol);

} // namespace quern
