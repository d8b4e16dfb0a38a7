// Reductions, and what picks by size along an axis.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::ReduceKind;

//===--- Reduce* ----------------------------------------------------------------------------===//

static Value keep(NodeLowering &, Value x) { return x; }
static Value magnitude(NodeLowering &node, Value x) { return node.unary<graph::AbsOp>(x); }
static Value square(NodeLowering &node, Value x) { return node.mul(x, x); }
static Value root(NodeLowering &node, Value x) { return node.sqrt(x); }
static Value logarithm(NodeLowering &node, Value x) { return node.unary<graph::LogOp>(x); }

namespace {
/// What is done to each element, how they are combined, what is done to the result.
struct Reduction {
  llvm::StringLiteral name;
  Value (*before)(NodeLowering &, Value);
  ReduceKind kind;
  Value (*after)(NodeLowering &, Value);
  int64_t axesAreInput; // since this opset
  bool inReals;         // integers are computed as f64
};
} // namespace

static const Reduction kReductions[] = {
    {"ReduceSum", keep, ReduceKind::sum, keep, 13, false},
    {"ReduceMean", keep, ReduceKind::mean, keep, 18, true},
    {"ReduceProd", keep, ReduceKind::prod, keep, 18, false},
    {"ReduceMin", keep, ReduceKind::min, keep, 18, false},
    {"ReduceMax", keep, ReduceKind::max, keep, 18, false},
    {"ReduceL1", magnitude, ReduceKind::sum, keep, 18, false},
    {"ReduceL2", square, ReduceKind::sum, root, 18, true},
    {"ReduceSumSquare", square, ReduceKind::sum, keep, 18, false},
    {"ReduceLogSum", keep, ReduceKind::sum, logarithm, 18, true},
};

namespace {
/// The axes to reduce: known, or flags where they are data (see DataAxes.cpp).
struct ReducedAxes {
  SmallVector<int64_t> known;
  Value flags;
  int64_t count; // of the axes that data name
};
} // namespace

static llvm::Expected<ReducedAxes> reducedAxes(NodeLowering &node, int64_t axesAreInput) {
  int64_t rank = graph::rankOf(node.operand(0));
  bool byInput = node.version() >= axesAreInput;
  std::optional<int64_t> count = byInput ? dataAxes(node, 1) : std::nullopt;
  if (count && *count > 0)
    return ReducedAxes{{}, axisFlags(node, node.operand(1), rank), *count};
  llvm::Expected<std::optional<SmallVector<int64_t>>> given = node.integers("axes");
  if (count)
    given = std::optional(SmallVector<int64_t>());
  else if (byInput)
    given = attributeOrInput(node, "axes", 1);
  if (!given)
    return given.takeError();
  ReducedAxes axes{};
  if (!*given || (*given)->empty()) {
    if (!node.integer("noop_with_empty_axes", 0))
      axes.known = llvm::to_vector(llvm::seq<int64_t>(rank));
    return axes;
  }
  llvm::Expected<SmallVector<int64_t>> known = node.axes(**given, rank);
  if (!known)
    return known.takeError();
  axes.known = *known;
  return axes;
}

/// `reduce` along the axes, which stay with extent 1: along all at once, or along one after another where they are
/// data.
static llvm::Expected<Value> reduceAlong(NodeLowering &node, Value x, const ReducedAxes &axes,
                                         llvm::function_ref<Value(Value, ArrayRef<int64_t>)> reduce) {
  if (!axes.flags)
    return reduce(x, axes.known);
  return reduceFlagged(node, x, axes.flags, [&](Value value, int64_t axis) { return reduce(value, axis); });
}

/// Takes the axes out unless the node keeps them.
static Value dropAxes(NodeLowering &node, Value x, const ReducedAxes &axes) {
  if (node.integer("keepdims", 1))
    return x;
  return axes.flags ? squeezeFlagged(node, x, axes.flags, axes.count) : node.squeeze(x, axes.known);
}

