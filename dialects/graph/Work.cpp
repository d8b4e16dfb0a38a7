#include "dialects/graph/Work.h"

using namespace mlir;

namespace quern::graph {
namespace {

Dim elements(Value value) { return product(dimsOf(value)); }

Dim none(Operation *) { return 0; }
template <int64_t count> Dim perElementRead(Operation *op) { return elements(op->getOperand(0)) * count; }

//===--- Contractions -----------------------------------------------------------------------===//

Dim matmul(Operation *op) {
  auto matmul = cast<MatmulOp>(op);
  return elements(matmul.getResult()) * dimsOf(matmul.getLhs()).back() * 2;
}

Dim conv(Operation *op) {
  auto conv = cast<ConvOp>(op);
  size_t axes = conv.getStrides().size();
  SmallVector<Dim> result = dimsOf(conv.getResult()), weight = dimsOf(conv.getWeight());
  Dim places = result[0] * product(ArrayRef(result).slice(2, axes));
  Dim filters = conv.getChannels() ? Dim(*conv.getChannels()) : result[1];
  auto given = conv->getAttrOfType<IntegerAttr>(kInputChannelsAttr);
  Dim channels = given ? Dim(given.getInt()) : dimOf(conv.getInput(), 1);
  Dim window = product(ArrayRef(weight).slice(2, axes));
  if (conv.getKernel()) {
    window = 1;
    for (int64_t extent : *conv.getKernel())
      window = window * extent;
  }
  return places * filters * channels.floordiv(int64_t(conv.getGroup())) * window * 2;
}

Dim convTranspose(Operation *op) {
  auto conv = cast<ConvTransposeOp>(op);
  // Every element read is multiplied with the filters of its group, at each place of the window.
  return elements(conv.getInput()) * product(ArrayRef(dimsOf(conv.getWeight())).drop_front()) * 2;
}

Dim attention(Operation *op) {
  auto attention = cast<AttentionOp>(op);
  SmallVector<Dim> q = dimsOf(attention.getQuery()), k = dimsOf(attention.getKey()), v = dimsOf(attention.getValue());
  Dim queries = q[2], keys = k[2], pairs = queries * keys;
  if (attention.getCausal()) // query i of S sees the first T - S + i + 1 keys
    pairs = pairs - (queries * (queries - 1)).floordiv(2);
  constexpr int64_t softmax = 5;
  return q[0] * q[1] * pairs * ((q[3] + v[3]) * 2 + softmax);
}

/// For each step, direction, row of the batch and hidden unit: the product with the recurrent weights, then what the
/// gates do with the sums (an addition of the projection and a function for each gate, and the blend).
Dim rnn(Operation *op) {
  auto rnn = cast<RnnOp>(op);
  struct Cell {
    int64_t gates, blend;
  };
  // Blends: none; f c + i g, tanh, times o; (1 - z) h' + z h, and r times h.
  static constexpr Cell cells[] = {{1, 0}, {4, 5}, {3, 5}};
  const Cell &cell = cells[size_t(rnn.getKind())];
  Dim units = elements(rnn.getY()), hidden = dimsOf(rnn.getY()).back();
  return units * (hidden * (2 * cell.gates) + cell.gates * 2 + cell.blend);
}

//===--- The rest ---------------------------------------------------------------------------===//

Dim layerNorm(Operation *op) { // mean, difference, square, sum, scale; an RMS norm has no mean
  return elements(op->getOperand(0)) * (cast<LayerNormOp>(op).getCentered() ? 5 : 3);
}

Dim pool(Operation *op) {
  Dim places = elements(op->getResult(0));
  for (int64_t extent : cast<PoolOp>(op).getKernel())
    places = places * extent;
  return places;
}

Dim resize(Operation *op) {
  auto resize = cast<ResizeOp>(op);
  if (resize.getMode() == "nearest")
    return 0;
  Dim places = elements(resize.getResult());
  for (double scale : resize.getScales())
    if (scale != 1)
      places = places * (resize.getMode() == "linear" ? 2 : 4);
  return places * 2;
}

struct Line {
  StringLiteral op;
  Dim (*operations)(Operation *);
};
constexpr Line table[] = {
    {"graph.matmul", matmul},
    {"graph.conv", conv},
    {"graph.conv_transpose", convTranspose},
    {"graph.attention", attention},
    {"graph.rnn", rnn},
    {"graph.softmax", perElementRead<5>},
    {"graph.layer_norm", layerNorm},
    {"graph.pool", pool},
    {"graph.resize", resize},
    {"graph.reduce", perElementRead<1>},
    {"graph.arg_reduce", perElementRead<1>},
    {"graph.cumulative", perElementRead<1>},
    {"graph.top_k", perElementRead<1>},
    {"graph.cast", none},
};

} // namespace

Dim operationsOf(Operation *op) {
  for (const Line &line : table)
    if (op->getName().getStringRef() == line.op)
      return line.operations(op);
  return op->hasTrait<Elementwise>() ? elements(op->getResult(0)) : Dim(0);
}

Dim elementsRead(OpOperand &operand) {
  Operation *op = operand.getOwner();
  bool picks = isa<SliceOp, GatherOp, GatherElementsOp, GatherNdOp>(op) && operand.getOperandNumber() == 0;
  return elements(picks ? op->getResult(0) : operand.get());
}

Dim bytesOfElement(Value value) { return std::max<int64_t>((elementOf(value).getIntOrFloatBitWidth() + 7) / 8, 1); }
Dim bytesOf(Value value) { return elements(value) * bytesOfElement(value); }

} // namespace quern::graph
