#pragma once
#include "passes/loops/KernelFunction.h"
#include <functional>

namespace quern {

/// Where an element is along one axis. Scalar mode: `base`. Vector mode: lane l is at base + l * lane, or at
/// `perLane`[l] (a vector of index) where that is set.
struct AxisPoint {
  mlir::Value base;
  int64_t lane = 0;
  mlir::Value perLane;
  bool operator==(const AxisPoint &other) const = default;
};
/// One AxisPoint per axis of a tensor.
using Point = llvm::SmallVector<AxisPoint, 6>;

/// Distances up to which lanes are taken out of whole vectors, or put into them: cheaper than a gather or a scatter.
constexpr int64_t kMostInterleaved = 4;

/// Whether a reduced axis is known to be so short that lanes along it would stay empty: they are along another axis.
bool isShortRow(const Dim &extent);

/// Computes elements of the values inside a kernel by need: asked for a value at a point, it asks the operands at the
/// points they need, down to loads from the kernel's buffers. Movement ops (transpose, slice, concat, pad, gather ...)
/// cost no memory: they only change the point. The same emitter serves the vector loops, where all ops of a region
/// are evaluated, and the epilogues of microkernels, where `define` makes the anchor's result an accumulator.
///
/// With lanes > 1 every result is a vector<lanes x T>; loads are contiguous, broadcast, or gathered, as the point says.
/// `mask` (vector<lanes x i1>) guards loads of the tail; nothing reads outside a buffer for a point inside the tensor.
class ElementEmitter {
public:
  ElementEmitter(KernelFunction &kernel, int64_t lanes, mlir::Value mask = {})
      : kernel(kernel), lanes(lanes), mask(mask) {}

  /// The element(s) of `tensor` (a value of the kernel's body) at `point`, in its register type.
  mlir::Value at(mlir::Value tensor, const Point &point);

  /// From now on `tensor` at a point is what `value` says.
  using Definition = std::function<mlir::Value(ElementEmitter &, const Point &)>;
  void define(mlir::Value tensor, Definition value) { definitions[tensor] = std::move(value); }
  /// Takes over another emitter's definitions.
  void inherit(const ElementEmitter &other) { definitions = other.definitions; }

  /// Stores `value` (lanes of it, as the mask says) at a point of a buffer with these dims.
  void store(mlir::Value value, mlir::Value buffer, llvm::ArrayRef<Dim> dims, const Point &point);
  /// Stores values that lie beside each other, one for each element of the last axis, where `point` is 0. Returns false
  /// where they have to be stored one by one: in tails, and where the lanes are not along the axis before.
  bool storeInterleaved(llvm::ArrayRef<mlir::Value> values, mlir::Value buffer, llvm::ArrayRef<Dim> dims,
                        const Point &point);
  /// Loads from a buffer with these dims. `element` is the tensor's element type.
  mlir::Value load(mlir::Value buffer, mlir::Type element, llvm::ArrayRef<Dim> dims, const Point &point);

  /// Where the lanes of `tensor` at `point` lie in memory, one after the other as they are; null where they are computed.
  mlir::Value addressAt(mlir::Value tensor, Point point);
  /// The same of what lies in a buffer with these dims.
  mlir::Value addressAt(mlir::Value buffer, llvm::ArrayRef<Dim> dims, const Point &point);

  /// A scalar spread over the lanes (itself in scalar mode).
  mlir::Value spread(mlir::Value scalar);
  /// The index along an axis as a vector of index (or the scalar base).
  mlir::Value indexOf(const AxisPoint &axis);
  mlir::Type valueType(mlir::Type element);
  /// Evaluates `value` only where `inside` (i1 or lanes of i1) holds; `otherwise` elsewhere.
  mlir::Value guarded(mlir::Value inside, mlir::Value otherwise, llvm::function_ref<mlir::Value()> value);

  /// An element of an index operand as a checked place on an axis of `extent`; one for all lanes stays scalar.
  AxisPoint indexAt(mlir::Value indices, const Point &point, const Dim &extent);

