// Attention operators. The plain forms are graph.attention on [B, H, S, D]; a soft cap, or scores that are a result,
// need the products one by one.
#include "frontends/onnx/lowering/NodeLowering.h"
#include <cmath>

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::onnx;

namespace {
/// One attention: q [B, H, S, D], k [B, Hk, T, D], v [B, Hk, T, Dv]; the bias broadcasts to [B, H, S, T] or is null.
struct Heads {
  Value q, k, v, bias;
  double scale = 1.0;
  bool causal = false; // as graph.attention has it: key j is masked for query i where j > i + T - S
};
} // namespace

//===--- Shapes -----------------------------------------------------------------------------===//

/// [B, S, heads*D] -> [B, heads, S, D].
static Value splitHeads(NodeLowering &node, Value x, int64_t heads) {
  SmallVector<Dim> dims = dimsOf(x);
  Value split = node.reshape(x, {dims[0], dims[1], heads, dims[2].floordiv(heads)});
  return node.transpose(split, {0, 2, 1, 3});
}

/// [B, H, S, D] -> [B, S, H*D].
static Value mergeHeads(NodeLowering &node, Value x) {
  SmallVector<Dim> dims = dimsOf(x);
  return node.reshape(node.transpose(x, {0, 2, 1, 3}), {dims[0], dims[2], dims[1] * dims[3]});
}

/// An operand of rank 3 or 4 as [B, heads, S, D].
static llvm::Expected<Value> readHeads(NodeLowering &node, size_t operand, StringRef attribute) {
  Value x = node.operand(operand);
  if (rankOf(x) == 4)
    return x;
  int64_t heads = node.integer(attribute, 0);
  if (rankOf(x) != 3)
    return node.error(ErrorKind::Model, "operand {0} has rank {1}, expected 3 or 4", operand, rankOf(x));
  Dim width = dimOf(x, 2);
  if (heads < 1 || (width.isConstant() && *width.constant() % heads != 0))
    return node.error(ErrorKind::Model, "{0} is {1}, expected a divisor of the {2} columns of operand {3}", attribute,
                      heads, width.str(), operand);
  return splitHeads(node, x, heads);
}

/// Keys or values for every query head: [B, Hk, T, D] -> [B, H, T, D], each repeated for its group of queries.
static Value repeatHeads(NodeLowering &node, Value x, const Dim &heads) {
  SmallVector<Dim> dims = dimsOf(x);
  if (dims[1] == heads)
    return x;
  Value grouped = node.unsqueeze(x, {2});
  grouped = node.broadcast(grouped, {dims[0], dims[1], heads.floordiv(dims[1]), dims[2], dims[3]});
  return node.reshape(grouped, {dims[0], heads, dims[2], dims[3]});
}

/// past [B, H, P, D] before current [B, H, T, D]; the operand itself without a past.
static llvm::Expected<Value> appendTo(NodeLowering &node, size_t past, Value current) {
  if (!node.has(past))
    return current;
  if (rankOf(node.operand(past)) != 4)
    return node.error(ErrorKind::Model, "operand {0} has rank {1}, expected 4", past, rankOf(node.operand(past)));
  return node.concat({node.operand(past), current}, 2);
}

//===--- Masks as biases --------------------------------------------------------------------===//

static Value minusInfinity(NodeLowering &node, Type like) {
  return node.constant(-std::numeric_limits<double>::infinity(), like);
}

/// 0 where the condition holds, else -inf.
static Value biasOf(NodeLowering &node, Value condition, Type like) {
  return node.select(condition, node.constant(0.0, like), minusInfinity(node, like));
}

static Value addBias(NodeLowering &node, Value bias, Value more) { return bias ? node.add(bias, more) : more; }

/// [S, T]: 0 where key j is at or before query i, which stands `past` keys behind the start.
static Value causalBias(NodeLowering &node, const Dim &queries, const Dim &keys, const Dim &past, Type like) {
  Type i64 = node.builder.getI64Type();
  Value row = node.add(node.iota({queries, 1}, 0, i64), node.dimVector({past}, i64, /*rank0=*/true));
  return biasOf(node, node.compare(CompareKind::le, node.iota({1, keys}, 1, i64), row), like);
}

/// attn_mask as a bias over all keys: keys beyond its last axis are masked.
static Value maskBias(NodeLowering &node, Value mask, const Dim &keys, Type like) {
  bool boolean = elementOf(mask).isInteger(1);
  int64_t last = rankOf(mask) - 1;
  if (last >= 0 && dimOf(mask, last) != keys) {
    SmallVector<Dim> low(last + 1, 0), high(last + 1, 0);
    high[last] = keys - dimOf(mask, last);
    mask =
        node.pad(mask, low, high, boolean ? node.constantInt(0, mask.getType()) : minusInfinity(node, mask.getType()));
  }
  return boolean ? biasOf(node, mask, like) : node.cast(mask, cast<ShapedType>(like).getElementType());
}

