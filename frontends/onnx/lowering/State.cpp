// Operators of decoders that carry a state from call to call.
#include "frontends/onnx/lowering/Families.h"
#include <cmath>

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;

//===--- CausalConvWithState ----------------------------------------------------------------===//

/// A depthwise convolution of [past, input] along the last axis; the new state is the end of that.
Lowered onnx::lowerCausalConvWithState(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 4))
    return error;
  Value x = node.operand(0), w = node.operand(1);
  llvm::StringRef activation = node.text("activation", "none");
  if (!llvm::is_contained({"none", "silu", "swish"}, activation))
    return node.error(ErrorKind::Model, "activation is {0}; it must be none, silu or swish", quoted(activation));
  if (graph::rankOf(x) != 3 || graph::rankOf(w) != 3)
    return node.error(ErrorKind::Model, "convolves {0} with {1}; both must have 3 axes", x.getType(), w.getType());
  std::optional<int64_t> channels = graph::dimOf(w, 0).constant(), width = graph::dimOf(w, 2).constant();
  if (!channels || !width)
    return node.error(ErrorKind::Unsupported, "the weight is {0}; its channels and its width must be static",
                      w.getType());
  if (*width < 1)
    return node.error(ErrorKind::Model, "the weight is {0}; its width must be 1 or more", w.getType());
  SmallVector<Dim> dims = graph::dimsOf(x), stateDims = {dims[0], dims[1], *width - 1};
  node.guard(dims[1], *channels, "the input's channels and the weight's");
  Value past = node.has(3) ? node.operand(3) : node.splat(0, graph::elementOf(x), stateDims);
  for (int64_t axis = 0; axis < 3 && graph::rankOf(past) == 3; ++axis)
    node.guard(graph::dimOf(past, axis), stateDims[axis],
               "past_state must have the input's batch and channels, and one element less than the weight");
  Value all = *width == 1 ? x : node.concat({past, x}, 2);
  SmallVector<int64_t> ones = {1}, pads = {0, 0};
  Value y = node.create<graph::ConvOp>(all, w, ones, ones, pads, *channels);
  if (node.has(2))
    y = node.add(y, node.reshape(node.operand(2), {1, *channels, 1}));
  if (activation != "none")
    y = node.mul(y, node.sigmoid(y));
  SmallVector<Value> results(node.numResults());
  results[0] = y;
  if (node.wantsResult(1))
    results[1] = node.sliceAxis(all, 2, graph::dimOf(all, 2) - (*width - 1), *width - 1);
  return results;
}

//===--- LinearAttention --------------------------------------------------------------------===//

namespace {
/// Inputs as f32 [B, T, heads, size]; `decay` and `beta` null where the rule has none.
struct LinearHeads {
  Value query, key, value, decay, beta;
  int64_t group; // query heads for each key head
  double scale;
};
} // namespace

static llvm::Expected<Value> splitHeads(NodeLowering &node, size_t input, int64_t heads) {
  Value x = node.operand(input);
  SmallVector<Dim> dims = graph::dimsOf(x);
  if (dims.size() != 3)
    return node.error(ErrorKind::Model, "input {0} is {1}, expected [batch, time, heads * size]", input, x.getType());
  return node.cast(node.reshape(x, {dims[0], dims[1], heads, dims[2].floordiv(heads)}), node.builder.getF32Type());
}

static llvm::Expected<LinearHeads> readHeads(NodeLowering &node) {
  int64_t queries = node.integer("q_num_heads", 0), keys = node.integer("kv_num_heads", 0);
  if (keys < 1 || queries < 1 || queries % keys != 0)
    return node.error(ErrorKind::Model, "q_num_heads is {0} and kv_num_heads {1}, which must divide it", queries, keys);
  llvm::StringRef rule = node.text("update_rule", "gated_delta");
  if (!llvm::is_contained({"linear", "gated", "delta", "gated_delta"}, rule))
    return node.error(ErrorKind::Model, "update_rule is {0}, which does not exist", quoted(rule));
  if (node.has(4) != rule.starts_with("gated") || node.has(5) != rule.ends_with("delta"))
    return node.error(ErrorKind::Model, "update_rule {0} does not go with the inputs decay and beta that are there",
                      quoted(rule));
  LinearHeads heads{{}, {}, {}, {}, {}, queries / keys, node.real("scale", 0.0)};
  std::pair<Value *, int64_t> parts[] = {{&heads.query, queries}, {&heads.key, keys}, {&heads.value, keys}};
  for (auto [input, part] : llvm::enumerate(parts)) {
    llvm::Expected<Value> split = splitHeads(node, input, part.second);
    if (!split)
      return split.takeError();
    *part.first = *split;
  }
  for (auto [input, part] : {std::pair(4, &heads.decay), std::pair(5, &heads.beta)}) {
    if (!node.has(input))
      continue;
    // Betas may be one for all heads.
    bool single = graph::rankOf(node.operand(input)) == 3 && graph::dimOf(node.operand(input), 2).isEqualTo(1);
    llvm::Expected<Value> split = splitHeads(node, input, single ? 1 : keys);
    if (!split)
      return split.takeError();
    *part = *split;
  }
  if (heads.scale == 0.0) {
    std::optional<int64_t> size = graph::dimOf(heads.query, 3).constant();
    if (!size)
      return node.error(ErrorKind::Unsupported, "the head size {0} is dynamic; give the attribute scale",
                        graph::dimOf(heads.query, 3).str());
    heads.scale = 1.0 / std::sqrt(double(*size));
  }
  return heads;
}

