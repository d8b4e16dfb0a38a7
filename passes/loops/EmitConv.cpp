// Direct convolution: the reduction is a nest (channel block, window row, window column, 16 channels) over which the
// accumulators are carried. Borders cost next to nothing: window rows outside the image are clipped from the loop. A
// tile that touches the left or right border takes the window's columns one by one, each with the pixels that it hits,
// where the width is known; else the pixels that may miss the image choose between it and zeros before they run over
// channels.
//
// Of an input whose elements lie apart, a transposed convolution's, each phase of the outputs is a convolution by itself;
// a task computes all of them for some of the places.
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
  void emitPanels(Index rowBlock, Panels panels);
  void emitRows(const Part &rows, Panels panels);
  /// Where a tile is, counted within its phase.
  struct Place {
    Index z, y, x;
  };
  void emitTile(int64_t size, Place place, Panels panels, ArrayRef<WindowColumn> columns);
  struct Reads {
    Index a, b, planes, rows,
        ix; ///< offsets; how many window planes and rows; the image column of the first pixel and window column
  };
  void accumulate(const RegisterTile &tile, Accumulators &sums, const Reads &reads, ArrayRef<WindowColumn> columns);
  void store(ArrayRef<Value> sums, Place place, Panels panels);
  bool flattens();

  KernelFunction &kernel;
  graph::ConvOp conv;
  IndexBuilder builder;
  Epilogue epilogue;
  ConvGeometry geometry;
  bool flat;   ///< a 1x1 window of stride 1: the image is one row of pixels
  bool linear; ///< and the epilogue may see it so
  SmallVector<WindowPhase> phases[3]; ///< of z, y, x
  SmallVector<BorderZeros> borders;   ///< of x's phases
  Type element;
  int64_t lanes, vectorsPerBlock, taskBlocks;
  Dim setsPerGroup, rowBlocks;
  TileChoice tile;
  Index pixel; ///< elements from a pixel to the next
  // The current task.
  Index image, group, blockBase;
  // The current phase.
  WindowPhase z, y, x;
  const BorderZeros *border = nullptr;
};

ConvEmitter::ConvEmitter(KernelFunction &kernel, graph::ConvOp conv)
    : kernel(kernel), conv(conv), builder(kernel.builder), epilogue(kernel, conv.getResult()), geometry(conv),
      flat(geometry.isPointwise()), linear(flattens()), element(graph::elementOf(conv.getResult())),
      lanes(kernel.level.vectorBytes * 8 / element.getIntOrFloatBitWidth()), vectorsPerBlock(kBlock / lanes) {
  WindowAxis axes[] = {geometry.z, geometry.y, geometry.x};
  if (flat) {
    axes[2].in = axes[2].out = axes[0].in * axes[1].in * axes[2].in;
    axes[0].in = axes[0].out = axes[1].in = axes[1].out = 1;
  }
  for (int64_t i = 0; i < 3; ++i)
    phases[i] = windowPhases(axes[i], geometry.spacing[i]);
  kernel::ScheduleAttr schedule = kernel.source.getSchedule();
  taskBlocks = std::min(schedule.parameter("task_blocks", 4), geometry.outBlocks);
  setsPerGroup = Dim(geometry.outBlocks).ceildiv(taskBlocks);
  Dim width = phases[2].front().axis.out;
  Dim rows = flat ? width : phases[0].front().axis.out * phases[1].front().axis.out;
  rowBlocks = Dim::max(rows.floordiv(schedule.parameter("task_rows", flat ? 256 : 8)), 1);
  pixel = builder.index(geometry.blockedInput ? kBlock : 1);

  TileDemand demand;
  if (auto columns = width.constant())
    demand.rows = flat ? llvm::divideCeil(*columns, *rowBlocks.constant()) : *columns;
  demand.vectors = taskBlocks * vectorsPerBlock;
  demand.multiple = vectorsPerBlock;
  tile = chooseTile(kernel.level, demand);
  recordTile(kernel, tile, lanes);
}

void ConvEmitter::emit() {
  Dim sets = setsPerGroup * geometry.groups;
  for (const WindowPhase &phase : phases[2])
    borders.emplace_back(kernel, phase.axis, element, kBlock);
  kernel.forTasks(sets * geometry.images * rowBlocks, [&](Value task) { emitTask(task); });
}

void ConvEmitter::emitTask(Value task) {
  // Neighbouring tasks share the weights.
  Index rowCount = kernel.dim(rowBlocks), images = kernel.dim(geometry.images), sets = kernel.dim(setsPerGroup);
  Index rowBlock = builder.rem(task, rowCount), rest = builder.div(task, rowCount);
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
             [&](Index first, int64_t count) { emitPanels(rowBlock, {first, count * vectorsPerBlock}); });
}

