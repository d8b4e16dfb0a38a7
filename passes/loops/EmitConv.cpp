// Direct convolution: the reduction is a nest (channel block, window row, window column, 16 channels) over which the
// accumulators are carried. Borders cost next to nothing: window rows outside the image are clipped from the loop. A
// tile that touches the left or right border takes the window's columns one by one, each with the pixels that it hits,
// where the width is known; else the pixels that may miss the image choose between it and zeros before they run over
// channels.
#include "codegen/Schedules.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/Epilogue.h"
#include "passes/loops/RecordTile.h"
#include "passes/loops/RegisterTile.h"
#include "passes/loops/RowTiling.h"
#include "passes/loops/Window.h"

using namespace mlir;

namespace quern {
namespace {

constexpr int64_t kBlock = 16;

class ConvEmitter {
public:
  ConvEmitter(KernelFunction &kernel, graph::ConvOp conv);
  void emit();

private:
  /// Output channel blocks that one tile covers.
  struct Panels {
    Index first;
    int64_t vectors;
  };
  void emitTask(Value task);
  void emitPanels(const Part &rows, Panels panels);
  void emitTile(int64_t size, Index oy, Index ox, Panels panels, ArrayRef<WindowColumn> columns);
  struct Reads {
    Index a, b, windowRows,
        ix; ///< offsets; how many window rows; the image column of the first pixel and window column
  };
  void accumulate(const RegisterTile &tile, Accumulators &sums, const Reads &reads, ArrayRef<WindowColumn> columns);
  void store(ArrayRef<Value> sums, Index oy, Index ox, Panels panels);
  bool flattens();