  KernelFunction &kernel;
  const int64_t lanes;
  mlir::Value mask;
  int64_t bytesAhead = 0; ///< lines so far behind what vectors read and write are fetched; 0: the processor sees to it

private:
  void fetchAhead(mlir::Value buffer, mlir::Value base, bool isWrite);
  mlir::Value compute(mlir::Operation *op, const Point &point);
  /// Where `op` takes its element at `point` from in its operand, if that is all it does.
  std::optional<Point> origin(mlir::Operation *op, const Point &point);
  mlir::Value elementwise(mlir::Operation *op, const Point &point);
  mlir::Value concat(graph::ConcatOp op, const Point &point);
  mlir::Value pad(graph::PadOp op, const Point &point);
  /// Where a vector lies in the operand with all of its lanes, and where it need not.
  mlir::Value padded(graph::PadOp op, Point point);
  mlir::Value padAtEdges(graph::PadOp op, const Point &point);
  AxisPoint folded(graph::PadMode mode, const AxisPoint &place, const Dim &extent);
  mlir::Value gather(graph::GatherOp op, const Point &point);
  /// A register as it lies in memory: bools are bytes.
  mlir::Value stored(mlir::Value value);
  mlir::Value constant(graph::ConstantOp op, const Point &point);
  mlir::Value shapeVector(graph::ShapeVectorOp op, const Point &point);
  mlir::Value reduce(graph::ReduceOp op, const Point &point);
  mlir::Value pool(graph::PoolOp op, const Point &point);
  mlir::Value block(graph::BlockOp op, const Point &point);
  mlir::Value unblock(graph::UnblockOp op, const Point &point);
  // ElementIndexing.cpp
  mlir::Value gatherElements(graph::GatherElementsOp op, const Point &point);
  mlir::Value gatherNd(graph::GatherNdOp op, const Point &point);
  mlir::Value argReduce(graph::ArgReduceOp op, const Point &point);
  mlir::Value argReduceRow(graph::ArgReduceOp op, const Point &point);
  // ElementResize.cpp
  mlir::Value resize(graph::ResizeOp op, const Point &point);

  /// The point of `operand` for elementwise broadcasting of `point`.
  Point broadcastPoint(mlir::Value operand, const Point &point);
  /// Turns the index vector or scalar of an ONNX index operand into an axis inside [0, extent), checked.
  AxisPoint checkedIndex(mlir::Value index, const Dim &extent);
  /// lower <= axis < upper as i1, or lanes of i1.
  mlir::Value inRange(const AxisPoint &axis, mlir::Value lower, mlir::Value upper);
  AxisPoint shifted(const AxisPoint &axis, mlir::Value by);
  AxisPoint divided(const AxisPoint &axis, int64_t by, bool remainder);

  /// A value already computed at a point, under a mask: found again where its block encloses the insertion point.
  struct Known {
    Point point;
    mlir::Value mask, value;
  };
  llvm::DenseMap<mlir::Value, llvm::SmallVector<Known, 1>> known;
  llvm::DenseMap<mlir::Value, Definition> definitions;
};

/// The scalar meaning of an elementwise op on registers of scalar or vector type (passes/loops/ScalarOps.cpp). Lanes
/// outside `mask` hold no element: what they hold is no error.
mlir::Value emitScalarOp(KernelFunction &kernel, mlir::Operation *op, mlir::ValueRange operands, mlir::Value mask = {});

/// Converts between register types: a cast of ONNX (saturating float to integer, bool as not-zero).
mlir::Value emitCast(mlir::ImplicitLocOpBuilder &builder, mlir::Value value, mlir::Type from, mlir::Type to);

/// The neutral element and the step of a reduction, on registers.
mlir::Value reductionStart(KernelFunction &kernel, graph::ReduceKind kind, mlir::Type element, mlir::Type registerType);
mlir::Value reductionStep(mlir::ImplicitLocOpBuilder &builder, graph::ReduceKind kind, mlir::Type element,
                          mlir::Value a, mlir::Value b);
/// Whether `value` takes the place of the extremum `best`: it is beyond it, or as far and later ones win. A NaN is beyond
/// all numbers.
mlir::Value extremumMoves(mlir::ImplicitLocOpBuilder &builder, graph::ArgReduceOp op, mlir::Type element,
                          mlir::Value value, mlir::Value best);
/// Combines the lanes of a vector into one scalar, in a fixed order.
mlir::Value reduceLanes(mlir::ImplicitLocOpBuilder &builder, graph::ReduceKind kind, mlir::Type element,
                        mlir::Value vector);

} // namespace quern
