#include "dialects/graph/Work.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace quern::graph {
namespace {

Dim elements(Value value) { return product(dimsOf(value)); }

Dim none(Operation *) { return 0; }
template <int64_t count> Dim perElementRead(Operation *op) { return elements(op->getOperand(0)) * count; }
Dim perElementWritten(Operation *op) { return elements(op->getResult(0)); }

//===--- Contractions -----------------------------------------------------------------------===//

Dim matmul(Operation *op) {
  auto matmul = cast<MatmulOp>(op);
  return elements(matmul.getResult()) * dimsOf(matmul.getLhs()).back() * 2;
}

/// Of a convolution whose windows have so many taps in all along each spatial axis.
Dim convWith(ConvOp conv, llvm::function_ref<Dim(size_t axis, const Dim &places, int64_t window)> taps) {
  size_t axes = conv.getStrides().size();
  SmallVector<Dim> result = dimsOf(conv.getResult()), weight = dimsOf(conv.getWeight());
  Dim filters = conv.getChannels() ? Dim(*conv.getChannels()) : result[1];
  Dim channels = conv.getInputChannels() ? Dim(*conv.getInputChannels()) : dimOf(conv.getInput(), 1);
  Dim sum = result[0] * filters * channels.floordiv(int64_t(conv.getGroup())) * 2;
  for (size_t axis = 0; axis < axes; ++axis)
    sum =
        sum * taps(axis, result[2 + axis], conv.getKernel() ? (*conv.getKernel())[axis] : weight[2 + axis].estimate(1));
  return sum;
}

Dim conv(Operation *op) {
  auto conv = cast<ConvOp>(op);
  return convWith(conv, [&](size_t axis, const Dim &places, int64_t window) {
    // Of a spaced input every element meets every tap, but for what is cut off at the ends.
    return (conv.getSpacing() ? dimOf(conv.getInput(), 2 + axis) : places) * window;
  });
}

/// Taps of all windows along an axis that lie on so much padding at one end: at most this many, as the windows at the
/// far end may stand apart from it.
int64_t tapsOnPadding(int64_t padding, int64_t window, int64_t stride, int64_t dilation) {
  int64_t sum = 0;
  for (int64_t start = 0; start < padding; start += stride)
    sum += std::min<int64_t>(window, llvm::divideCeil(padding - start, dilation));
  return sum;
}

Dim convInside(Operation *op) {
  if (cast<ConvOp>(op).getSpacing())
    return conv(op);
  auto conv = cast<ConvOp>(op);
  size_t axes = conv.getStrides().size();
  return convWith(conv, [&](size_t axis, const Dim &places, int64_t window) {
    int64_t stride = conv.getStrides()[axis], dilation = conv.getDilations()[axis], outside = 0;
    for (size_t end : {axis, axis + axes})
      outside += tapsOnPadding(conv.getPads()[end], window, stride, dilation);
    return Dim::max(places * window - outside, 0);
  });
}

Dim convTranspose(Operation *op) {
  auto conv = cast<ConvTransposeOp>(op);
  // Every element read is multiplied with the filters of its group, at each place of the window.
  return elements(conv.getInput()) * product(ArrayRef(dimsOf(conv.getWeight())).drop_front()) * 2;
}

/// `perPair` operations for each pair of a query and a key that it may see, on top of the two products.
Dim attentionWith(AttentionOp attention, int64_t perPair) {
  SmallVector<Dim> q = dimsOf(attention.getQuery()), k = dimsOf(attention.getKey()), v = dimsOf(attention.getValue());
  Dim queries = q[2], keys = k[2], pairs = queries * keys;
  if (attention.getCausal()) // query i of S sees the first T - S + i + 1 keys
    pairs = pairs - (queries * (queries - 1)).floordiv(2);
  return q[0] * q[1] * pairs * ((q[3] + v[3]) * 2 + perPair);
}

Dim attention(Operation *op) {
  constexpr int64_t softmax = 5;
  return attentionWith(cast<AttentionOp>(op), softmax);
}
Dim attentionProducts(Operation *op) { return attentionWith(cast<AttentionOp>(op), 0); }

struct Cell {
  int64_t gates, blend;
};
/// By kind. Blends: none; f c + i g, tanh, times o; (1 - z) h' + z h, and r times h.
constexpr Cell cells[] = {{1, 0}, {4, 5}, {3, 5}};

/// For each step, direction, row of the batch and hidden unit: the product with the recurrent weights.
Dim rnnProducts(Operation *op) {
  auto rnn = cast<RnnOp>(op);
  return elements(rnn.getY()) * dimsOf(rnn.getY()).back() * (2 * cells[size_t(rnn.getKind())].gates);
}

/// Then an addition of the projection and a function for each gate, and the blend.
Dim rnn(Operation *op) {
  auto rnn = cast<RnnOp>(op);
  const Cell &cell = cells[size_t(rnn.getKind())];
  return rnnProducts(op) + elements(rnn.getY()) * (cell.gates * 2 + cell.blend);
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

Dim scatter(Operation *op) {
  auto kind = op->getAttrOfType<ScatterKindAttr>("kind");
  return kind.getValue() == ScatterKind::none ? Dim(0) : elements(op->getOperand(2));
}

/// 5 n log2 n for n complex numbers, as is usual: what transforms of two elements would need. Half for real ones.
Dim fourierOver(Value floats, int64_t extent) {
  return (elements(floats) * int64_t(5 * llvm::Log2_64_Ceil(std::max<int64_t>(extent, 1)))).floordiv(2);
}
Dim fourier(Operation *op) {
  auto fourier = cast<FourierOp>(op);
  return fourierOver(fourier.getOperand(), dimOf(fourier.getOperand(), fourier.getAxis()).estimate(1));
}
/// What is left of a packed one: a product by a root, and four additions.
Dim fourierOfReal(Operation *op) {
  bool fromReal = isa<FourierFromRealOp>(op);
  Value real = fromReal ? op->getOperand(0) : op->getResult(0);
  return op->hasAttr("packed") ? elements(real) * 5 : fourierOver(real, dimsOf(real).back().estimate(1));
}

/// A comparison for each level of a balanced tree, and what leaves add.
Dim treeEnsemble(Operation *op) {
  auto trees = cast<TreeEnsembleOp>(op);
  int64_t count = *dimOf(trees.getTrees(), 0).constant(), leaves = *dimOf(trees.getValues(), 0).constant();
  int64_t levels = llvm::Log2_64_Ceil(std::max<int64_t>(leaves / std::max<int64_t>(count, 1), 1));
  return dimOf(trees.getX(), 0) * (count * (levels + *dimOf(trees.getValues(), 1).constant()));
}

/// The same where the depths are known: what the rows need, not what it takes to keep them side by side.
Dim packedTrees(Operation *op) {
  auto trees = cast<PackedTreesOp>(op);
  int64_t added = int64_t(trees.getTrees()) * *dimOf(trees.getValues(), 1).constant();
  return dimOf(trees.getX(), 0) * (int64_t(trees.getSteps()) + added);
}

/// A multiplication and an addition for each element of a triangle and each column.
Dim triangularSolve(Operation *op) {
  return elements(op->getResult(0)) * dimsOf(op->getResult(0)).rbegin()[1] * int64_t(op->getNumResults() == 1 ? 1 : 4);
}

/// 2/3 n^3 for LU, half of that for Cholesky; products of complex numbers are four.
Dim factorization(Operation *op) {
  bool isSymmetric = isa<CholeskyOp>(op);
  Dim all = elements(op->getOperand(0)) * dimsOf(op->getOperand(0)).back() * int64_t(op->getNumOperands() == 1 ? 1 : 4);
  return (all * (isSymmetric ? 1 : 2)).floordiv(3);
}

struct Line {
  StringLiteral op;
  Dim (*operations)(Operation *);
  Dim (*multiplyAdds)(Operation *);
};
constexpr Line table[] = {
    {"graph.matmul", matmul, matmul},
    {"graph.conv", conv, convInside},
    {"graph.conv_transpose", convTranspose, none}, // how much it cuts off at the ends is not counted
    {"graph.attention", attention, attentionProducts},
    {"graph.rnn", rnn, rnnProducts},
    {"graph.winograd_weight", none, none}, // of constants, when the model is compiled
    {"graph.fourier", fourier, none},
    {"graph.fourier_from_real", fourierOfReal, none},
    {"graph.fourier_to_real", fourierOfReal, none},
    {"graph.tree_ensemble", treeEnsemble, none},
    {"graph.packed_trees", packedTrees, none},
    {"graph.softmax", perElementRead<5>, none},
    {"graph.layer_norm", layerNorm, none},
    {"graph.pool", pool, none},
    {"graph.lu", factorization, factorization},
    {"graph.cholesky", factorization, factorization},
    {"graph.triangular_solve", triangularSolve, triangularSolve},
    {"graph.resize", resize, none},
    {"graph.reduce", perElementRead<1>, none},
    {"graph.arg_reduce", perElementRead<1>, none},
    {"graph.cumulative", perElementRead<1>, none},
    {"graph.top_k", perElementRead<1>, none},
    {"graph.scatter_elements", scatter, none},
    {"graph.scatter_nd", scatter, none},
    {"graph.cast", none, none},
    {"graph.bitcast", none, none},
    {"graph.constant", none, none},
    {"graph.shape_vector", none, none},
    {"graph.transpose", none, none},
    {"graph.reshape", none, none},
    {"graph.broadcast", none, none},
    {"graph.slice", none, none},
    {"graph.concat", none, none},
    {"graph.pad", none, none},
    {"graph.gather", none, none},
    {"graph.gather_elements", none, none},
    {"graph.gather_nd", none, none},
    {"graph.iota", none, none},
    {"graph.block", none, none},
    {"graph.unblock", none, none},
    {"graph.non_zero", none, none},
    {"text.lookup", none, none},
    {"text.pick_strings", none, none},
};
constexpr Line elementwise = {"", perElementWritten, none};

const Line *lineOf(Operation *op) {
  const Line *line = llvm::find_if(table, [&](const Line &line) { return op->getName().getStringRef() == line.op; });
  return line != std::end(table) ? line : op->hasTrait<Elementwise>() ? &elementwise : nullptr;
}

} // namespace

std::optional<Dim> operationsOf(Operation *op) {
  const Line *line = lineOf(op);
  return line ? std::optional(line->operations(op)) : std::nullopt;
}

Dim multiplyAddsOf(Operation *op) {
  const Line *line = lineOf(op);
  return line ? line->multiplyAdds(op) : Dim(0);
}

Dim elementsRead(OpOperand &operand) {
  Operation *op = operand.getOwner();
  bool picks = isa<SliceOp, GatherOp, GatherElementsOp, GatherNdOp>(op) && operand.getOperandNumber() == 0;
  return elements(picks ? op->getResult(0) : operand.get());
}

Dim bytesOfElement(Value value) {
  if (!elementOf(value).isIntOrFloat()) // a string: its address and size
    return 16;
  return std::max<int64_t>((elementOf(value).getIntOrFloatBitWidth() + 7) / 8, 1);
}
Dim bytesOf(Value value) { return elements(value) * bytesOfElement(value); }

} // namespace quern::graph
