// RNN, LSTM and GRU: one matmul projects the inputs of all steps, graph.rnn walks the recurrence.
#include "frontends/onnx/lowering/NodeLowering.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::onnx;

namespace {
struct Activation {
  StringLiteral name;
  bool takesAlpha, takesBeta;
  double alpha, beta; // where the node gives none
};
constexpr Activation kActivations[] = {
    {"Relu", false, false, 0, 0},        {"Tanh", false, false, 0, 0},           {"Sigmoid", false, false, 0, 0},
    {"Affine", true, true, 1, 0},        {"LeakyRelu", true, false, 0.01, 0},    {"ThresholdedRelu", true, false, 1, 0},
    {"ScaledTanh", true, true, 1, 1},    {"HardSigmoid", true, true, 0.2, 0.5},  {"Elu", true, false, 1, 0},
    {"Softsign", false, false, 0, 0},    {"Softplus", false, false, 0, 0},
};

/// What distinguishes the three layers.
struct Layer {
  RnnKind kind;
  int64_t gates;
  ArrayRef<StringLiteral> activations; // of one direction, where the node names none
};
constexpr StringLiteral kRnnActivations[] = {"Tanh"};
constexpr StringLiteral kLstmActivations[] = {"Sigmoid", "Tanh", "Tanh"};
constexpr StringLiteral kGruActivations[] = {"Sigmoid", "Tanh"};

/// The activations of all directions with their parameters, one entry per gate function and direction.
struct Activations {
  SmallVector<StringRef> names;
  SmallVector<double> alphas, betas;
};

/// Extents that the operands of a layer share.
struct Extents {
  Dim steps, batch, input;
  int64_t directions, hidden;
};
} // namespace

/// Parameters go to the activations that take one, in order.
static llvm::Expected<Activations> readActivations(NodeLowering &node, const Layer &layer, int64_t directions) {
  size_t expected = layer.activations.size() * directions;
  auto names = node.strings("activations");
  if (names && names->size() != expected)
    return node.error(ErrorKind::Model, "activations has {0} entries, expected {1}", names->size(), expected);
  SmallVector<double> alphas = node.reals("activation_alpha").value_or(SmallVector<double>());
  SmallVector<double> betas = node.reals("activation_beta").value_or(SmallVector<double>());

  Activations read;
  size_t alpha = 0, beta = 0;
  for (size_t i = 0; i < expected; ++i) {
    StringRef name = names ? StringRef((*names)[i]) : StringRef(layer.activations[i % layer.activations.size()]);
    const Activation *known =
        llvm::find_if(kActivations, [&](const Activation &a) { return a.name.equals_insensitive(name); });
    if (known == std::end(kActivations))
      return node.error(ErrorKind::Model, "{0} is not an activation of a recurrent layer", quoted(name));
    read.names.push_back(known->name);
    read.alphas.push_back(known->takesAlpha && alpha < alphas.size() ? alphas[alpha++] : known->alpha);
    read.betas.push_back(known->takesBeta && beta < betas.size() ? betas[beta++] : known->beta);
  }
  return read;
}

/// Checks the operands against each other: X [T, B, I] (after layout), W [D, gates*H, I], R [D, gates*H, H].
static llvm::Expected<Extents> readExtents(NodeLowering &node, const Layer &layer, Value x) {
  Value w = node.operand(1), r = node.operand(2);
  if (rankOf(x) != 3 || rankOf(w) != 3 || rankOf(r) != 3)
    return node.error(ErrorKind::Model, "X, W and R have ranks {0}, {1} and {2}, expected 3", rankOf(x), rankOf(w),
                      rankOf(r));
  StringRef direction = node.text("direction", "forward");
  if (!llvm::is_contained({"forward", "reverse", "bidirectional"}, direction))
    return node.error(ErrorKind::Model, "direction is {0}, expected forward, reverse or bidirectional",
                      quoted(direction));
  int64_t directions = direction == "bidirectional" ? 2 : 1;
  std::optional<int64_t> hidden = dimOf(r, 2).constant();
  if (!hidden)
    return node.error(ErrorKind::Unsupported, "R has the dynamic extent {0}, expected a static hidden size",
                      dimOf(r, 2).str());
  if (node.hasAttr("hidden_size") && node.integer("hidden_size", 0) != *hidden)
    return node.error(ErrorKind::Model, "hidden_size is {0} and R has {1} columns", node.integer("hidden_size", 0),
                      *hidden);
  for (Value weight : {w, r}) {
    node.guard(dimOf(weight, 0), directions, "the directions and the first axis of the weights");
    node.guard(dimOf(weight, 1), layer.gates * *hidden, "the gates and the second axis of the weights");
  }
  return Extents{dimOf(x, 0), dimOf(x, 1), node.guard(dimOf(x, 2), dimOf(w, 2), "the last axes of X and W"), directions,
                 *hidden};
}

