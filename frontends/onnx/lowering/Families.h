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
/// Errors: Model where the input is no tensor of integers, Unsupported where it is not known at compile time.
llvm::Expected<std::optional<llvm::SmallVector<int64_t>>> attributeOrInput(NodeLowering &node,
                                                                           llvm::StringRef attribute, size_t input);

/// graph.if: both bodies build at the node's insertion point, the end of the block they get, and give as many values. A
/// dim on which they differ is a new symbol of the result.
Lowered choose(NodeLowering &node, mlir::Value condition, llvm::function_ref<Lowered(mlir::Block *)> thenBody,
               llvm::function_ref<Lowered(mlir::Block *)> elseBody);

/// graph.loop of known length. The body builds at the node's insertion point, the end of the block it gets, of the
/// iteration (i64) and the carried values, and gives the next carried values, then values to stack along a new first
/// axis. Results: the last carried values, then the stacks.
Lowered repeat(NodeLowering &node, const Dim &trips, llvm::ArrayRef<mlir::Value> initial,
               llvm::function_ref<Lowered(mlir::Block *, mlir::Value, llvm::ArrayRef<mlir::Value>)> body);

/// [rank, count] i64: the places of the elements that are not zero, in row-major order; `count` is read at run time.
mlir::Value nonZero(NodeLowering &node, mlir::Value x);

//===--- DataAxes.cpp: axes that are data ---------------------------------------------------===//

/// How many axes an input names that is not known at compile time; nothing where it is, or where their number is not.
std::optional<int64_t> dataAxes(NodeLowering &node, size_t input);
/// [count, rank] i64: 1 where `axes` (integers of rank 1) name an axis, else 0.
mlir::Value axisHits(NodeLowering &node, mlir::Value axes, int64_t rank);
/// `values`, one for each axis that `hits` are of, as one i64 for each axis of the rank: 0 where none is named.
mlir::Value spreadOverAxes(NodeLowering &node, mlir::Value values, mlir::Value hits);
/// One i64 for each axis of `rank`: 1 where `axes` (integers of rank 1) name it, else 0.
mlir::Value axisFlags(NodeLowering &node, mlir::Value axes, int64_t rank);
/// `x` without the axes that `flags` mark; there are `count` of them, of extent 1.
mlir::Value squeezeFlagged(NodeLowering &node, mlir::Value x, mlir::Value flags, int64_t count);
/// `x` with axes of extent 1 where `flags`, one for each axis of the result, say so.
mlir::Value unsqueezeFlagged(NodeLowering &node, mlir::Value x, mlir::Value flags);
/// `reduce` done along each flagged axis, one after another; the axis stays with extent 1.
llvm::Expected<mlir::Value> reduceFlagged(NodeLowering &node, mlir::Value x, mlir::Value flags,
                                          llvm::function_ref<mlir::Value(mlir::Value, int64_t)> reduce);

/// A Slice whose axes or steps are data; null for those that the node leaves out.
Lowered sliceByData(NodeLowering &node, mlir::Value starts, mlir::Value ends, mlir::Value axes, mlir::Value steps);

/// How a Resize interpolates, by ONNX's names, and the input that has its scales.
struct Interpolation {
  llvm::StringRef mode, coordinates, nearest;
  size_t scales;
};
/// A Resize or Upsample along `axes` whose scales or sizes are data, or that crops.
Lowered resizeByData(NodeLowering &node, llvm::ArrayRef<int64_t> axes, const Interpolation &how);

/// graph.gather_elements, with guards that indices reach no further than data along the other axes.
mlir::Value gatherElements(NodeLowering &node, mlir::Value data, mlir::Value indices, int64_t axis);

/// Gaussian error linear unit: exact, or by tanh.
mlir::Value gelu(NodeLowering &node, mlir::Value x, bool byTanh);

} // namespace quern::onnx