void ConvEmitter::emitPanels(Index rowBlock, Panels panels) {
  panels.first = builder.add(blockBase, panels.first);
  for (const WindowPhase &outer : phases[0])
    for (const WindowPhase &inner : phases[1]) {
      z = outer;
      y = inner;
      Dim rows = flat ? phases[2].front().axis.out : z.axis.out * y.axis.out;
      emitRows(part(builder, rowBlock, kernel.dim(rowBlocks), kernel.dim(rows)), panels);
    }
}

void ConvEmitter::emitRows(const Part &rows, Panels panels) {
  if (flat) {
    x = phases[2].front();
    border = &borders.front();
    return tileRows(builder, rows.count, rows.known, tile.rows, [&](int64_t size, Index ox) {
      emitTile(size, {builder.index(0), builder.index(0), builder.add(rows.first, ox)}, panels, {});
    });
  }
  builder.loop(builder.index(0), rows.count, 1, [&](Index row) {
    Place place{builder.index(0), builder.add(rows.first, row), builder.index(0)};
    if (geometry.spatial == 3) {
      Index height = kernel.dim(y.axis.out);
      place.z = builder.div(place.y, height);
      place.y = builder.rem(place.y, height);
    }
    for (auto [phase, zeros] : llvm::zip_equal(phases[2], borders)) {
      x = phase;
      border = &zeros;
      tileWindows(kernel, x.axis, tile.rows, [&](int64_t size, Index ox, ArrayRef<WindowColumn> columns) {
        emitTile(size, {place.z, place.y, ox}, panels, columns);
      });
    }
  });
}

void ConvEmitter::emitTile(int64_t size, Place place, Panels panels, ArrayRef<WindowColumn> columns) {
  Index plane = kernel.dim(y.axis.in * x.axis.in), width = kernel.dim(x.axis.in);
  int64_t row = geometry.x.window * geometry.unit(), whole = geometry.z.window * geometry.y.window * row;
  Index panelStride = builder.index(geometry.inChannels * whole);
  RegisterTile registers(builder, kernel.level, {size, panels.vectors, lanes, element},
                         {kernel.buffer(geometry.input), builder.mul(pixel, x.axis.stride),
                          kernel.buffer(geometry.weight), kBlock, panelStride});
  WindowRange planes = windowRange(kernel, builder, z.axis, place.z),
              rows = windowRange(kernel, builder, y.axis, place.y);
  // Positions may lie before the image; what is read does not.
  auto start = [&](Index out, const WindowAxis &axis, Index tap) {
    return builder.sub(builder.add(builder.mul(out, axis.stride), builder.mul(tap, axis.dilation)), axis.low);
  };
  Index iz = start(place.z, z.axis, planes.first), iy = start(place.y, y.axis, rows.first),
        ix = start(place.x, x.axis, builder.index(0));
  Index channels = builder.add(builder.mul(image, geometry.groups * geometry.inChannels),
                               builder.mul(group, geometry.inChannels));
  Index at = builder.add(builder.mul(channels, kernel.dim(z.axis.in)), iz);
  Index offsetA = builder.mul(builder.add(builder.mul(at, plane), builder.add(builder.mul(iy, width), ix)), pixel);
  auto tap = [&](const WindowPhase &phase, Index first) {
    return builder.add(builder.mul(first, phase.tapStep), phase.tap);
  };
  Index offsetB = builder.mul(panels.first, panelStride);
  offsetB = builder.add(offsetB, builder.mul(tap(z, planes.first), geometry.y.window * row));
  offsetB = builder.add(offsetB, builder.mul(tap(y, rows.first), row));
  offsetB = builder.add(offsetB, x.tap * geometry.unit());
  Accumulators sums = registers.zero();
  accumulate(registers, sums,
             {offsetA, offsetB, builder.sub(planes.end, planes.first), builder.sub(rows.end, rows.first), ix}, columns);
  store(sums, place, panels);
}

