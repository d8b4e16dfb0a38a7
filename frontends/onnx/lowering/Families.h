// What several families of lowerings share.
#pragma once
#include "frontends/onnx/lowering/NodeLowering.h"

namespace quern::onnx {

/// The results of a node with one.
inline Lowered one(mlir::Value value) { return llvm::SmallVector<mlir::Value>{value}; }

/// The second operand of a binary node, shaped so that it broadcasts as in NumPy.
llvm::Expected<mlir::Value> alignedRhs(NodeLowering &node);

/// A tensor of one element as a scalar of rank 0; other tensors as they are.
mlir::Value scalar(NodeLowering &node, mlir::Value value);

/// Integers that are an attribute in old operator sets and an input in new ones; nothing where neither is there.
/// Errors: Unsupported where the input is not known at compile time.
llvm::Expected<std::optional<llvm::SmallVector<int64_t>>> attributeOrInput(NodeLowering &node, llvm::StringRef attribute,
                                                                           size_t input);

/// Gaussian error linear unit: exact, or by tanh.
mlir::Value gelu(NodeLowering &node, mlir::Value x, bool byTanh);

} // namespace quern::onnx
