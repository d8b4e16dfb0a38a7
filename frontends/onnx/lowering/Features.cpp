// Operators of ai.onnx.ml on plain tensors.
#include "frontends/onnx/lowering/Families.h"
#include <cmath>

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

/// The columns that Y names, in a tensor that has rows.
Lowered onnx::lowerArrayFeatureExtractor(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  Value x = node.operand(0), columns = node.operand(1);
  if (graph::rankOf(x) == 0 || !isa<IntegerType>(graph::elementOf(columns)))
    return node.error(ErrorKind::Model, "takes columns of {0} by indices of type {1}", x.getType(), columns.getType());
  Value picked = node.gather(x, node.reshape(columns, {product(graph::dimsOf(columns))}), graph::rankOf(x) - 1);
  return one(graph::rankOf(x) == 1 ? node.unsqueeze(picked, {0}) : picked);
}

Lowered onnx::lowerBinarizer(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  Value x = node.operand(0);
  double threshold = node.real("threshold", 0); // an integer is above it where it is above its floor
  threshold = isa<IntegerType>(graph::elementOf(x)) ? std::floor(threshold) : threshold;
  Value above = node.compare(graph::CompareKind::gt, x, node.constant(threshold, x.getType()));
  return one(node.cast(above, graph::elementOf(x)));
}