void ConvEmitter::accumulate(const RegisterTile &registers, Accumulators &sums, const Reads &reads,
                             ArrayRef<WindowColumn> columns) {
  int64_t unit = geometry.unit(), rowUnit = geometry.x.window * unit, planeUnit = geometry.y.window * rowUnit;
  Index width = kernel.dim(x.axis.in), area = kernel.dim(y.axis.in * x.axis.in);
  Index volume = kernel.dim(z.axis.in * y.axis.in * x.axis.in);
  ReductionLoop channel{builder.index(geometry.inChannels), builder.mul(volume, pixel),
                        builder.index(geometry.z.window * planeUnit)};
  ReductionLoop plane{reads.planes, builder.mul(builder.mul(area, pixel), z.axis.dilation),
                      builder.index(z.tapStep * planeUnit)};
  ReductionLoop row{reads.rows, builder.mul(builder.mul(width, pixel), y.axis.dilation),
                    builder.index(y.tapStep * rowUnit)};
  ReductionLoop column{builder.index(x.axis.window), builder.mul(pixel, x.axis.dilation),
                       builder.index(x.tapStep * unit)};
  auto nest = [&](ArrayRef<ReductionLoop> inside) {
    SmallVector<ReductionLoop> loops{channel};
    if (geometry.spatial == 3)
      loops.push_back(plane);
    loops.append({row});
    loops.append(inside.begin(), inside.end());
    return loops;
  };
  ReductionLoop inner{builder.index(geometry.perBlock), builder.index(1), builder.index(kBlock), tile.unroll};
  if (!geometry.blockedInput)
    inner = {builder.index(1), builder.index(0), builder.index(0)};
  if (columns.empty()) {
    int64_t size = registers.getShape().rows;
    bool misses = llvm::any_of(llvm::seq(size), [&](int64_t i) { return border->mayMiss(i, size); });
    // Without channels in blocks the columns of the window are the neighbours in memory: a vector of a patch.
    if (!geometry.blockedInput && !misses) {
      column.unroll = kernel.level.multipliesLanes && x.axis.window % lanes == 0 ? lanes : 1;
      return registers.accumulate(sums, nest({column}), reads.a, reads.b, 0, size);
    }
    auto pixels = [&](Index offset, ArrayRef<Index> at) {
      SmallVector<Value> memory(size);
      for (int64_t i = 0; i < size; ++i)
        if (border->mayMiss(i, size)) {
          Index position = builder.add(builder.add(reads.ix, i * x.axis.stride), builder.mul(at.back(), x.axis.dilation));
          memory[i] = border->at(kernel.buffer(geometry.input),
                                 builder.add(offset, builder.mul(pixel, i * x.axis.stride)), position);
        }
      return memory;
    };
    return registers.accumulate(sums, nest({column, inner}), reads.a, reads.b, 0, size, pixels);
  }
  // Many window columns of the same pixels are a loop, which takes a register more. Each other one runs over all channels
  // and rows: side by side in one loop body they would not fit the registers.
  constexpr size_t kFewColumns = 8;
  bool many = columns.size() > kFewColumns;
  while (!columns.empty()) {
    WindowColumn hit = columns.front();
    size_t alike = 1;
    while (many && alike < columns.size() && columns[alike].column == hit.column + int64_t(alike) &&
           columns[alike].first == hit.first && columns[alike].end == hit.end)
      ++alike;
    columns = columns.drop_front(alike);
    ReductionLoop some = column;
    some.extent = builder.index(alike);
    registers.accumulate(sums, nest({some, inner}), builder.add(reads.a, builder.mul(column.stepA, hit.column)),
                         builder.add(reads.b, builder.mul(column.stepB, hit.column)), hit.first, hit.end);
  }
}

void ConvEmitter::store(ArrayRef<Value> sums, Place tile, Panels panels) {
  auto out = [&](const WindowPhase &phase, Index at) { return builder.add(builder.mul(at, phase.step), phase.first); };
  auto place = [&](Index i, Index first, int64_t count) {
    Index plane = out(z, tile.z), row = out(y, tile.y), column = out(x, builder.add(tile.x, i));
    // Tensors of the epilogue that span the image are addressed alike whether it is one row or many.
    if (flat && !linear) {
      Index width = kernel.dim(geometry.x.out), height = kernel.dim(geometry.y.out);
      row = builder.div(column, width);
      column = builder.rem(column, width);
      if (geometry.spatial == 3) {
        plane = builder.div(row, height);
        row = builder.rem(row, height);
      }
    }
    SmallVector<Point> places;
    for (int64_t j = 0; j < count; ++j) {
      Index vector = builder.add(first, j), block = builder.add(panels.first, builder.div(vector, vectorsPerBlock));
      Point point{{builder.value(image), 0, {}}, {builder.value(block), 0, {}}};
      for (Index at : geometry.places(plane, row, column))
        point.push_back({builder.value(at), 0, {}});
      point.push_back({builder.value(builder.mul(builder.rem(vector, vectorsPerBlock), lanes)), 1, {}});
      places.push_back(point);
    }
    return places;
  };
  epilogue.storeTile(sums, panels.vectors, place);
}

/// Every tensor behind the convolution either spans all axes of the image or none.
bool ConvEmitter::flattens() {
  SmallVector<Dim> whole = graph::dimsOf(conv.getResult());
  if (geometry.spatial == 1)
    return true;
  ArrayRef<Dim> image = ArrayRef(whole).slice(2, geometry.spatial);
  for (Operation &op : kernel.body().without_terminator()) {
    if (&op == conv.getOperation())
      continue;
    if (!op.hasTrait<graph::Elementwise>() && !isa<graph::ConstantOp>(op))
      return false;
    for (Value operand : op.getOperands()) {
      SmallVector<Dim> dims = graph::dimsOf(operand);
      if (dims.size() > whole.size())
        return false;
      while (dims.size() < whole.size())
        dims.insert(dims.begin(), Dim(1));
      ArrayRef<Dim> spanned = ArrayRef(dims).slice(2, geometry.spatial);
      if (spanned != image && llvm::any_of(spanned, [](const Dim &dim) { return dim != Dim(1); }))
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