Lowered onnx::lowerReduce(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 2))
    return error;
  const Reduction *row =
      llvm::find_if(kReductions, [&](const Reduction &entry) { return entry.name == node.opType(); });
  llvm::Expected<ReducedAxes> axes = reducedAxes(node, row->axesAreInput);
  if (!axes)
    return axes.takeError();
  Value x = node.operand(0);
  Type element = graph::elementOf(x);
  if (row->inReals && isa<IntegerType>(element))
    x = node.cast(x, node.builder.getF64Type());
  llvm::Expected<Value> reduced =
      reduceAlong(node, row->before(node, x), *axes,
                  [&](Value value, ArrayRef<int64_t> along) { return node.reduce(value, along, row->kind); });
  if (!reduced)
    return reduced.takeError();
  return one(node.cast(row->after(node, dropAxes(node, *reduced, *axes)), element));
}

/// log(sum(exp(x - m))) + m, where m is the maximum: no exponential overflows. An infinite maximum is left out.
static Value logSumExp(NodeLowering &node, Value x, ArrayRef<int64_t> axes) {
  Value largest = node.reduce(x, axes, ReduceKind::max);
  Value infinite = node.create<graph::IsInfOp>(largest, true, true);
  Value shift = node.select(infinite, node.constant(0, x.getType()), largest);
  Value sum = node.reduce(node.exp(node.sub(x, shift)), axes, ReduceKind::sum);
  return node.add(node.unary<graph::LogOp>(sum), shift);
}

Lowered onnx::lowerReduceLogSumExp(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 2))
    return error;
  llvm::Expected<ReducedAxes> axes = reducedAxes(node, 18);
  if (!axes)
    return axes.takeError();
  Value x = node.operand(0);
  if (!axes->flags && axes->known.empty())
    return one(x);
  Type element = graph::elementOf(x);
  if (isa<IntegerType>(element))
    x = node.cast(x, node.builder.getF64Type());
  llvm::Expected<Value> result =
      reduceAlong(node, x, *axes, [&](Value value, ArrayRef<int64_t> along) { return logSumExp(node, value, along); });
  if (!result)
    return result.takeError();
  return one(node.cast(dropAxes(node, *result, *axes), element));
}

//===--- Largest and smallest ---------------------------------------------------------------===//

Lowered onnx::lowerArgReduce(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  Value x = node.operand(0);
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", 0), graph::rankOf(x));
  if (!axis)
    return axis.takeError();
  bool last = node.integer("select_last_index", 0);
  node.guardNotEmpty(graph::dimOf(x, *axis), 1);
  Value index = node.create<graph::ArgReduceOp>(x, *axis, node.opType() == "ArgMax", last);
  return one(node.integer("keepdims", 1) ? index : node.squeeze(index, {*axis}));
}

Lowered onnx::lowerTopK(NodeLowering &node) {
  bool byInput = node.version() >= 10;
  if (llvm::Error error = node.expectOperands(byInput ? 2 : 1, byInput ? 2 : 1))
    return error;
  Value x = node.operand(0);
  SmallVector<Dim> dims = graph::dimsOf(x), k = {node.integer("k", -1)};
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", -1), dims.size());
  if (!axis)
    return axis.takeError();
  if (byInput)
    k = node.readDims(1);
  if (k.size() != 1)
    return node.error(ErrorKind::Model, "needs one k, got {0}", k.size());
  std::optional<int64_t> extent = dims[*axis].constant(), count = k[0].constant();
  if (extent && count && (*count < 0 || *count > *extent))
    return node.error(ErrorKind::Model, "k is {0}, but axis {1} has {2} elements", *count, *axis, *extent);
  dims[*axis] = k[0];
  bool largest = node.integer("largest", 1), sorted = node.integer("sorted", 1);
  auto op = node.builder.create<graph::TopKOp>(node.type(dims, graph::elementOf(x)),
                                               node.type(dims, node.builder.getI64Type()), x, *axis, largest, sorted);
  return SmallVector<Value>{op.getValues(), op.getIndices()};
}
