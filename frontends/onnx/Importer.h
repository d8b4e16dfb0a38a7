// An ONNX file to a module of the `onnx` dialect, 1:1: phase 1 of the compiler.
//
// The module is documented in dialects/onnx/OnnxOps.td. Its weights are blobs that refer to the file's bytes or to what
// was read from it, and live as long as the context. Errors are one line, begin with the file's name and are of kind
// Model, Unsupported or File; a module that comes out passes the verifier.
#pragma once
#include "compiler/Diagnostics.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace quern {

// `path` is also what messages call the model. External data is looked for beside it.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importOnnxFile(llvm::StringRef path, mlir::MLIRContext &context);

// The bytes are read during the call only. `name` is for messages; `folder` is where external data lies, "" for none.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importOnnxBytes(llvm::StringRef bytes, llvm::StringRef name,
                                                                  llvm::StringRef folder, mlir::MLIRContext &context);

} // namespace quern
