// Tensor elements to attributes.
#pragma once
#include "frontends/onnx/TensorData.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"

namespace quern {

// At most this many elements are a DenseElementsAttr, which lives in the context; more are a blob beside it.
inline constexpr int64_t kMaxDenseElements = 64;

// A dense attribute for few elements and for strings, else a DenseResourceElementsAttr whose blob refers to data.bytes
// and keeps data.owner until the context dies. `name` is what the blob is called when the module is printed.
mlir::ElementsAttr importConstant(TensorData data, llvm::StringRef name, mlir::MLIRContext *context);

} // namespace quern
