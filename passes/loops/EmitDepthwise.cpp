// Depthwise convolution: one filter per channel, so vectors run over the 16 channels of a block. Several output pixels
// are computed together: each input vector is loaded once and serves every pixel whose window holds it.
#include "passes/loops/Emitters.h"
#include "passes/loops/Epilogue.h"
#include "passes/loops/RowTiling.h"
#include "passes/loops/Window.h"

using namespace mlir;

namespace quern {
namespace {

constexpr int64_t kBlock = 16;

class DepthwiseEmitter {
public:
  DepthwiseEmitter(KernelFunction &kernel, graph::ConvOp conv);
  void emit();

private:
  int64_t registersFor(int64_t pixels) const;
  void emitTask(Value task);
  void emitTile(int64_t size, Index oy, Index ox, ArrayRef<WindowColumn> columns);
  void addRow(SmallVectorImpl<Value> &sums, Index input, Index weights, Index ix, ArrayRef<WindowColumn> columns);
  Value load(Value buffer, Index offset) {
    return builder.create<vector::LoadOp>(vector, buffer, builder.value(offset));
  }

  KernelFunction &kernel;
  IndexBuilder builder;
  Epilogue epilogue;
  ConvGeometry geometry;
  WindowAxis y, x;
  std::optional<BorderZeros> border;
  VectorType vector;
  int64_t lanes, pixels;
  Dim rowBlocks;
  Value input, weight;
  // The current task.
  Index image, block, lane;
};

DepthwiseEmitter::DepthwiseEmitter(KernelFunction &kernel, graph::ConvOp conv)
    : kernel(kernel), builder(kernel.builder), epilogue(kernel, conv.getResult()), geometry(conv), y(geometry.y),
      x(geometry.x) {
  Type element = graph::elementOf(conv.getResult());
  lanes = std::min<int64_t>(kBlock, kernel.level.vectorBytes * 8 / element.getIntOrFloatBitWidth());
  vector = VectorType::get(lanes, element);
  // More than 14 pixels gain nothing, and inputs that LLVM loads in pairs, ahead of their use, take two registers.
  pixels = kernel.level.pairsLoads ? 12 : 14;
  while (pixels > 1 && registersFor(pixels) > kernel.level.vectorRegisters)
    --pixels;
  input = kernel.buffer(geometry.input);
  weight = kernel.buffer(geometry.weight);
  rowBlocks = Dim::max(y.out.floordiv(kernel.source.getSchedule().parameter("task_rows", 28)), 1);
}

/// Accumulators, an input, and what of the filter's row meets one position of the input: a wide row never as a whole.
int64_t DepthwiseEmitter::registersFor(int64_t pixels) const {
  return pixels + 1 + std::min(x.window, (pixels - 1) * x.stride / x.dilation + 1);
}

void DepthwiseEmitter::emit() {
  border.emplace(kernel, x, vector.getElementType(), lanes);
  kernel.forTasks(geometry.images * geometry.outBlocks * rowBlocks, [&](Value task) { emitTask(task); });
}

void DepthwiseEmitter::emitTask(Value task) {
  Index rowCount = kernel.dim(rowBlocks);
  Part rows = part(builder, builder.rem(task, rowCount), rowCount, kernel.dim(y.out));
  Index rest = builder.div(task, rowCount);
  block = builder.rem(rest, geometry.outBlocks);
  image = builder.div(rest, geometry.outBlocks);
  builder.loop(builder.index(0), rows.count, 1, [&](Index row) {
    Index oy = builder.add(rows.first, row);
    builder.loop(builder.index(0), builder.index(kBlock), lanes, [&](Index first) {
      lane = first;
      tileWindows(kernel, x, pixels, [&](int64_t size, Index ox, ArrayRef<WindowColumn> columns) {
        emitTile(size, oy, ox, columns);
      });
    });
  });
}

void DepthwiseEmitter::emitTile(int64_t size, Index oy, Index ox, ArrayRef<WindowColumn> columns) {
  SmallVector<WindowColumn> inside;
  for (int64_t column = 0; columns.empty() && column < x.window; ++column)
    inside.push_back({column, 0, size});
  if (!columns.empty())
    inside.assign(columns.begin(), columns.end());

  WindowRange rows = windowRange(kernel, builder, y, oy);
  Index plane = builder.add(builder.mul(image, geometry.outBlocks), block);
  Index iy = builder.sub(builder.mul(oy, y.stride), y.low), ix = builder.sub(builder.mul(ox, x.stride), x.low);
  Index row = builder.add(builder.mul(plane, kernel.dim(y.in)), iy);
  SmallVector<Value> sums(size, builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(vector)));
  builder.carry(rows.first, rows.end, 1, sums, [&](Index k, SmallVectorImpl<Value> &carried) {
    Index at = builder.add(builder.mul(builder.add(row, builder.mul(k, y.dilation)), kernel.dim(x.in)), ix);
    Index filter = builder.mul(builder.add(builder.mul(block, y.window), k), x.window);
    Index from = builder.add(builder.mul(at, kBlock), lane), weights = builder.add(builder.mul(filter, kBlock), lane);
    addRow(carried, from, weights, ix, inside);
  });
  auto place = [&](Index i, Index, int64_t) {
    Point point{{builder.value(image), 0, {}}, {builder.value(block), 0, {}}};
    if (geometry.spatial > 1)
      point.push_back({builder.value(oy), 0, {}});
    point.push_back({builder.value(builder.add(ox, i)), 0, {}});
    point.push_back({builder.value(lane), 1, {}});
    return SmallVector<Point>{point};
  };
  epilogue.storeTile(sums, 1, place);
}

/// Input positions from left to right, the first of them `ix` in the image, each added to the pixels whose window holds
/// it.
void DepthwiseEmitter::addRow(SmallVectorImpl<Value> &sums, Index from, Index weights, Index ix,
                              ArrayRef<WindowColumn> columns) {
  struct Use {
    int64_t pixel, column;
  };
  std::map<int64_t, SmallVector<Use>> uses;
  for (const WindowColumn &hit : columns)
    for (int64_t pixel = hit.first; pixel < hit.end; ++pixel)
      uses[pixel * x.stride + hit.column * x.dilation].push_back({pixel, hit.column});
  SmallVector<Value> factors(x.window); // a row that does not fit into registers is loaded where it is used first
  if (pixels + 1 + x.window <= kernel.level.vectorRegisters)
    for (const WindowColumn &hit : columns)
      factors[hit.column] = load(weight, builder.add(weights, hit.column * kBlock));
  for (auto &[position, users] : uses) {
    Index offset = builder.add(from, position * kBlock);
    bool mayMiss =
        llvm::any_of(users, [&](const Use &use) { return border->mayMiss(use.pixel, sums.size(), use.column); });
    Value value =
        mayMiss ? load(border->at(input, offset, builder.add(ix, position)), builder.index(0)) : load(input, offset);
    for (const Use &use : users) {
      if (!factors[use.column])
        factors[use.column] = load(weight, builder.add(weights, use.column * kBlock));
      sums[use.pixel] = builder.create<vector::FMAOp>(value, factors[use.column], sums[use.pixel]);
    }
  }
}

} // namespace

LogicalResult emitDepthwise(KernelFunction &kernel) {
  auto found = Epilogue::findAnchor<graph::ConvOp>(kernel);
  if (failed(found))
    return failure();
  DepthwiseEmitter(kernel, *found).emit();
  return success();
}

} // namespace quern
