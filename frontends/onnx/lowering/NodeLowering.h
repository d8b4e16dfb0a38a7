// One ONNX node on its way to graph ops: what a lowering reads of the node, and the helpers it builds with.
//
// Operands are graph values already: tensors of known element type and rank, with symbolic dims. Every helper folds at
// once: what is known at compile time comes back as graph.constant or graph.shape_vector, so shape arithmetic vanishes.
//
// Helpers return values, not Expected. A helper that cannot build its op (operands that do not broadcast, a negative
// extent) records the node's first failure and returns an operand of the largest rank in its place; the walk reports
// the failure when the lowering returns. So a lowering checks what it reads itself and leaves the rest to the helpers.
#pragma once
#include "compiler/Diagnostics.h"
#include "dialects/graph/ElementTypes.h"
#include "dialects/graph/Graph.h"
#include "dialects/onnx/OnnxOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quern::onnx {

class Walk;

/// What a lowering returns: one value for each result of the node, null for those that nobody wants.
using Lowered = llvm::Expected<llvm::SmallVector<mlir::Value>>;

class NodeLowering {
public:
  /// `operands` are the node's inputs, null where it leaves one out.
  NodeLowering(Walk &walk, NodeOp node, llvm::ArrayRef<mlir::Value> operands, mlir::OpBuilder::InsertPoint where);

  mlir::ImplicitLocOpBuilder builder;

  //===--- The node ---------------------------------------------------------------------------===//
  llvm::StringRef opType() { return node.getOpType(); }
  /// The model's version of the operator's domain.
  int64_t version() { return node.getOpset(); }
  size_t numOperands() { return operands.size(); }
  /// Null when absent.
  mlir::Value operand(size_t i) { return i < operands.size() ? operands[i] : mlir::Value(); }
  bool has(size_t i) { return bool(operand(i)); }
  llvm::ArrayRef<mlir::Value> allOperands() { return operands; }
  size_t numResults() { return node.getNumResults(); }
  /// False for results that the node leaves out or that nobody uses.
  bool wantsResult(size_t i) { return i < numResults() && !node.getResult(i).use_empty(); }
  /// The name in the file of a result; "" if it has none.
  llvm::StringRef resultName(size_t i);

  bool hasAttr(llvm::StringRef name) { return bool(node.getNodeAttr(name)); }
  mlir::Attribute attr(llvm::StringRef name) { return node.getNodeAttr(name); }
  /// Attributes of another kind than asked for count as absent.
  int64_t integer(llvm::StringRef name, int64_t otherwise);
  double real(llvm::StringRef name, double otherwise);
  llvm::StringRef text(llvm::StringRef name, llvm::StringRef otherwise);
  std::optional<llvm::SmallVector<int64_t>> integers(llvm::StringRef name);
  std::optional<llvm::SmallVector<double>> reals(llvm::StringRef name);
  std::optional<llvm::SmallVector<std::string>> strings(llvm::StringRef name);
  mlir::ElementsAttr tensor(llvm::StringRef name) { return node.getNodeAttrOfType<mlir::ElementsAttr>(name); }
  mlir::Region *region(llvm::StringRef name) { return node.getNamedRegion(name); }

  //===--- Errors -----------------------------------------------------------------------------===//
  /// "node 'name' (Op, opset 13): text"; the text is an llvm::formatv format, types are shown by graph::typeText.
  template <typename... Args> llvm::Error error(ErrorKind kind, const char *format, Args &&...args) {
    return llvm::make_error<QuernError>(kind,
                                        prefix() + llvm::formatv(format, shown(std::forward<Args>(args))...).str());
  }
  /// Records the node's failure, if it is the first.
  void fail(llvm::Error error);
  bool failed() { return bool(failure); }
  llvm::Error takeFailure();
  /// Tells the user what the compiled model does otherwise than the node might: "node 'name' (Op, opset 13): text".
  void warn(const llvm::Twine &text);
  /// Model error unless there are `least` to `most` inputs, the first `least` of them present.
  llvm::Error expectOperands(size_t least, size_t most = SIZE_MAX);