/// One step: the state [B, H, K, V] decays, takes up key times value, and is read by the queries [B, H * V].
static SmallVector<Value> step(NodeLowering &node, const LinearHeads &heads, Value state, Value time) {
  auto now = [&](Value x) { return node.gather(x, time, 1); };
  Value key = node.unsqueeze(now(heads.key), {3}), value = now(heads.value);
  if (heads.decay)
    state = node.mul(state, node.unsqueeze(node.exp(now(heads.decay)), {3}));
  if (heads.beta) {
    Value known = node.reduce(node.mul(state, key), {2}, graph::ReduceKind::sum, /*keep=*/false);
    value = node.mul(now(heads.beta), node.sub(value, known));
  }
  state = node.add(state, node.mul(key, node.unsqueeze(value, {2})));
  SmallVector<Dim> dims = graph::dimsOf(state);
  Value query = node.reshape(now(heads.query), {dims[0], dims[1], heads.group, dims[2]});
  Value read = node.mul(node.matmul(query, state), heads.scale);
  return {state, node.reshape(read, {dims[0], dims[1] * dims[3] * heads.group})};
}

Lowered onnx::lowerLinearAttention(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(3, 6))
    return error;
  llvm::Expected<LinearHeads> heads = readHeads(node);
  if (!heads)
    return heads.takeError();
  Type f32 = node.builder.getF32Type(), element = graph::elementOf(node.operand(0));
  SmallVector<Dim> keys = graph::dimsOf(heads->key), values = graph::dimsOf(heads->value),
                   dims = {keys[0], keys[2], keys[3], values[3]};
  Value state = node.splat(0, f32, dims);
  if (node.has(3)) {
    if (graph::rankOf(node.operand(3)) != 4)
      return node.error(ErrorKind::Model, "past_state is {0}, expected 4 axes", node.operand(3).getType());
    for (int64_t axis = 0; axis < 4; ++axis)
      node.guard(graph::dimOf(node.operand(3), axis), dims[axis],
                 "past_state must be [batch, heads, key size, value size]");
    state = node.cast(node.operand(3), f32);
  }
  if (node.failed())
    return node.takeFailure();
  Lowered made = repeat(node, keys[1], {state}, [&](Block *, Value time, ArrayRef<Value> carried) -> Lowered {
    return step(node, *heads, carried[0], time);
  });
  if (!made)
    return made;
  SmallVector<Value> results(node.numResults());
  results[0] = node.cast(node.transpose((*made)[1], {1, 0, 2}), element);
  if (node.wantsResult(1))
    results[1] = node.cast((*made)[0], node.has(3) ? graph::elementOf(node.operand(3)) : element);
  return results;
}

//===--- TensorScatter ----------------------------------------------------------------------===//

/// The cache with the update written from write_indices[batch] on along an axis, around the end where "circular".
Lowered onnx::lowerTensorScatter(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 3))
    return error;
  Value past = node.operand(0), update = node.operand(1);
  SmallVector<Dim> dims = graph::dimsOf(past);
  int64_t rank = dims.size();
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", -2), rank);
  if (!axis)
    return axis.takeError();
  llvm::StringRef mode = node.text("mode", "linear");
  if (graph::rankOf(update) != rank || *axis == 0 || (mode != "linear" && mode != "circular"))
    return node.error(ErrorKind::Model, "writes {0} into {1} along axis {2}, mode {3}", update.getType(),
                      past.getType(), *axis, quoted(mode));
  for (int64_t i = 0; i < rank; ++i)
    if (i != *axis)
      node.guard(graph::dimOf(update, i), dims[i], "cache and update differ along axis " + llvm::Twine(i));
  Type i64 = node.builder.getI64Type();
  Dim length = graph::dimOf(update, *axis);
  SmallVector<Dim> perBatch(rank, 1), along(rank, 1);
  perBatch[0] = dims[0];
  along[*axis] = dims[*axis];
  auto number = [&](const Dim &dim) { return node.dimVector({dim}, i64, /*rank0=*/true); };
  Value place = node.iota(along, *axis, i64);
  if (node.has(2)) {
    Value first = node.cast(node.operand(2), i64);
    if (mode == "linear") // the gather refuses to write past the end
      first = node.gather(node.iota({dims[*axis] - length + 1}, 0, i64), first, 0);
    place = node.sub(place, node.reshape(first, perBatch));
  }
  if (mode == "circular")
    place = node.binary<graph::ModOp>(place, number(dims[*axis]), /*truncated=*/false);
  Value zero = node.constantInt(0, i64);
  Value written = node.binary<graph::AndOp>(node.compare(CompareKind::ge, place, zero),
                                            node.compare(CompareKind::lt, place, number(length)));
  Value index = node.broadcast(node.min(node.max(place, zero), number(length - 1)), dims);
  Value fresh = node.createAs<graph::GatherElementsOp>(node.type(dims, graph::elementOf(past)), update, index, *axis);
  return one(node.select(written, fresh, past));
}
