// Pooling. Averages and maxima of windows are graph.pool, global ones graph.reduce, Lp norms are averages of powers.
#include "frontends/onnx/lowering/Window.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::onnx;

static llvm::Error checkSpatial(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1))
    return error;
  if (rankOf(node.operand(0)) < 3)
    return node.error(ErrorKind::Model, "the input has rank {0}, expected 3 or more", rankOf(node.operand(0)));
  return llvm::Error::success();
}

/// The window of a pooling node, whose kernel is an attribute.
static llvm::Expected<Window> readPoolWindow(NodeLowering &node) {
  if (llvm::Error error = checkSpatial(node))
    return error;
  auto kernel = node.integers("kernel_shape");
  if (!kernel || kernel->size() != size_t(rankOf(node.operand(0))) - 2)
    return node.error(ErrorKind::Model, "kernel_shape has {0} entries, expected {1} for the operand's spatial axes",
                      kernel ? kernel->size() : 0, rankOf(node.operand(0)) - 2);
  return readWindow(node, *kernel);
}

/// Partial windows at the high end count with ceil_mode; auto_pad has formulas of its own that do not ask.
static bool countsPartialWindows(NodeLowering &node) {
  StringRef autoPad = node.text("auto_pad", "NOTSET");
  return node.integer("ceil_mode", 0) && (autoPad.empty() || autoPad == "NOTSET");
}

/// graph.pool without the windows of ceil_mode that start in the padding at the high end: an axis has at most
/// ceil((in + low) / stride) windows.
static Value pool(NodeLowering &node, Value x, const Window &window, PoolKind kind, bool ceil, bool countPadding) {
  Value y =
      node.create<PoolOp>(x, kind, window.kernel, window.strides, window.dilations, window.pads(), ceil, countPadding,
                          /*blocked=*/false);
  if (!ceil || node.failed())
    return y;
  SmallVector<Dim> dims = dimsOf(y), kept = dims;
  for (size_t i = 0; i < window.rank(); ++i) {
    Dim begun = (dimOf(x, 2 + i) + window.low[i]).ceildiv(window.strides[i]);
    if (window.high[i] - window.span(i) + window.strides[i] > 0) // else the ceil formula cannot exceed it
      kept[2 + i] = Dim::min(dims[2 + i], begun);
  }
  SmallVector<Dim> zeros(dims.size(), 0);
  return kept == dims ? y : node.slice(y, zeros, SmallVector<int64_t>(dims.size(), 1), kept);
}

/// What a maximum ignores: the smallest value of the type, in which padding that is made explicit is written.
static Value smallest(NodeLowering &node, Type element) {
  if (isa<FloatType>(element))
    return node.constant(-std::numeric_limits<double>::infinity(), element);
  unsigned width = element.getIntOrFloatBitWidth();
  return node.constantInt(element.isUnsignedInteger() || width == 1 ? 0 : llvm::minIntN(width), element);
}

//===--- MaxPool ----------------------------------------------------------------------------===//

/// A slice is made for each element of a window.
static constexpr int64_t kMostTaps = 4096;

/// One value per element of a window, stacked along a new last axis: [N, C, O...] -> [N, C, O..., taps].
static Value stackTaps(NodeLowering &node, Value padded, const Window &window, ArrayRef<Dim> out) {
  SmallVector<Value> taps;
  SmallVector<int64_t> steps(2, 1), at(window.rank(), 0);
  steps.append(window.strides);
  int64_t count = 1;
  for (int64_t extent : window.kernel)
    count *= extent;
  for (int64_t tap = 0; tap < count; ++tap) {
    SmallVector<Dim> starts(2, 0);
    int64_t rest = tap;
    for (size_t i = window.rank(); i-- > 0; rest /= window.kernel[i])
      at[i] = rest % window.kernel[i];
    for (size_t i = 0; i < window.rank(); ++i)
      starts.push_back(at[i] * window.dilations[i]);
    taps.push_back(node.unsqueeze(node.slice(padded, starts, steps, out), {int64_t(out.size())}));
  }
  return node.concat(taps, out.size());
}

