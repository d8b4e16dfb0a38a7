// RotaryEmbedding: pairs of features turned by angles whose cosines and sines are given.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

/// `count` elements of the last axis from `start` in `step`.
static Value lastAxis(NodeLowering &node, Value x, const Dim &start, int64_t step, const Dim &count) {
  SmallVector<Dim> sizes = graph::dimsOf(x), starts(sizes.size(), 0);
  SmallVector<int64_t> steps(sizes.size(), 1);
  starts.back() = start;
  steps.back() = step;
  sizes.back() = count;
  return node.slice(x, starts, steps, sizes);
}

/// Cosines or sines as [B, S, 1, half]: given for each place, or picked by position_ids [B, S].
static Value angles(NodeLowering &node, size_t operand) {
  Value cache = node.operand(operand);
  if (node.has(3))
    cache = node.gather(cache, node.operand(3), 0);
  return node.unsqueeze(cache, {2});
}

/// [B, N, S, D] or [B, S, N * D] as [B, S, N, D].
static llvm::Expected<Value> headsLast(NodeLowering &node) {
  Value x = node.operand(0);
  SmallVector<Dim> dims = graph::dimsOf(x);
  if (dims.size() == 4)
    return node.transpose(x, {0, 2, 1, 3});
  int64_t heads = node.integer("num_heads", 0);
  if (dims.size() != 3 || heads < 1)
    return node.error(ErrorKind::Model, "takes [B, N, S, D], or [B, S, N * D] and num_heads; got {0} and {1}",
                      x.getType(), heads);
  Dim size = dims[2].floordiv(heads);
  return node.reshape(x, {dims[0], dims[1], heads, size});
}

Lowered onnx::lowerRotaryEmbedding(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(3, 4))
    return error;
  llvm::Expected<Value> heads = headsLast(node);
  if (!heads)
    return heads.takeError();
  for (size_t cache : {1, 2})
    if (graph::rankOf(node.operand(cache)) != (node.has(3) ? 2 : 3))
      return node.error(ErrorKind::Model, "input {0} is {1}, expected {2} axes", cache, node.operand(cache).getType(),
                        node.has(3) ? 2 : 3);
  Value x = *heads, cosines = angles(node, 1), sines = angles(node, 2);
  SmallVector<Dim> dims = graph::dimsOf(x);
  int64_t given = node.integer("rotary_embedding_dim", 0);
  Dim turned = given > 0 ? Dim(given) : dims.back(), half = turned.floordiv(2);
  node.guard(half * 2, turned, "features are turned in pairs");
  node.guard(graph::dimsOf(cosines).back(), half, "the caches must have half as many columns as features are turned");
  bool interleaved = node.integer("interleaved", 0);
  Value a = lastAxis(node, x, 0, interleaved ? 2 : 1, half);
  Value b = lastAxis(node, x, interleaved ? Dim(1) : half, interleaved ? 2 : 1, half);
  Value real = node.sub(node.mul(cosines, a), node.mul(sines, b)),
        imaginary = node.add(node.mul(sines, a), node.mul(cosines, b));
  Value rotated;
  if (interleaved) {
    SmallVector<Dim> pairs = dims;
    pairs.back() = turned;
    rotated = node.reshape(node.concat({node.unsqueeze(real, {4}), node.unsqueeze(imaginary, {4})}, 4), pairs);
  } else {
    rotated = node.concat({real, imaginary}, 3);
  }
  if (turned != dims.back())
    rotated = node.concat({rotated, lastAxis(node, x, turned, 1, dims.back() - turned)}, 3);
  if (graph::rankOf(node.operand(0)) == 4)
    return one(node.transpose(rotated, {0, 2, 1, 3}));
  return one(node.reshape(rotated, graph::dimsOf(node.operand(0))));
}