  //===--- Values at compile time -------------------------------------------------------------===//
  /// The elements of an integer operand, where they are constants or shape arithmetic.
  std::optional<llvm::SmallVector<Dim>> knownDims(size_t i) {
    return has(i) ? graph::knownIntegers(operand(i)) : std::nullopt;
  }
  /// Each element of an integer tensor of rank 1 and static extent (or rank 0) that is known: parts of a concat may be.
  llvm::SmallVector<std::optional<Dim>> partlyKnown(mlir::Value value);
  /// The same where all are constants.
  std::optional<llvm::SmallVector<int64_t>> knownInts(size_t i);
  std::optional<llvm::SmallVector<int64_t>> knownInts(mlir::Value value);
  /// The elements of a constant operand of floats, integers or bools, as doubles.
  std::optional<llvm::SmallVector<double>> knownReals(size_t i);
  /// The elements of an integer operand: known, or symbols that graph.read_symbols binds at run time to values of at
  /// least `minimum`, which is not negative as symbols never are. The operand has rank 0 or rank 1 of static extent;
  /// anything else is recorded as a failure and gives no elements.
  llvm::SmallVector<Dim> readDims(size_t i, int64_t minimum = 0) { return readDims(operand(i), minimum); }
  llvm::SmallVector<Dim> readDims(mlir::Value value, int64_t minimum = 0);
  /// `value` in [-rank, rank) as one in [0, rank).
  llvm::Expected<int64_t> axis(int64_t value, int64_t rank, llvm::StringRef attribute = "axis");
  /// All of them, in the given order; an axis given twice is an error.
  llvm::Expected<llvm::SmallVector<int64_t>> axes(llvm::ArrayRef<int64_t> values, int64_t rank,
                                                  llvm::StringRef attribute = "axes");
  /// A symbol that nothing else in the model has.
  Dim freshSymbol(llvm::StringRef base);

  //===--- Constants --------------------------------------------------------------------------===//
  /// A rank-0 constant in the element type of `like` (a tensor type or an element type).
  mlir::Value constant(double value, mlir::Type like);
  mlir::Value constantInt(int64_t value, mlir::Type like);
  mlir::Value constant(mlir::ElementsAttr value);
  /// i64 of rank 1.
  mlir::Value integerVector(llvm::ArrayRef<int64_t> values);
  /// Integers that are dims, i64 of rank 1 or of the type given; a constant where all are.
  mlir::Value dimVector(llvm::ArrayRef<Dim> dims, mlir::RankedTensorType type = {});
  /// Of this element type, and of rank 0 on request.
  mlir::Value dimVector(llvm::ArrayRef<Dim> dims, mlir::Type element, bool rank0) {
    llvm::SmallVector<int64_t> shape(rank0 ? 0 : 1, dims.size());
    return dimVector(dims, mlir::RankedTensorType::get(shape, element ? element : builder.getI64Type()));
  }
  /// A splat of a constant over dims.
  mlir::Value splat(double value, mlir::Type element, llvm::ArrayRef<Dim> dims);

  /// The tensor type of these dims. A failure is recorded where there is none, and the type has extents of 1 instead.
  mlir::RankedTensorType type(llvm::ArrayRef<Dim> dims, mlir::Type element);

