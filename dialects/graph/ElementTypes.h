// Which element types values may have at run time, and what types are called in messages.
#pragma once
#include "mlir/IR/Types.h"
#include <string>

namespace quern::graph {

/// Whether arrays of these elements can lie in memory: what the C border names and kernels load and store. Others, such
/// as float8 and int4, exist in constants only, which are computed away before there are kernels.
bool isStorable(mlir::Type element);

/// NumPy's names: "float32[batch, 3]" for a tensor, "float32" for an element type. ONNX's where NumPy has none.
std::string typeText(mlir::Type type);

} // namespace quern::graph
