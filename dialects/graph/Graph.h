#pragma once
#include "dialects/graph/Dim.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace quern::graph {

/// Marks ops that compute each result element from the operands' elements at the same (broadcast) place.
template <typename ConcreteType>
class Elementwise : public mlir::OpTrait::TraitBase<ConcreteType, Elementwise> {};

/// Whether tensor types agree: element types, ranks and the extents that both know.
bool agree(mlir::TypeRange a, mlir::TypeRange b);

} // namespace quern::graph

#include "dialects/graph/GraphDialect.h.inc"
#include "dialects/graph/GraphEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/graph/GraphAttributes.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/GraphOps.h.inc"

namespace quern::graph {

//===--- Types with symbolic dims -----------------------------------------------------------===//

/// The tensor type with these extents; constants become static sizes, the rest goes into the encoding.
/// A poisoned or negative constant extent gives a null type: callers report "too large" or "negative".
mlir::RankedTensorType tensorType(mlir::ArrayRef<Dim> dims, mlir::Type element);

/// The extents of a type. A dynamic axis without encoding has the symbol "?" (only before the graph phase).
mlir::SmallVector<Dim> dimsOf(mlir::Type type);
inline mlir::SmallVector<Dim> dimsOf(mlir::Value value) { return dimsOf(value.getType()); }
Dim dimOf(mlir::Value value, int64_t axis);
inline mlir::Type elementOf(mlir::Value value) {
  return llvm::cast<mlir::ShapedType>(value.getType()).getElementType();
}
inline int64_t rankOf(mlir::Value value) { return llvm::cast<mlir::ShapedType>(value.getType()).getRank(); }

/// Reads and writes lists of dims in attributes.
mlir::SmallVector<Dim> dimsOf(mlir::ArrayAttr exprs);
mlir::ArrayAttr dimsAttr(mlir::MLIRContext *context, mlir::ArrayRef<Dim> dims);

/// Broadcast of dims as in NumPy. Two extents that are neither equal nor 1: if both are constants, failure; else the
/// constant (or the first) is taken, and the caller adds a graph.guard for each pair in `guards`.
mlir::FailureOr<mlir::SmallVector<Dim>> broadcastDims(mlir::ArrayRef<Dim> a, mlir::ArrayRef<Dim> b,
                                                      mlir::SmallVectorImpl<std::pair<Dim, Dim>> *guards = nullptr);

/// The extent of a windowed axis (convolution, pooling): floor or ceil of (in + low + high - (dilation*(kernel-1)+1)) /
/// stride, plus 1.
Dim windowExtent(const Dim &in, int64_t kernel, int64_t stride, int64_t dilation, int64_t low, int64_t high,
                 bool ceil = false);

/// The elements of a constant or shape_vector of integers as Dims; nothing if `value` is neither or is not integer.
std::optional<mlir::SmallVector<Dim>> knownIntegers(mlir::Value value);

} // namespace quern::graph