  KernelFunction &kernel;
  graph::ConvOp conv;
  IndexBuilder builder;
  Epilogue epilogue;
  ConvGeometry geometry;
  bool flat;   ///< a 1x1 window of stride 1: the image is one row of pixels
  bool linear; ///< and the epilogue may see it so
  WindowAxis y, x;
  std::optional<BorderZeros> border;
  Type element;
  int64_t lanes, vectorsPerBlock, taskBlocks;
  Dim setsPerGroup, rowBlocks, rowExtent;
  TileChoice tile;
  Index pixel; ///< elements from a pixel to the next
  // The current task.
  Index image, group, blockBase;
};

ConvEmitter::ConvEmitter(KernelFunction &kernel, graph::ConvOp conv)
    : kernel(kernel), conv(conv), builder(kernel.builder), epilogue(kernel, conv.getResult()), geometry(conv),
      flat(geometry.isPointwise()), linear(flattens()), y(geometry.y), x(geometry.x),
      element(graph::elementOf(conv.getResult())),
      lanes(kernel.level.vectorBytes * 8 / element.getIntOrFloatBitWidth()), vectorsPerBlock(kBlock / lanes) {
  if (flat) {
    x.in = x.out = y.in * x.in;
    y.in = y.out = 1;
  }
  kernel::ScheduleAttr schedule = kernel.source.getSchedule();
  taskBlocks = std::min(schedule.parameter("task_blocks", 4), geometry.outBlocks);
  setsPerGroup = Dim(geometry.outBlocks).ceildiv(taskBlocks);
  rowExtent = flat ? x.out : y.out;
  rowBlocks = Dim::max(rowExtent.floordiv(schedule.parameter("task_rows", flat ? 256 : 8)), 1);
  pixel = builder.index(geometry.blockedInput ? kBlock : 1);

  TileDemand demand;
  if (auto columns = x.out.constant())
    demand.rows = flat ? llvm::divideCeil(*columns, *rowBlocks.constant()) : *columns;
  demand.vectors = taskBlocks * vectorsPerBlock;
  demand.multiple = vectorsPerBlock;
  tile = chooseTile(kernel.level, demand);
  recordTile(kernel, tile, lanes);
}

void ConvEmitter::emit() {
  Dim sets = setsPerGroup * geometry.groups;
  border.emplace(kernel, x, element, kBlock);
  kernel.forTasks(sets * geometry.images * rowBlocks, [&](Value task) { emitTask(task); });
}

void ConvEmitter::emitTask(Value task) {
  // Neighbouring tasks share the weights.
  Index rowCount = kernel.dim(rowBlocks), images = kernel.dim(geometry.images), sets = kernel.dim(setsPerGroup);
  Part rows = part(builder, builder.rem(task, rowCount), rowCount, kernel.dim(rowExtent));
  Index rest = builder.div(task, rowCount);
  image = builder.rem(rest, images);
  rest = builder.div(rest, images);
  bool one = setsPerGroup == Dim(1);
  Index set = one ? builder.index(0) : builder.rem(rest, sets);
  group = geometry.groups == 1 ? builder.index(0) : builder.div(rest, sets);
  if (geometry.groups == 1 && !one)
    set = rest;
  Part blocks = part(builder, set, sets, builder.index(geometry.outBlocks));
  blockBase = builder.add(builder.mul(group, geometry.outBlocks), blocks.first);

  tileBlocks(builder, blocks, tile.vectors / vectorsPerBlock,
             [&](Index first, int64_t count) { emitPanels(rows, {first, count * vectorsPerBlock}); });
}

void ConvEmitter::emitPanels(const Part &rows, Panels panels) {
  panels.first = builder.add(blockBase, panels.first);
  if (flat)
    return tileRows(builder, rows.count, rows.known, tile.rows, [&](int64_t size, Index ox) {
      emitTile(size, builder.index(0), builder.add(rows.first, ox), panels, {});
    });
  builder.loop(builder.index(0), rows.count, 1, [&](Index row) {
    Index oy = builder.add(rows.first, row);
    tileWindows(kernel, x, tile.rows, [&](int64_t size, Index ox, ArrayRef<WindowColumn> columns) {
      emitTile(size, oy, ox, panels, columns);
    });
  });
}

void ConvEmitter::emitTile(int64_t size, Index oy, Index ox, Panels panels, ArrayRef<WindowColumn> columns) {
  Index plane = kernel.dim(y.in * x.in), width = kernel.dim(x.in);
  int64_t unit = geometry.unit();
  Index panelStride = builder.index(geometry.inChannels * y.window * x.window * unit);
  RegisterTile registers(builder, kernel.level, {size, panels.vectors, lanes, element},
                         {kernel.buffer(geometry.input), builder.mul(pixel, x.stride), kernel.buffer(geometry.weight),
                          kBlock, panelStride});
  WindowRange rows = windowRange(kernel, builder, y, oy);
  // Positions may lie before the image; what is read does not.
  Index iy = builder.sub(builder.add(builder.mul(oy, y.stride), builder.mul(rows.first, y.dilation)), y.low);
  Index ix = builder.sub(builder.mul(ox, x.stride), x.low);
  Index channels = builder.add(builder.mul(image, geometry.groups * geometry.inChannels),
                               builder.mul(group, geometry.inChannels));
  Index offsetA =
      builder.mul(builder.add(builder.mul(channels, plane), builder.add(builder.mul(iy, width), ix)), pixel);
  Index offsetB = builder.add(builder.mul(panels.first, panelStride), builder.mul(rows.first, x.window * unit));
  Accumulators sums = registers.zero();
  accumulate(registers, sums, {offsetA, offsetB, builder.sub(rows.end, rows.first), ix}, columns);
  store(sums, oy, ox, panels);
}

void ConvEmitter::accumulate(const RegisterTile &registers, Accumulators &sums, const Reads &reads,
                             ArrayRef<WindowColumn> columns) {
  int64_t unit = geometry.unit();
  Index width = kernel.dim(x.in), plane = kernel.dim(y.in * x.in);
  ReductionLoop channel{builder.index(geometry.inChannels), builder.mul(plane, pixel),
                        builder.index(y.window * x.window * unit)};
  ReductionLoop row{reads.windowRows, builder.mul(builder.mul(width, pixel), y.dilation),
                    builder.index(x.window * unit)};
  ReductionLoop column{builder.index(x.window), builder.mul(pixel, x.dilation), builder.index(unit)};
  ReductionLoop inner{builder.index(geometry.perBlock), builder.index(1), builder.index(kBlock), tile.unroll};
  if (!geometry.blockedInput)
    inner = {builder.index(1), builder.index(0), builder.index(0)};
  if (columns.empty()) {
    int64_t size = registers.getShape().rows;
    bool misses = llvm::any_of(llvm::seq(size), [&](int64_t i) { return border->mayMiss(i, size); });
    // Without channels in blocks the columns of the window are the neighbours in memory: a vector of a patch.
    if (!geometry.blockedInput && !misses) {
      column.unroll = kernel.level.multipliesLanes && x.window % lanes == 0 ? lanes : 1;
      return registers.accumulate(sums, {channel, row, column}, reads.a, reads.b, 0, size);
    }
    auto pixels = [&](Index offset, ArrayRef<Index> at) {
      SmallVector<Value> memory(size);
      for (int64_t i = 0; i < size; ++i)
        if (border->mayMiss(i, size)) {
          Index position = builder.add(builder.add(reads.ix, i * x.stride), builder.mul(at.back(), x.dilation));
          memory[i] = border->at(kernel.buffer(geometry.input), builder.add(offset, builder.mul(pixel, i * x.stride)),
                                 position);
        }
      return memory;
    };
    return registers.accumulate(sums, {channel, row, column, inner}, reads.a, reads.b, 0, size, pixels);
  }
  // Each window column runs over all channels and rows: side by side in one loop body they would not fit the registers.
  for (const WindowColumn &hit : columns) {
    ReductionLoop one = column;
    one.extent = builder.index(1);
    registers.accumulate(sums, {channel, row, one, inner}, builder.add(reads.a, builder.mul(column.stepA, hit.column)),
                         builder.add(reads.b, builder.mul(column.stepB, hit.column)), hit.first, hit.end);
  }
}

void ConvEmitter::store(ArrayRef<Value> sums, Index oy, Index ox, Panels panels) {
  auto place = [&](Index i, Index first, int64_t count) {
    Index row = oy, column = builder.add(ox, i);
    // Tensors of the epilogue that span the image are addressed alike whether it is one row or many.
    if (flat && !linear) {
      Index width = kernel.dim(geometry.x.out);
      row = builder.div(column, width);
      column = builder.rem(column, width);
    }
    SmallVector<Point> places;
    for (int64_t j = 0; j < count; ++j) {
      Index vector = builder.add(first, j), block = builder.add(panels.first, builder.div(vector, vectorsPerBlock));
      Point point{{builder.value(image), 0, {}}, {builder.value(block), 0, {}}};
      if (geometry.planar)
        point.push_back({builder.value(row), 0, {}});
      point.push_back({builder.value(column), 0, {}});
      point.push_back({builder.value(builder.mul(builder.rem(vector, vectorsPerBlock), lanes)), 1, {}});
      places.push_back(point);
    }
    return places;
  };
  epilogue.storeTile(sums, panels.vectors, place);
}

/// Every tensor behind the convolution either spans both axes of the image or none.
bool ConvEmitter::flattens() {
  SmallVector<Dim> whole = graph::dimsOf(conv.getResult());
  if (!geometry.planar)
    return true;
  for (Operation &op : kernel.body().without_terminator()) {
    if (&op == conv.getOperation())
      continue;
    if (!op.hasTrait<graph::Elementwise>() && !isa<graph::ConstantOp>(op))
      return false;
    for (Value operand : op.getOperands()) {
      SmallVector<Dim> dims = graph::dimsOf(operand);
      size_t rank = dims.size();
      bool spansY = rank >= 3 && dims[rank - 3] != Dim(1), spansX = rank >= 2 && dims[rank - 2] != Dim(1);
      if (rank > whole.size() || ((spansY || spansX) && (dims[rank - 3] != whole[2] || dims[rank - 2] != whole[3])))
        return false;
    }
  }
  return true;
}

} // namespace

LogicalResult emitConv(KernelFunction &kernel) {
  auto found = Epilogue::findAnchor<graph::ConvOp>(kernel);
  if (failed(found))
    return failure();
  ConvEmitter(kernel, *found).emit();
  return success();
}

} // namespace quern