//===--- The products -----------------------------------------------------------------------===//

static llvm::Error checkHeads(NodeLowering &node, const Heads &heads) {
  Dim queries = dimOf(heads.q, 1), keys = dimOf(heads.k, 1);
  if (queries.isConstant() && keys.isConstant() &&
      (*keys.constant() == 0 || *queries.constant() % *keys.constant() != 0))
    return node.error(ErrorKind::Model, "has {0} query heads for {1} key heads, expected a multiple", queries.str(),
                      keys.str());
  node.guard(dimOf(heads.q, 3), dimOf(heads.k, 3), "the head sizes of query and key");
  node.guard(dimOf(heads.k, 2), dimOf(heads.v, 2), "the lengths of key and value");
  node.guard(keys, dimOf(heads.v, 1), "the heads of key and value");
  for (Value other : {heads.k, heads.v})
    node.guard(dimOf(heads.q, 0), dimOf(other, 0), "the batches of query, key and value");
  return llvm::Error::success();
}

/// Whether graph.attention takes these operands: heads and their sizes are known at compile time.
static bool isStatic(const Heads &heads) {
  return llvm::all_of(ArrayRef{heads.q, heads.k, heads.v},
                      [](Value value) { return dimOf(value, 1).isConstant() && dimOf(value, 3).isConstant(); });
}

static Value attend(NodeLowering &node, const Heads &heads) {
  SmallVector<Dim> dims = dimsOf(heads.q);
  dims[3] = dimOf(heads.v, 3);
  return node.createAs<AttentionOp>(tensorType(dims, elementOf(heads.q)), heads.q, heads.k, heads.v, heads.bias,
                                    llvm::APFloat(heads.scale), heads.causal);
}

namespace {
/// The scores after each step, as qk_matmul_output_mode numbers them: 0 product, 1 capped, 2 biased, 3 softmax.
struct Scores {
  Value steps[4];
  Value result;
};
} // namespace

/// The same as attend, step by step; the bias has to hold the causal mask.
static Scores attendInSteps(NodeLowering &node, const Heads &heads, double softcap) {
  Scores scores;
  Dim count = dimOf(heads.q, 1);
  // Half of the scale on each side, against overflow in narrow types.
  double half = std::sqrt(heads.scale);
  Value k = repeatHeads(node, heads.k, count), v = repeatHeads(node, heads.v, count);
  scores.steps[0] = node.matmul(node.mul(heads.q, half), node.mul(k, half), /*transposeRhs=*/true);
  scores.steps[1] = scores.steps[0];
  if (softcap > 0.0)
    scores.steps[1] = node.mul(node.tanh(node.div(scores.steps[0], softcap)), softcap);
  scores.steps[2] = heads.bias ? node.add(scores.steps[1], heads.bias) : scores.steps[1];
  scores.steps[3] = node.create<SoftmaxOp>(scores.steps[2], rankOf(scores.steps[2]) - 1, /*log=*/false);
  scores.result = node.matmul(scores.steps[3], v);
  return scores;
}

//===--- ONNX Attention ---------------------------------------------------------------------===//

/// Reads query, key (past appended) and value (past appended).
static llvm::Expected<Heads> readOperands(NodeLowering &node) {
  Heads heads;
  Value *targets[] = {&heads.q, &heads.k, &heads.v};
  for (size_t i = 0; i < 3; ++i) {
    auto value = readHeads(node, i, i == 0 ? "q_num_heads" : "kv_num_heads");
    if (!value)
      return value.takeError();
    *targets[i] = *value;
  }
  for (size_t i : {1, 2}) {
    auto all = appendTo(node, 3 + i, *targets[i]);
    if (!all)
      return all.takeError();
    *targets[i] = *all;
  }
  return heads;
}

/// Adds the mask operand, the lengths without padding and, unless graph.attention can, the causal mask.
static void readBias(NodeLowering &node, Heads &heads, bool inSteps) {
  Type like = heads.q.getType();
  Dim queries = dimOf(heads.q, 2), keys = dimOf(heads.k, 2);
  if (node.has(3))
    heads.bias = maskBias(node, node.operand(3), keys, like);
  if (node.integer("is_causal", 0)) {
    Dim past = node.has(4) ? dimOf(node.operand(4), 2) : Dim(0);
    heads.causal = !inSteps && keys - queries == past;
    if (!heads.causal)
      heads.bias = addBias(node, heads.bias, causalBias(node, queries, keys, past, like));
  }
  if (node.has(6)) {
    Type i64 = node.builder.getI64Type();
    Value lengths = node.reshape(node.cast(node.operand(6), i64), {dimOf(heads.q, 0), 1, 1, 1});
    Value valid = node.compare(CompareKind::lt, node.iota({1, 1, 1, keys}, 3, i64), lengths);
    heads.bias = addBias(node, heads.bias, biasOf(node, valid, like));
  }
}

