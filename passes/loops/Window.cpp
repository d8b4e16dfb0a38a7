#include "passes/loops/Window.h"
#include "passes/loops/RowTiling.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;

namespace quern {

/// Window positions past the image's end exist for some output.
static bool clipsHigh(const WindowAxis &axis) {
  auto in = axis.in.constant(), out = axis.out.constant();
  return !in || !out || (*out - 1) * axis.stride + (axis.window - 1) * axis.dilation - axis.low >= *in;
}

WindowRange windowRange(KernelFunction &kernel, IndexBuilder builder, const WindowAxis &axis, Index out) {
  WindowRange range{builder.index(0), builder.index(axis.window)};
  Index position = builder.mul(out, axis.stride);
  if (axis.low > 0)
    range.first = builder.ceilDiv(builder.max(builder.sub(builder.index(axis.low), position), 0), axis.dilation);
  if (clipsHigh(axis)) {
    Index left = builder.sub(builder.add(kernel.dim(axis.in), axis.low), position);
    range.end = builder.min(builder.ceilDiv(builder.max(left, 0), axis.dilation), axis.window);
    // A window that misses the image altogether has no positions.
    range.end = builder.max(range.end, range.first);
  }
  return range;
}

SmallVector<WindowPhase> windowPhases(const WindowAxis &axis, int64_t spacing) {
  if (spacing == 1)
    return {{axis}};
  // Output u * spacing + first meets tap k at input u + (first - low + k * dilation) / spacing, if that is a whole number.
  SmallVector<WindowPhase> phases;
  int64_t tapStep = spacing / std::gcd(spacing, axis.dilation);
  for (int64_t first = 0; first < spacing; ++first) {
    int64_t tap = 0;
    while (tap < std::min(tapStep, axis.window) && (first - axis.low + tap * axis.dilation) % spacing)
      ++tap;
    bool met = tap < std::min(tapStep, axis.window);
    WindowPhase phase{axis, first, spacing, tap, tapStep};
    phase.axis.out = (axis.out - first).ceildiv(spacing);
    phase.axis.window = met ? llvm::divideCeil(axis.window - tap, tapStep) : 0;
    phase.axis.dilation = tapStep * axis.dilation / spacing;
    phase.axis.low = met ? (axis.low - first - tap * axis.dilation) / spacing : 0;
    // The outputs of one input alone, so many past which the windows end.
    int64_t outs = 1 + axis.low + axis.high - (axis.window - 1) * axis.dilation;
    phase.axis.high = llvm::divideCeilSigned(outs - first, spacing) - 1 +
                      (phase.axis.window - 1) * phase.axis.dilation - phase.axis.low;
    phases.push_back(phase);
  }
  return phases;
}

SmallVector<WindowRun> windowRuns(const WindowAxis &axis, int64_t most) {
  SmallVector<WindowRun> runs;
  int64_t in = *axis.in.constant(), out = *axis.out.constant();
  if (out <= 0)
    return runs;
  int64_t tiles = llvm::divideCeil(out, most), size = llvm::divideCeil(out, tiles);
  int64_t larger = out - tiles * (size - 1), at = 0;
  for (int64_t tile = 0; tile < tiles; ++tile) {
    int64_t pixels = tile < larger ? size : size - 1;
    WindowRun run{at, pixels, 1, {}};
    bool inside = true;
    for (int64_t column = 0; column < axis.window; ++column) {
      auto hits = [&](int64_t i) {
        int64_t position = (at + i) * axis.stride + column * axis.dilation - axis.low;
        return position >= 0 && position < in;
      };
      int64_t first = 0, end = pixels;
      while (first < end && !hits(first))
        ++first;
      while (end > first && !hits(end - 1))
        --end;
      inside &= first == 0 && end == pixels;
      if (first < end)
        run.columns.push_back({column, first, end});
    }
    at += pixels;
    if (inside)
      run.columns.clear();
    else if (run.columns.empty())
      run.columns.push_back({0, 0, 0}); // nothing but padding: no products at all
    bool grows = inside && !runs.empty() && runs.back().columns.empty() && runs.back().size == pixels;
    if (grows)
      ++runs.back().count;
    else
      runs.push_back(std::move(run));
  }
  return runs;
}

static void tileKnownWindows(IndexBuilder builder, const WindowAxis &axis, int64_t size, WindowTile tile) {
  for (const WindowRun &run : windowRuns(axis, size)) {
    if (!run.columns.empty()) {
      tile(run.size, builder.index(run.first), run.columns);
      continue;
    }
    builder.loop(builder.index(0), builder.index(run.count), 1,
                 [&](Index i) { tile(run.size, builder.add(builder.mul(i, run.size), run.first), {}); });
  }
}

void tileWindows(KernelFunction &kernel, const WindowAxis &axis, int64_t size, WindowTile tile) {
  IndexBuilder builder(kernel.builder);
  if (axis.isKnown())
    return tileKnownWindows(builder, axis, size, tile);
  tileRows(builder, kernel.dim(axis.out), {}, size, [&](int64_t pixels, Index at) { tile(pixels, at, {}); });
}

BorderZeros::BorderZeros(KernelFunction &kernel, const WindowAxis &axis, Type element, int64_t elements)
    : kernel(kernel), axis(axis) {
  if (axis.isKnown() || (axis.low <= 0 && axis.high <= 0))
    return;
  zeros = kernel.scratch(element, elements);
  IndexBuilder builder(kernel.builder);
  auto type = VectorType::get(elements, KernelFunction::registerType(element));
  builder.create<vector::StoreOp>(builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(type)), zeros,
                                  builder.value(0));
}

