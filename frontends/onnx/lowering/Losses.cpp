// Losses that some models keep for inference: the logarithm of a class's probability, weighted and averaged.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::ReduceKind;

/// -weight[t] * logProbability[n, t, ...] for every target t that is not ignored, reduced as `reduction` says.
/// logProbabilities are [N, C, D...], targets [N, D...].
static llvm::Expected<Value> negativeLogLikelihood(NodeLowering &node, Value logProbabilities, Value targets,
                                                   Value weights) {
  SmallVector<Dim> dims = graph::dimsOf(logProbabilities), targetDims = graph::dimsOf(targets);
  if (dims.size() < 2 || targetDims.size() + 1 != dims.size())
    return node.error(ErrorKind::Model, "has scores of {0} axes and targets of {1}; they must be one apart",
                      dims.size(), targetDims.size());
  llvm::StringRef reduction = node.text("reduction", "mean");
  if (!llvm::is_contained({"none", "sum", "mean"}, reduction))
    return node.error(ErrorKind::Model, "reduction is {0}; it must be none, sum or mean", quoted(reduction));

  Type i64 = node.builder.getI64Type(), element = graph::elementOf(logProbabilities);
  Value index = node.cast(targets, i64), kept;
  if (node.hasAttr("ignore_index")) { // may lie outside the classes: read class 0 and multiply by 0
    Value ignored = node.compare(graph::CompareKind::eq, index, node.constantInt(node.integer("ignore_index", 0), i64));
    kept = node.cast(node.unary<graph::NotOp>(ignored), element);
    index = node.select(ignored, node.constantInt(0, i64), index);
  }
  Value column = node.unsqueeze(index, {1});
  Value picked = gatherElements(node, logProbabilities, column, 1);
  Value loss = node.neg(node.squeeze(picked, {1})), weight = kept;
  if (weights) {
    Value each = node.gather(weights, index, 0);
    weight = kept ? node.mul(each, kept) : each;
  }
  if (weight)
    loss = node.mul(loss, weight);
  if (reduction == "none")
    return loss;
  auto all = llvm::to_vector(llvm::seq<int64_t>(targetDims.size()));
  if (reduction == "mean" && !weight)
    return node.reduce(loss, all, ReduceKind::mean, /*keep=*/false);
  Value sum = node.reduce(loss, all, ReduceKind::sum, /*keep=*/false);
  return reduction == "sum" ? sum : node.div(sum, node.reduce(weight, all, ReduceKind::sum, /*keep=*/false));
}

Lowered onnx::lowerNegativeLogLikelihoodLoss(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 3))
    return error;
  llvm::Expected<Value> loss = negativeLogLikelihood(node, node.operand(0), node.operand(1), node.operand(2));
  return loss ? one(*loss) : loss.takeError();
}

Lowered onnx::lowerSoftmaxCrossEntropyLoss(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 3))
    return error;
  if (graph::rankOf(node.operand(0)) < 2)
    return node.error(ErrorKind::Model, "takes scores of 2 axes or more, got {0}", node.operand(0).getType());
  Value logProbabilities = node.create<graph::SoftmaxOp>(node.operand(0), 1, /*log=*/true);
  llvm::Expected<Value> loss = negativeLogLikelihood(node, logProbabilities, node.operand(1), node.operand(2));
  if (!loss)
    return loss.takeError();
  return SmallVector<Value>{*loss, logProbabilities};
}
