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

/// The axes to reduce; nothing for "none at all".
static llvm::Expected<std::optional<SmallVector<int64_t>>> reducedAxes(NodeLowering &node, int64_t axesAreInput) {
  int64_t rank = graph::rankOf(node.operand(0));
  llvm::Expected<std::optional<SmallVector<int64_t>>> given = node.integers("axes");
  if (node.version() >= axesAreInput)
    given = attributeOrInput(node, "axes", 1);
  if (!given)
    return given.takeError();
  if (!*given || (*given)->empty()) {
    if (node.integer("noop_with_empty_axes", 0))
      return std::optional<SmallVector<int64_t>>();
    return std::optional(llvm::to_vector(llvm::seq<int64_t>(rank)));
  }
  llvm::Expected<SmallVector<int64_t>> axes = node.axes(**given, rank);
  if (!axes)
    return axes.takeError();
  return std::optional(*axes);
}

Lowered onnx::lowerReduce(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 2))
    return error;
  const Reduction *row = llvm::find_if(kReductions, [&](const Reduction &entry) { return entry.name == node.opType(); });
  llvm::Expected<std::optional<SmallVector<int64_t>>> axes = reducedAxes(node, row->axesAreInput);
  if (!axes)
    return axes.takeError();
  Value x = node.operand(0);
  Type element = graph::elementOf(x);
  if (row->inReals && isa<IntegerType>(element))
    x = node.cast(x, node.builder.getF64Type());
  x = row->before(node, x);
  if (*axes)
    x = node.reduce(x, **axes, row->kind, node.integer("keepdims", 1));
  return one(node.cast(row->after(node, x), element));
}

/// log(sum(exp(x - m))) + m, where m is the maximum: no exponential overflows. An infinite maximum is left out.
Lowered onnx::lowerReduceLogSumExp(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 2))
    return error;
  llvm::Expected<std::optional<SmallVector<int64_t>>> axes = reducedAxes(node, 18);
  if (!axes)
    return axes.takeError();
  Value x = node.operand(0);
  if (!*axes)
    return one(x);
  Type element = graph::elementOf(x);
  if (isa<IntegerType>(element))
    x = node.cast(x, node.builder.getF64Type());
  Value largest = node.reduce(x, **axes, ReduceKind::max);
  Value infinite = node.create<graph::IsInfOp>(largest, true, true);
  Value shift = node.select(infinite, node.constant(0, x.getType()), largest);
  Value sum = node.reduce(node.exp(node.sub(x, shift)), **axes, ReduceKind::sum);
  Value result = node.add(node.unary<graph::LogOp>(sum), shift);
  if (!node.integer("keepdims", 1))
    result = node.squeeze(result, **axes);
  return one(node.cast(result, element));
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
  auto op = node.builder.create<graph::TopKOp>(node.type(dims, graph::elementOf(x)), node.type(dims, node.builder.getI64Type()), x,
                                               *axis, largest, sorted);
  return SmallVector<Value>{op.getValues(), op.getIndices()};
}
