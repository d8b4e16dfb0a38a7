// Softmax and its kin. Before opset 13 they work on a matrix: the axes before `axis` are rows, the rest columns.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

static Value hardmax(NodeLowering &node, Value x, int64_t axis) {
  Type i64 = node.builder.getI64Type();
  SmallVector<Dim> dims(graph::rankOf(x), 1);
  dims[axis] = graph::dimOf(x, axis);
  Value largest = node.create<graph::ArgReduceOp>(x, axis, /*largest=*/true, /*last=*/false);
  Value hit = node.compare(graph::CompareKind::eq, largest, node.iota(dims, axis, i64));
  return node.cast(hit, graph::elementOf(x));
}

Lowered onnx::lowerSoftmax(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  Value x = node.operand(0);
  if (!isa<FloatType>(graph::elementOf(x)))
    return node.error(ErrorKind::Model, "does not take elements of type {0}", graph::elementOf(x));
  auto along = [&](Value value, int64_t axis) {
    if (node.opType() == "Hardmax")
      return hardmax(node, value, axis);
    return node.create<graph::SoftmaxOp>(value, axis, node.opType() == "LogSoftmax");
  };
  SmallVector<Dim> dims = graph::dimsOf(x);
  if (dims.empty())
    return one(node.reshape(along(node.reshape(x, {Dim(1)}), 0), {}));
  bool matrix = node.version() < 13;
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", matrix ? 1 : -1), dims.size());
  if (!axis)
    return axis.takeError();
  bool others = !product(ArrayRef(dims).drop_front(*axis + 1)).isEqualTo(1);
  if (!matrix || !others)
    return one(along(x, *axis));
  Value rows = node.reshape(x, {product(ArrayRef(dims).take_front(*axis)), product(ArrayRef(dims).drop_front(*axis))});
  return one(node.reshape(along(rows, 1), dims));
}