/// The place in the flat input of each maximum: the winning tap gives the coordinates along the spatial axes, and the
/// batch and channel come from the position. `storage_order` 1 counts the spatial axes with the first one fastest.
static Value maxPoolIndices(NodeLowering &node, Value x, const Window &window, ArrayRef<Dim> out) {
  Type i64 = node.builder.getI64Type();
  SmallVector<Dim> in = dimsOf(x), low(2, 0), high(2, 0);
  for (size_t i = 0; i < window.rank(); ++i) {
    low.push_back(window.low[i]);
    Dim covered = (out[2 + i] - 1) * window.strides[i] + window.span(i);
    high.push_back(Dim::max(covered - in[2 + i] - window.low[i], 0));
  }
  Value taps = stackTaps(node, node.pad(x, low, high, smallest(node, elementOf(x))), window, out);
  Value winner = node.create<ArgReduceOp>(taps, out.size(), /*largest=*/true, /*last=*/false);
  winner = node.squeeze(winner, {int64_t(out.size())});

  bool columnMajor = node.integer("storage_order", 0) == 1;
  auto scaled = [&](Value v, const Dim &by) { return node.mul(v, node.dimVector({by}, i64, /*rank0=*/true)); };
  Dim volume = quern::product(ArrayRef(in).drop_front(2));
  Value index = node.add(scaled(node.iota(out, 0, i64), in[1] * volume), scaled(node.iota(out, 1, i64), volume));
  for (size_t i = window.rank(); i-- > 0;) {
    Dim stride = 1;
    for (size_t j = 0; j < window.rank(); ++j)
      if (columnMajor ? j < i : j > i)
        stride = stride * in[2 + j];
    Value extent = node.constantInt(window.kernel[i], i64);
    Value tap = node.binary<ModOp>(winner, extent, /*truncated=*/true);
    winner = node.div(winner, extent);
    Value position = node.add(scaled(node.iota(out, 2 + i, i64), window.strides[i]), scaled(tap, window.dilations[i]));
    position = node.sub(position, node.constantInt(window.low[i], i64));
    index = node.add(index, scaled(position, stride));
  }
  return index;
}

Lowered onnx::lowerMaxPool(NodeLowering &node) {
  auto window = readPoolWindow(node);
  if (!window)
    return window.takeError();
  Value x = node.operand(0);
  if (node.wantsResult(1) && !window->padded.empty())
    return node.error(ErrorKind::Unsupported,
                      "the indices of auto_pad {0} over dynamic extents; make the extents static or "
                      "write pads",
                      node.text("auto_pad", ""));
  Value padded = padDynamically(node, x, *window, smallest(node, elementOf(x)));
  Value y = pool(node, padded, *window, PoolKind::max, countsPartialWindows(node), /*countPadding=*/false);
  if (!node.wantsResult(1))
    return SmallVector<Value>{y, Value()};
  SmallVector<Dim> taps(window->kernel.begin(), window->kernel.end());
  if (quern::product(taps).constant().value_or(kMostTaps + 1) > kMostTaps)
    return node.error(ErrorKind::Unsupported, "the indices of a window of more than {0} elements", kMostTaps);
  return SmallVector<Value>{y, node.failed() ? y : maxPoolIndices(node, x, *window, dimsOf(y))};
}

/// The inverse of MaxPool: values go back to the places that its indices say, everything else is 0.
Lowered onnx::lowerMaxUnpool(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 3))
    return error;
  if (llvm::Error error = checkSpatial(node))
    return error;
  Value x = node.operand(0);
  auto window = readWindowAttributes(node, node.integers("kernel_shape").value_or(SmallVector<int64_t>()));
  if (!window)
    return window.takeError();
  SmallVector<Dim> dims = dimsOf(x);
  if (window->rank() + 2 != dims.size())
    return node.error(ErrorKind::Model, "kernel_shape has {0} entries, expected {1} for the operand's spatial axes",
                      window->rank(), dims.size() - 2);
  for (size_t i = 0; i < window->rank(); ++i)
    dims[2 + i] = (dims[2 + i] - 1) * window->strides[i] + window->kernel[i] - window->low[i] - window->high[i];
  SmallVector<Dim> asked = node.has(2) ? node.readDims(2) : dims;
  if (asked.size() != dims.size())
    return node.error(ErrorKind::Model, "output_shape has {0} entries, expected {1}", asked.size(), dims.size());

  // The indices count elements of a result without output_shape, which is that one with zeros behind it.
  Value zeros = node.splat(0.0, elementOf(x), {quern::product(dims)});
  Dim count = quern::product(dimsOf(x));
  node.guardNotEmpty(quern::product(dims), count);
  Value flat = node.createAs<ScatterElementsOp>(zeros.getType(), zeros, node.reshape(node.operand(1), {count}),
                                                node.reshape(x, {count}), 0, ScatterKind::none);
  SmallVector<Dim> low(dims.size(), 0), high;
  for (size_t i = 0; i < dims.size(); ++i)
    high.push_back(asked[i] - dims[i]);
  return SmallVector<Value>{node.pad(node.reshape(flat, dims), low, high)};
}