/// Rows [from, from + count) of axis 1 of a value of rank >= 2.
static Value columns(NodeLowering &node, Value value, int64_t from, int64_t count) {
  return node.sliceAxis(value, 1, from, count);
}

/// The biases [D, gates*H] that go into the projection: those of W and R, but for a GRU with linear_before_reset only
/// those of W, because R's is inside the product with the reset gate. Null without B.
static Value projectionBias(NodeLowering &node, int64_t width, bool withRecurrence) {
  if (!node.has(3))
    return {};
  Value bias = columns(node, node.operand(3), 0, width);
  return withRecurrence ? node.add(bias, columns(node, node.operand(3), width, width)) : bias;
}

/// Hidden units that lie together in what a layer reads.
static constexpr int64_t kBlock = 16;

/// Rows [gates*H, width] in the order [ceil(H/16), gates, 16, width], flat again.
static Value rowsByBlocks(NodeLowering &node, const Layer &layer, const Extents &extents, Value rows,
                          const Dim &width) {
  int64_t blocks = llvm::divideCeil(extents.hidden, kBlock);
  Value gates = node.reshape(rows, {layer.gates, extents.hidden, width});
  Value ordered = node.transpose(node.builder.create<BlockOp>(gates, 1, kBlock), {1, 0, 3, 2});
  return node.reshape(ordered, {blocks * layer.gates * kBlock, width});
}

/// x W^T + biases by blocks of hidden units: [D, T, B, ceil(H/16), gates, 16], so that the thread that computes the
/// columns of some units is the one that reads them. One matmul with a weight of rank 2 per direction, the form that
/// packs.
static Value project(NodeLowering &node, const Layer &layer, Value x, Value bias, const Extents &extents) {
  Value flat = node.reshape(x, {extents.steps * extents.batch, extents.input});
  int64_t blocks = llvm::divideCeil(extents.hidden, kBlock);
  SmallVector<Value> projected;
  for (int64_t d = 0; d < extents.directions; ++d) {
    Value w = rowsByBlocks(node, layer, extents, node.sliceAxis(node.operand(1), 0, d, 1), extents.input);
    Value y = node.matmul(flat, w, /*transposeRhs=*/true);
    if (bias)
      y = node.add(y, node.reshape(rowsByBlocks(node, layer, extents, node.sliceAxis(bias, 0, d, 1), 1),
                                   {blocks * layer.gates * kBlock}));
    projected.push_back(node.reshape(y, {1, extents.steps, extents.batch, blocks, layer.gates, kBlock}));
  }
  return projected.size() == 1 ? projected[0] : node.concat(projected, 0);
}

/// R [D, gates*H, H] by blocks of hidden units: [D, ceil(H/16), H, gates, 16]. What a task of graph.rnn needs for its
/// units lies in one piece, in the order in which it is read.
static Value packRecurrence(NodeLowering &node, const Layer &layer, const Extents &extents) {
  Value gates = node.reshape(node.operand(2), {extents.directions, layer.gates, extents.hidden, extents.hidden});
  return node.transpose(node.builder.create<BlockOp>(gates, 2, kBlock), {0, 2, 3, 1, 4});
}

/// The results in the node's layout; 1 has the batch first.
static SmallVector<Value> arrangeResults(NodeLowering &node, RnnOp rnn, bool batchFirst) {
  SmallVector<Value> results = {rnn.getY(), rnn.getLastH(), rnn.getLastC()};
  results.resize(node.numResults());
  if (batchFirst) {
    static constexpr int64_t kY[] = {2, 0, 1, 3}, kLast[] = {1, 0, 2};
    for (size_t i = 0; i < results.size(); ++i)
      results[i] = node.transpose(results[i], i == 0 ? ArrayRef<int64_t>(kY) : ArrayRef<int64_t>(kLast));
  }
  return results;
}

