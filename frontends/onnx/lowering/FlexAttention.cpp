// FlexAttention: attention whose scores and probabilities pass through graphs of the model.
#include "frontends/onnx/ElementType.h"
#include "frontends/onnx/lowering/Families.h"
#include <cmath>

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

/// Keys or values [B, Hk, T, D] for `heads` query heads, neighbours sharing one.
static Value repeatHeads(NodeLowering &node, Value x, const Dim &heads) {
  SmallVector<Dim> dims = graph::dimsOf(x);
  if (dims[1] == heads)
    return x;
  Dim group = heads.floordiv(dims[1]);
  Value each = node.broadcast(node.unsqueeze(x, {2}), {dims[0], dims[1], group, dims[2], dims[3]});
  return node.reshape(each, {dims[0], heads, dims[2], dims[3]});
}

/// `x` as the graph of an attribute changes it, in the element type it has.
static llvm::Expected<Value> modified(NodeLowering &node, Value x, llvm::StringRef attribute) {
  Region *graph = node.region(attribute);
  if (!graph)
    return x;
  if (graph->getNumArguments() != 1)
    return node.error(ErrorKind::Model, "the graph {0} takes {1} inputs, expected 1", attribute,
                      graph->getNumArguments());
  Lowered made = node.lowerRegion(*graph, {x}, node.builder.getInsertionBlock());
  if (!made)
    return made.takeError();
  if (made->size() != 1 || graph::rankOf(made->front()) != 4)
    return node.error(ErrorKind::Model, "the graph {0} must give one tensor of 4 axes", attribute);
  return node.cast(made->front(), graph::elementOf(x));
}

/// The type of scores and probabilities: f32 or wider unless softmax_precision says otherwise.
static llvm::Expected<Type> precisionOf(NodeLowering &node, Type element) {
  int64_t code = node.integer("softmax_precision", 0);
  if (code == 0)
    return element.getIntOrFloatBitWidth() < 32 ? Type(node.builder.getF32Type()) : element;
  const ElementType *named = findElementType(int32_t(code));
  Type type = named ? named->build(node.builder.getContext()) : Type();
  if (!type || !isa<FloatType>(type))
    return node.error(ErrorKind::Model, "softmax_precision is {0}, which is no type of floats", code);
  return type;
}

Lowered onnx::lowerFlexAttention(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(3, 3))
    return error;
  Value q = node.operand(0), k = node.operand(1), v = node.operand(2);
  for (Value operand : {q, k, v})
    if (graph::rankOf(operand) != 4 || !isa<FloatType>(graph::elementOf(operand)))
      return node.error(ErrorKind::Model, "takes floats [batch, heads, places, size], got {0}", operand.getType());
  Type element = graph::elementOf(q);
  llvm::Expected<Type> precision = precisionOf(node, element);
  if (!precision)
    return precision.takeError();
  Dim heads = graph::dimOf(q, 1);
  for (Value operand : {k, v})
    node.guard(graph::dimOf(operand, 1) * heads.floordiv(graph::dimOf(operand, 1)), heads,
               "query heads must be a multiple of key and value heads");
  std::optional<int64_t> size = graph::dimOf(q, 3).constant();
  if (!size && !node.hasAttr("scale"))
    return node.error(ErrorKind::Unsupported, "the head size {0} is dynamic; give the attribute scale",
                      graph::dimOf(q, 3).str());
  double scale = std::sqrt(node.hasAttr("scale") ? node.real("scale", 1) : 1 / std::sqrt(double(*size)));

  Value scores = node.matmul(node.mul(q, scale), node.mul(repeatHeads(node, k, heads), scale), /*transposeRhs=*/true);
  llvm::Expected<Value> changed = modified(node, node.cast(scores, *precision), "score_mod");
  if (!changed)
    return changed.takeError();
  llvm::Expected<Value> weights = modified(node, node.create<graph::SoftmaxOp>(*changed, 3, /*log=*/false), "prob_mod");
  if (!weights)
    return weights.takeError();
  Value result = node.matmul(*weights, node.cast(repeatHeads(node, v, heads), *precision));
  return one(node.cast(result, graph::elementOf(v)));
}