  //===--- Building ---------------------------------------------------------------------------===//
  /// An op with inferred result type, folded: create<graph::SoftmaxOp>(x, axis, false). Arguments as for the op's build
  /// with a result type, without that type.
  template <typename OpTy, typename... Args> mlir::Value create(Args &&...args) {
    mlir::OperationState state(builder.getLoc(), OpTy::getOperationName());
    OpTy::build(builder, state, mlir::Type(builder.getNoneType()), std::forward<Args>(args)...);
    state.types.clear();
    return inferred(state, &OpTy::inferReturnTypes);
  }
  /// An op with a given result type (null: recorded as a failure), folded.
  template <typename OpTy, typename... Args> mlir::Value createAs(mlir::Type type, Args &&...args) {
    mlir::OperationState state(builder.getLoc(), OpTy::getOperationName());
    OpTy::build(builder, state, type ? type : mlir::Type(builder.getNoneType()), std::forward<Args>(args)...);
    return type ? finish(state) : refuse(state, "a result has a negative extent or one that does not fit 64 bits");
  }

  /// Broadcasting binary op with graph.guards for the pairs of dims that nothing says are equal.
  template <typename OpTy, typename... Args> mlir::Value binary(mlir::Value a, mlir::Value b, Args &&...args) {
    guardBroadcast(a, b);
    return create<OpTy>(a, b, std::forward<Args>(args)...);
  }
  mlir::Value add(mlir::Value a, mlir::Value b) { return binary<graph::AddOp>(a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return binary<graph::SubOp>(a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return binary<graph::MulOp>(a, b); }
  mlir::Value div(mlir::Value a, mlir::Value b) { return binary<graph::DivOp>(a, b); }
  mlir::Value min(mlir::Value a, mlir::Value b) { return binary<graph::MinOp>(a, b); }
  mlir::Value max(mlir::Value a, mlir::Value b) { return binary<graph::MaxOp>(a, b); }
  mlir::Value add(mlir::Value a, double b) { return add(a, constant(b, a.getType())); }
  mlir::Value sub(mlir::Value a, double b) { return sub(a, constant(b, a.getType())); }
  mlir::Value mul(mlir::Value a, double b) { return mul(a, constant(b, a.getType())); }
  mlir::Value div(mlir::Value a, double b) { return div(a, constant(b, a.getType())); }
  mlir::Value min(mlir::Value a, double b) { return min(a, constant(b, a.getType())); }
  mlir::Value max(mlir::Value a, double b) { return max(a, constant(b, a.getType())); }
  mlir::Value compare(graph::CompareKind kind, mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
  template <typename OpTy> mlir::Value unary(mlir::Value a) { return create<OpTy>(a); }
  mlir::Value neg(mlir::Value a) { return unary<graph::NegOp>(a); }
  mlir::Value exp(mlir::Value a) { return unary<graph::ExpOp>(a); }
  mlir::Value sqrt(mlir::Value a) { return unary<graph::SqrtOp>(a); }
  mlir::Value sigmoid(mlir::Value a) { return unary<graph::SigmoidOp>(a); }
  mlir::Value tanh(mlir::Value a) { return unary<graph::TanhOp>(a); }

  /// The value itself where nothing changes; so for all that follow.
  mlir::Value cast(mlir::Value value, mlir::Type element);
  /// The same bits; both types have the same width, and none is a bool.
  mlir::Value bitcast(mlir::Value value, mlir::Type element);
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<Dim> dims);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation);
  mlir::Value broadcast(mlir::Value value, llvm::ArrayRef<Dim> dims);
  /// As many elements as `sizes`, from `starts` in `steps`; all have one entry per axis.
  mlir::Value slice(mlir::Value value, llvm::ArrayRef<Dim> starts, llvm::ArrayRef<int64_t> steps,
                    llvm::ArrayRef<Dim> sizes);
  mlir::Value sliceAxis(mlir::Value value, int64_t axis, const Dim &start, const Dim &size);
  mlir::Value concat(llvm::ArrayRef<mlir::Value> values, int64_t axis);
  /// `value` (null: zero) is of rank 0.
  mlir::Value pad(mlir::Value operand, llvm::ArrayRef<Dim> low, llvm::ArrayRef<Dim> high, mlir::Value value = {},
                  graph::PadMode mode = graph::PadMode::constant);
  mlir::Value gather(mlir::Value data, mlir::Value indices, int64_t axis);
  /// Removes the reduced axes unless `keep`.
  mlir::Value reduce(mlir::Value value, llvm::ArrayRef<int64_t> axes, graph::ReduceKind kind, bool keep = true);
  mlir::Value squeeze(mlir::Value value, llvm::ArrayRef<int64_t> axes);
  /// `axes` are those of the result.
  mlir::Value unsqueeze(mlir::Value value, llvm::ArrayRef<int64_t> axes);
  /// Operands of rank >= 2.
  mlir::Value matmul(mlir::Value a, mlir::Value b, bool transposeRhs = false);
  mlir::Value iota(llvm::ArrayRef<Dim> dims, int64_t axis, mlir::Type element);
  /// States that two dims are equal: nothing if they are, a failure if they cannot be, else a graph.guard. Returns the
  /// one that says more.
  Dim guard(const Dim &a, const Dim &b, const llvm::Twine &message);
  void guardBroadcast(mlir::Value a, mlir::Value b);
  /// States that a dim is at most another one.
  void guardAtMost(const Dim &dim, const Dim &most, const llvm::Twine &message);
  /// States that an axis from which `count` elements are picked has one; without elements to pick it may be empty.
  void guardNotEmpty(const Dim &extent, const Dim &count);

  //===--- Sequences and subgraphs ------------------------------------------------------------===//
  /// A sequence whose length is known at compile time is a builtin.unrealized_conversion_cast of its elements; it must
  /// have gone when the walk ends.
  mlir::Value list(llvm::ArrayRef<mlir::Value> elements);
  std::optional<llvm::SmallVector<mlir::Value>> elementsOf(mlir::Value sequence);
  /// Lowers a subgraph of the node at the end of `into` and returns what it yields.
  Lowered lowerRegion(mlir::Region &region, llvm::ArrayRef<mlir::Value> arguments, mlir::Block *into);

  /// Erases an op with regions that were lowered in vain.
  void discard(mlir::Operation *op);

  /// Simplifies an op that was made with `builder`: its value, or the constant or shape_vector that replaces it.
  mlir::Value fold(mlir::Operation *op);

private:
  using Infer = mlir::LogicalResult (*)(mlir::MLIRContext *, std::optional<mlir::Location>, mlir::ValueRange,
                                        mlir::DictionaryAttr, mlir::OpaqueProperties, mlir::RegionRange,
                                        llvm::SmallVectorImpl<mlir::Type> &);
  mlir::Value inferred(mlir::OperationState &state, Infer infer);
  mlir::Value finish(mlir::OperationState &state);
  void checkElementTypes(mlir::Operation *op);
  /// States that extents which may turn out negative are not.
  void guardExtents(mlir::Type type);
  mlir::Value refuse(mlir::OperationState &state, const llvm::Twine &why);
  std::string prefix();
  template <typename T> static auto shown(T &&value) {
    if constexpr (std::is_base_of_v<mlir::Type, std::remove_cvref_t<T>>)
      return graph::typeText(value);
    else
      return std::decay_t<T>(std::forward<T>(value));
  }

  Walk &walk;
  NodeOp node;
  llvm::SmallVector<mlir::Value> operands;
  std::optional<Failure> failure;
};

using Lower = Lowered (*)(NodeLowering &);

/// A line of Lowerings.inc.
struct LoweringEntry {
  llvm::StringLiteral domain, opType;
  int64_t since;     // the operator's first version that it takes
  bool tensorsOnly;  // false: some operands may be sequences or optionals
  Lower lower;
};
/// Null when there is none.
const LoweringEntry *findLowering(llvm::StringRef domain, llvm::StringRef opType);

#define QUERN_LOWER_AS(DOMAIN, OP, SINCE, TENSORS_ONLY, FUNCTION) Lowered FUNCTION(NodeLowering &);
#include "frontends/onnx/lowering/Lowerings.inc"

} // namespace quern::onnx
