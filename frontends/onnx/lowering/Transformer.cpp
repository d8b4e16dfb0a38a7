// ONNX Runtime's fused operators of transformers, which appear in models that it has optimized.
#include "frontends/onnx/lowering/Normalization.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::onnx;

/// input + skip (+ bias), normalized over the last axis. `gamma` is operand 2; `beta` follows it where there is one.
static Lowered lowerSkip(NodeLowering &node, bool centered) {
  size_t bias = centered ? 4 : 3;
  if (llvm::Error error = node.expectOperands(3, bias + 1))
    return error;
  Value sum = node.add(node.operand(0), node.operand(1));
  if (node.has(bias))
    sum = node.add(sum, node.operand(bias));
  int64_t last = rankOf(sum) - 1;
  if (last < 0)
    return node.error(ErrorKind::Model, "the input has rank 0, expected 1 or more");
  double epsilon = node.real("epsilon", 1e-5);
  Value y = node.mul(layerNorm(node, sum, last, epsilon, centered), node.operand(2));
  if (centered && node.has(3))
    y = node.add(y, node.operand(3));
  SmallVector<Value> results = {y, Value(), Value(), sum};
  if (node.wantsResult(1) || node.wantsResult(2)) {
    auto statistics = layerStatistics(node, sum, last, epsilon, centered);
    results[1] = statistics[0];
    results[2] = statistics[1];
  }
  results.resize(node.numResults());
  return results;
}

Lowered onnx::lowerSkipLayerNormalization(NodeLowering &node) { return lowerSkip(node, /*centered=*/true); }
Lowered onnx::lowerSkipSimplifiedLayerNormalization(NodeLowering &node) { return lowerSkip(node, /*centered=*/false); }

/// x * 0.5 * (1 + erf(x / sqrt(2))) of x + bias.
Lowered onnx::lowerBiasGelu(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  Value x = node.add(node.operand(0), node.operand(1));
  Value erf = node.unary<ErfOp>(node.mul(x, 0.70710678118654752440));
  return SmallVector<Value>{node.mul(node.mul(x, 0.5), node.add(erf, 1.0))};
}

/// x * 0.5 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) of x (+ bias).
Lowered onnx::lowerFastGelu(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 2))
    return error;
  Value x = node.has(1) ? node.add(node.operand(0), node.operand(1)) : node.operand(0);
  Value cubic = node.mul(node.mul(node.mul(x, x), x), 0.044715);
  Value tanh = node.tanh(node.mul(node.add(x, cubic), 0.79788456080286535588));
  return SmallVector<Value>{node.mul(node.mul(x, 0.5), node.add(tanh, 1.0))};
}