//===--- Averages and norms -----------------------------------------------------------------===//

/// The average of windows whose padding is only known at run time and does not count: the average of the padded operand
/// over that of ones padded alike.
static Value averageOfInside(NodeLowering &node, Value x, const Window &window) {
  Value zero = node.constant(0.0, x.getType());
  Value ones = node.splat(1.0, elementOf(x), dimsOf(x));
  Value sum =
      pool(node, padDynamically(node, x, window, zero), window, PoolKind::average, false, /*countPadding=*/true);
  Value share =
      pool(node, padDynamically(node, ones, window, zero), window, PoolKind::average, false, /*countPadding=*/true);
  return node.div(sum, share);
}

Lowered onnx::lowerAveragePool(NodeLowering &node) {
  auto window = readPoolWindow(node);
  if (!window)
    return window.takeError();
  bool countPadding = node.integer("count_include_pad", 0) != 0;
  Value x = node.operand(0);
  if (!window->padded.empty() && !countPadding)
    return SmallVector<Value>{averageOfInside(node, x, *window)};
  x = padDynamically(node, x, *window, node.constant(0.0, x.getType()));
  return SmallVector<Value>{pool(node, x, *window, PoolKind::average, countsPartialWindows(node), countPadding)};
}

/// |x|^p, with less than a power where there is less.
static Value power(NodeLowering &node, Value x, double p) {
  if (p == 1.0)
    return node.unary<AbsOp>(x);
  if (p == 2.0)
    return node.mul(x, x);
  return node.binary<PowOp>(node.unary<AbsOp>(x), node.constant(p, x.getType()));
}
static Value root(NodeLowering &node, Value x, double p) {
  if (p == 1.0)
    return x;
  return p == 2.0 ? node.sqrt(x) : node.binary<PowOp>(x, node.constant(1.0 / p, x.getType()));
}
/// A float in version 1, an integer later.
static double readP(NodeLowering &node) {
  return node.version() < 2 ? node.real("p", 2.0) : double(node.integer("p", 2));
}

Lowered onnx::lowerLpPool(NodeLowering &node) {
  auto window = readPoolWindow(node);
  if (!window)
    return window.takeError();
  double p = readP(node), taps = 1.0;
  for (int64_t extent : window->kernel)
    taps *= double(extent);
  // Zeros beyond the end add nothing, so that partial windows are whole ones over more padding.
  bool ceil = countsPartialWindows(node);
  Value x =
      padDynamically(node, power(node, node.operand(0), p), *window, node.constant(0.0, node.operand(0).getType()));
  if (ceil)
    for (size_t i = 0; i < window->rank(); ++i)
      window->high[i] += window->strides[i] - 1;
  Value sum = node.mul(pool(node, x, *window, PoolKind::average, /*ceil=*/false, /*countPadding=*/true), taps);
  return SmallVector<Value>{root(node, sum, p)};
}

static SmallVector<int64_t> spatialAxes(Value x) { return llvm::to_vector(llvm::seq<int64_t>(2, rankOf(x))); }

static Lowered lowerGlobal(NodeLowering &node, ReduceKind kind) {
  if (llvm::Error error = checkSpatial(node))
    return error;
  return SmallVector<Value>{node.reduce(node.operand(0), spatialAxes(node.operand(0)), kind)};
}
Lowered onnx::lowerGlobalAveragePool(NodeLowering &node) { return lowerGlobal(node, ReduceKind::mean); }
Lowered onnx::lowerGlobalMaxPool(NodeLowering &node) { return lowerGlobal(node, ReduceKind::max); }

Lowered onnx::lowerGlobalLpPool(NodeLowering &node) {
  if (llvm::Error error = checkSpatial(node))
    return error;
  Value x = node.operand(0);
  double p = readP(node);
  return SmallVector<Value>{root(node, node.reduce(power(node, x, p), spatialAxes(x), ReduceKind::sum), p)};
}