/// States that an operand has these extents; `message` says of what they are.
static void checkExtents(NodeLowering &node, size_t operand, Value value, ArrayRef<Dim> expected, const char *message) {
  if (rankOf(value) != int64_t(expected.size()))
    return node.fail(node.error(ErrorKind::Model, "operand {0} has rank {1}, expected {2}", operand, rankOf(value),
                                expected.size()));
  for (auto [axis, extent] : llvm::enumerate(expected))
    node.guard(dimOf(value, axis), extent, message);
}

/// An optional state [D, B, H] in layout 0, checked.
static Value readState(NodeLowering &node, size_t operand, bool batchFirst, const Extents &extents) {
  Value state = node.operand(operand);
  if (!state)
    return {};
  if (batchFirst && rankOf(state) == 3)
    state = node.transpose(state, {1, 0, 2});
  checkExtents(node, operand, state, {extents.directions, extents.batch, extents.hidden},
               "an initial state and the extents of X and R");
  return state;
}

static Lowered lowerLayer(NodeLowering &node, const Layer &layer) {
  if (llvm::Error error = node.expectOperands(3, layer.kind == RnnKind::lstm ? 8 : 6))
    return error;
  bool batchFirst = node.integer("layout", 0) != 0, lstm = layer.kind == RnnKind::lstm;
  Value x = node.operand(0);
  if (batchFirst && rankOf(x) == 3)
    x = node.transpose(x, {1, 0, 2});
  llvm::Expected<Extents> extents = readExtents(node, layer, x);
  if (!extents)
    return extents.takeError();
  llvm::Expected<Activations> activations = readActivations(node, layer, extents->directions);
  if (!activations)
    return activations.takeError();
  int64_t width = layer.gates * extents->hidden;
  if (node.has(3))
    checkExtents(node, 3, node.operand(3), {extents->directions, 2 * width}, "the directions and gates of B");
  if (node.has(4))
    checkExtents(node, 4, node.operand(4), {extents->batch}, "sequence_lens and the batch");
  if (node.has(7))
    checkExtents(node, 7, node.operand(7), {extents->directions, 3 * extents->hidden}, "the directions and gates of P");
  if (node.failed())
    return SmallVector<Value>(node.numResults(), x);

  bool beforeReset = layer.kind == RnnKind::gru && node.integer("linear_before_reset", 0) != 0;
  Value projected = project(node, layer, x, projectionBias(node, width, !beforeReset), *extents);
  Value recurrenceBias = beforeReset && node.has(3) ? columns(node, node.operand(3), width, width) : Value();
  Value initialH = readState(node, 5, batchFirst, *extents);
  Value initialC = lstm ? readState(node, 6, batchFirst, *extents) : Value();
  Value lengths = node.has(4) ? node.cast(node.operand(4), node.builder.getI32Type()) : Value();
  if (node.failed())
    return SmallVector<Value>(node.numResults(), x);

  Type element = elementOf(x);
  SmallVector<Dim> last = {extents->directions, extents->batch, extents->hidden}, all = last;
  all.insert(all.begin(), extents->steps);
  Type lastType = tensorType(last, element);
  auto rnn = node.builder.create<RnnOp>(
      TypeRange{tensorType(all, element), lastType, lastType}, projected, packRecurrence(node, layer, *extents),
      recurrenceBias, initialH, initialC, lengths, lstm ? node.operand(7) : Value(), layer.kind,
      node.text("direction", "forward"), node.builder.getStrArrayAttr(activations->names), activations->alphas,
      activations->betas, llvm::APFloat(node.real("clip", 0.0)), beforeReset, node.integer("input_forget", 0) != 0);
  return arrangeResults(node, rnn, batchFirst);
}

Lowered onnx::lowerRnn(NodeLowering &node) { return lowerLayer(node, {RnnKind::rnn, 1, kRnnActivations}); }
Lowered onnx::lowerLstm(NodeLowering &node) { return lowerLayer(node, {RnnKind::lstm, 4, kLstmActivations}); }
Lowered onnx::lowerGru(NodeLowering &node) { return lowerLayer(node, {RnnKind::gru, 3, kGruActivations}); }
