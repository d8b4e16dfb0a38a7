// MatMul, Gemm and com.microsoft FusedMatMul.
#include "frontends/onnx/lowering/NodeLowering.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::onnx;

/// The operand with its last two axes exchanged.
static Value transposed(NodeLowering &node, Value value) {
  auto permutation = llvm::to_vector(llvm::seq<int64_t>(0, rankOf(value)));
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  return node.transpose(value, permutation);
}

static llvm::Error checkRank(NodeLowering &node, size_t operand, int64_t least) {
  if (rankOf(node.operand(operand)) >= least)
    return llvm::Error::success();
  return node.error(ErrorKind::Model, "operand {0} has rank {1}, expected {2} or more", operand,
                    rankOf(node.operand(operand)), least);
}

/// The product as in NumPy: an operand of rank 1 is a row on the left and a column on the right, whose axis the result
/// does not have.
static Value matrixProduct(NodeLowering &node, Value a, Value b) {
  bool row = rankOf(a) == 1, column = rankOf(b) == 1;
  if (row)
    a = node.unsqueeze(a, {0});
  if (column)
    b = node.unsqueeze(b, {1});
  Value y = node.matmul(a, b);
  SmallVector<int64_t> gone;
  if (row)
    gone.push_back(rankOf(y) - 2);
  if (column)
    gone.push_back(rankOf(y) - 1);
  return gone.empty() ? y : node.squeeze(y, gone);
}

Lowered onnx::lowerMatMul(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  for (size_t operand : {0, 1})
    if (llvm::Error error = checkRank(node, operand, 1))
      return error;
  return SmallVector<Value>{matrixProduct(node, node.operand(0), node.operand(1))};
}

Lowered onnx::lowerGemm(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 3))
    return error;
  Value a = node.operand(0), b = node.operand(1);
  for (size_t operand : {0, 1})
    if (rankOf(node.operand(operand)) != 2)
      return node.error(ErrorKind::Model, "operand {0} has rank {1}, expected 2", operand,
                        rankOf(node.operand(operand)));
  double alpha = node.real("alpha", 1.0), beta = node.real("beta", 1.0);
  if (!isa<FloatType>(elementOf(a)) && (alpha != std::trunc(alpha) || beta != std::trunc(beta)))
    return node.error(ErrorKind::Unsupported, "alpha is {0} and beta {1}, expected integers for operands of integers",
                      alpha, beta);

  if (node.integer("transA", 0))
    a = transposed(node, a);
  Value y = node.matmul(a, b, /*transposeRhs=*/node.integer("transB", 0) != 0);
  if (alpha != 1.0)
    y = node.mul(y, alpha);
  if (node.has(2) && beta != 0.0) {
    Value c = node.operand(2);
    if (rankOf(c) > 2)
      return node.error(ErrorKind::Model, "operand 2 has rank {0}, expected 2 or less", rankOf(c));
    y = node.add(y, beta == 1.0 ? c : node.mul(c, beta));
  }
  return SmallVector<Value>{y};
}

/// transBatchA and transBatchB: the operand is [M, batch..., K] and becomes [batch..., M, K].
static Value batchTransposed(NodeLowering &node, Value value) {
  auto permutation = llvm::to_vector(llvm::seq<int64_t>(1, rankOf(value) - 1));
  permutation.push_back(0);
  permutation.push_back(rankOf(value) - 1);
  return node.transpose(value, permutation);
}

Lowered onnx::lowerFusedMatMul(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  Value operands[] = {node.operand(0), node.operand(1)};
  const char *transpose[] = {"transA", "transB"}, *batch[] = {"transBatchA", "transBatchB"};
  for (int i : {0, 1}) {
    bool flips = node.integer(transpose[i], 0), moves = node.integer(batch[i], 0);
    if (llvm::Error error = checkRank(node, i, moves ? 3 : 1))
      return error;
    if (moves)
      operands[i] = batchTransposed(node, operands[i]);
    if (flips && rankOf(operands[i]) > 1) // a row is its own transpose
      operands[i] = transposed(node, operands[i]);
  }
  Value y = matrixProduct(node, operands[0], operands[1]);
  double alpha = node.real("alpha", 1.0);
  return SmallVector<Value>{alpha == 1.0 ? y : node.mul(y, alpha)};
}
