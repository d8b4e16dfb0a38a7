// The `onnx` dialect: a model file as the importer leaves it. OnnxOps.td documents the ops; Rationale.md what is
// refused.
#pragma once
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/onnx/OnnxDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/onnx/OnnxTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/onnx/OnnxOps.h.inc"

namespace quern::onnx {
// The attributes of @main's arguments and results, and of the module; OnnxOps.td says what they hold.
inline constexpr llvm::StringLiteral kNameAttr = "onnx.name";
inline constexpr llvm::StringLiteral kDimsAttr = "onnx.dims";
inline constexpr llvm::StringLiteral kTypeAttr = "onnx.type";
inline constexpr llvm::StringLiteral kOpsetAttr = "onnx.opset";
inline constexpr llvm::StringLiteral kMetadataAttr = "onnx.metadata";
} // namespace quern::onnx