bool BorderZeros::mayMiss(int64_t pixel, int64_t size, int64_t k) const {
  int64_t first = k < 0 ? 0 : k * axis.dilation, last = k < 0 ? 0 : (axis.window - 1 - k) * axis.dilation;
  return zeros && (pixel * axis.stride + first < axis.low || (size - 1 - pixel) * axis.stride + last < axis.high);
}

Value BorderZeros::at(Value buffer, Index offset, Index position) const {
  IndexBuilder builder(kernel.builder);
  // Unsigned: a position before the image is a large number.
  Value inside = builder.create<arith::CmpIOp>(arith::CmpIPredicate::ult, builder.value(position), kernel.dim(axis.in));
  return kernel.memoryIf(inside, buffer, builder.value(offset), zeros);
}

ConvGeometry::ConvGeometry(graph::ConvOp conv)
    : input(cast<BlockArgument>(conv.getInput())), weight(cast<BlockArgument>(conv.getWeight())),
      spatial(conv.getStrides().size()), blockedInput(conv.getBlockedInput()), groups(conv.getGroup()) {
  SmallVector<Dim> in = graph::dimsOf(conv.getInput()), out = graph::dimsOf(conv.getResult());
  SmallVector<Dim> weights = graph::dimsOf(conv.getWeight());
  images = in[0];
  bool depthwise = blockedInput && conv.getChannels() == groups && groups > 1;
  outBlocks = *out[1].constant() / (depthwise ? 1 : groups);
  inChannels = depthwise ? 1 : *(conv.getWinograd() ? in : weights)[1].constant();
  constexpr int64_t kBlock = 16;
  bool isLone = blockedInput && inChannels == 1 && groups == 1;
  perBlock = isLone ? std::clamp<int64_t>(conv.getInputChannels().value_or(kBlock), 1, kBlock) : kBlock;
  auto axis = [&](int64_t i) {
    int64_t window = conv.getKernel() ? (*conv.getKernel())[i] : *weights[(depthwise ? 1 : 2) + i].constant();
    return WindowAxis{in[2 + i], out[2 + i], window, conv.getStrides()[i],
                      conv.getDilations()[i], conv.getPads()[i], conv.getPads()[spatial + i]};
  };
  WindowAxis *all[] = {&z, &y, &x};
  for (int64_t i = 0; i < spatial; ++i) {
    *all[3 - spatial + i] = axis(i);
    if (conv.getSpacing())
      spacing[3 - spatial + i] = (*conv.getSpacing())[i];
  }
}

SmallVector<Index> ConvGeometry::places(Index z, Index y, Index x) const {
  Index all[] = {z, y, x};
  return llvm::to_vector(ArrayRef(all).take_back(spatial));
}

bool ConvGeometry::isPointwise() const {
  auto plain = [](const WindowAxis &axis) {
    return axis.window == 1 && axis.stride == 1 && axis.low == 0 && axis.in == axis.out;
  };
  return plain(z) && plain(y) && plain(x) && llvm::all_of(spacing, [](int64_t apart) { return apart == 1; });
}

} // namespace quern