Lowered onnx::lowerAttention(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(3, 7))
    return error;
  llvm::Expected<Heads> heads = readOperands(node);
  if (!heads)
    return heads.takeError();
  if (llvm::Error error = checkHeads(node, *heads))
    return error;
  std::optional<int64_t> size = dimOf(heads->q, 3).constant();
  if (!size && !node.hasAttr("scale"))
    return node.error(ErrorKind::Unsupported, "the head size {0} is dynamic; give the attribute scale",
                      dimOf(heads->q, 3).str());
  heads->scale = node.real("scale", size ? 1.0 / std::sqrt(double(*size)) : 1.0);
  double softcap = node.real("softcap", 0.0);
  int64_t mode = node.integer("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    return node.error(ErrorKind::Model, "qk_matmul_output_mode is {0}, expected 0 to 3", mode);

  bool inSteps = softcap > 0.0 || node.wantsResult(3) || !isStatic(*heads);
  readBias(node, *heads, inSteps);
  if (node.failed())
    return SmallVector<Value>(node.numResults(), heads->q);
  SmallVector<Value> results = {Value(), heads->k, heads->v, Value()};
  if (inSteps) {
    Scores scores = attendInSteps(node, *heads, softcap);
    results[0] = scores.result;
    results[3] = scores.steps[mode];
  } else {
    results[0] = attend(node, *heads);
  }
  if (rankOf(node.operand(0)) == 3)
    results[0] = mergeHeads(node, results[0]);
  results.resize(node.numResults());
  return results;
}

//===--- com.microsoft MultiHeadAttention ---------------------------------------------------===//

/// The part of the bias [q columns + k columns + v columns] that belongs to one of them.
static Value addProjectionBias(NodeLowering &node, Value x, const Dim &from) {
  return node.add(x, node.sliceAxis(node.operand(3), 0, from, dimOf(x, 2)));
}

/// key_padding_mask [B, T], nonzero where a key counts; other keys get mask_filter_value.
static llvm::Expected<Value> paddingBias(NodeLowering &node, Type like) {
  Value mask = node.operand(4);
  if (rankOf(mask) != 2)
    return node.error(ErrorKind::Unsupported, "key_padding_mask has rank {0}; only [batch, keys] is supported",
                      rankOf(mask));
  Value counts = node.compare(CompareKind::ne, mask, node.constantInt(0, mask.getType()));
  Value filter = node.constant(node.real("mask_filter_value", -10000.0), like);
  return node.unsqueeze(node.select(counts, node.constant(0.0, like), filter), {1, 2});
}

Lowered onnx::lowerMultiHeadAttention(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 8))
    return error;
  if (!node.has(1) || !node.has(2) || rankOf(node.operand(0)) != 3)
    return node.error(ErrorKind::Unsupported,
                      "packed query, key and value; give them as three inputs, the query of rank 3");
  int64_t count = node.integer("num_heads", 0);
  Value inputs[3];
  Dim from = 0;
  for (size_t i = 0; i < 3; ++i) {
    inputs[i] = node.operand(i);
    int64_t rank = rankOf(inputs[i]);
    if (rank == 4)
      continue;
    if (rank != 3 || count < 1 || dimOf(inputs[i], 2).mod(count) != Dim(0))
      return node.error(ErrorKind::Model, "operand {0} is {1}, expected rank 3 or 4 and columns that {2} heads divide",
                        i, inputs[i].getType(), count);
    if (node.has(3) && rankOf(node.operand(3)) == 1) {
      inputs[i] = addProjectionBias(node, inputs[i], from);
      from = from + dimOf(inputs[i], 2);
    }
    inputs[i] = splitHeads(node, inputs[i], count);
  }
  Heads heads{inputs[0], inputs[1], inputs[2], Value()};
  for (Value *cached : {&heads.k, &heads.v}) {
    auto all = appendTo(node, cached == &heads.k ? 6 : 7, *cached);
    if (!all)
      return all.takeError();
    *cached = *all;
  }
  if (llvm::Error error = checkHeads(node, heads))
    return error;
  std::optional<int64_t> size = dimOf(heads.q, 3).constant();
  double scale = node.real("scale", 0.0);
  if (scale == 0.0 && !size)
    return node.error(ErrorKind::Unsupported, "the head size {0} is dynamic; give the attribute scale",
                      dimOf(heads.q, 3).str());
  heads.scale = scale != 0.0 ? scale : 1.0 / std::sqrt(double(*size));
  heads.causal = node.integer("unidirectional", 0) != 0;
  if (node.has(4)) {
    auto bias = paddingBias(node, heads.q.getType());
    if (!bias)
      return bias.takeError();
    heads.bias = *bias;
  }
  if (node.has(5))
    heads.bias = addBias(node, heads.bias, node.operand(5));
  if (node.failed())
    return SmallVector<Value>(node.numResults(), heads.q);
  SmallVector<Value> results = {mergeHeads(node, attend(node, heads)), heads.k, heads.v};
  results.resize(node.numResults());
  return results;
}
