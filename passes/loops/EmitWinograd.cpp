// Convolution by Winograd's algorithm: a slab of tiles of the image at a time, through scratch that stays in cache.
//
//   1. inputs    each tile's (m+2)x(m+2) pixels, overlapping by 2, transformed:   V[position][block][tile][16 in]
//   2. products  one matrix product per position:  P[position][block][tile][16 out] = V[position] x weight[position]
//   3. outputs   each tile's products transformed to m x m pixels, which go through the epilogue
//
// What lies outside the image is zero: columns are left out of the loops, rows are masked.
#include "codegen/Schedules.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/Epilogue.h"
#include "passes/loops/LinearTransform.h"
#include "passes/loops/RecordTile.h"
#include "passes/loops/RegisterTile.h"
#include "passes/loops/RowTiling.h"
#include "passes/loops/Window.h"

using namespace mlir;

namespace quern {
namespace {

constexpr int64_t kBlock = 16;
/// Blocks of channels that are summed before their sum joins the others': the transforms multiply the rounding errors
/// of long sums.
constexpr int64_t kSummedBlocks = 4;

class WinogradEmitter {
public:
  WinogradEmitter(KernelFunction &kernel, graph::ConvOp conv);
  void emit();

private:
  /// The first pixel of a tile's output.
  struct Place {
    Index image, y, x;
  };
  /// Rows or columns of a tile's input, counted from its first.
  struct Range {
    Index first, end;
  };
  void emitTask(Value task);
  void transformInputs();
  void transformInput(Index tile, Index block, int64_t lane);
  void transformColumns(Index source, const Range &rows, const Range &columns);
  void multiply();
  void multiplyPanels(Index position, Index block, int64_t vectors);
  void addProducts(ArrayRef<Value> sums, Index target, int64_t vectors, bool first);
  void transformOutputs();
  void transformOutput(Index tile, Index block, int64_t lane);
  void storeRow(ArrayRef<Value> values, Index block, const Place &place, int64_t lane);

  Place placeOf(Index tile);
  Range inside(const WindowAxis &axis, Index out);
  Value load(Value buffer, Index offset) {
    return builder.create<vector::LoadOp>(vector, buffer, builder.value(offset));
  }
  void store(Value value, Value buffer, Index offset) {
    builder.create<vector::StoreOp>(value, buffer, builder.value(offset));
  }
  Index cell(Index row, Index column) {
    return builder.mul(builder.add(builder.mul(row, transform.inputs), column), lanes);
  }

  KernelFunction &kernel;
  IndexBuilder builder;
  Epilogue epilogue;
  ConvGeometry geometry;
  WindowAxis y, x;
  WinogradTransform transform;
  VectorType vector;
  int64_t lanes, vectorsPerBlock, taskTiles, taskBlocks;
  int64_t blockStride;                   ///< of inputs and products: a block's tiles
  int64_t inputStride, productStride;    ///< from position to position
  Dim tilesX, tilesY, tileCount, slabs;
  int64_t sets;
  TileChoice choice;
  Value inputs, products, cells;
  // The current task.
  Part tiles, blocks;
};

WinogradEmitter::WinogradEmitter(KernelFunction &kernel, graph::ConvOp conv)
    : kernel(kernel), builder(kernel.builder), epilogue(kernel, conv.getResult()), geometry(conv), y(geometry.y),
      x(geometry.x), transform(*conv.getWinograd()) {
  Type element = graph::elementOf(conv.getResult());
  lanes = kernel.level.vectorBytes * 8 / element.getIntOrFloatBitWidth();
  vectorsPerBlock = kBlock / lanes;
  vector = VectorType::get(lanes, element);
  kernel::ScheduleAttr schedule = kernel.source.getSchedule();
  taskTiles = schedule.parameter("task_tiles", 42);
  taskBlocks = std::min(schedule.parameter("task_blocks", 8), geometry.outBlocks);
  tilesY = y.out.ceildiv(transform.outputs);
  tilesX = x.out.ceildiv(transform.outputs);
  tileCount = geometry.images * tilesY * tilesX;
  if (auto known = tileCount.constant())
    taskTiles = std::max<int64_t>(std::min(taskTiles, *known), 1);
  slabs = tileCount.ceildiv(taskTiles);
  sets = llvm::divideCeil(geometry.outBlocks, taskBlocks);
  blockStride = taskTiles * kBlock;
  // One cache line more: positions at multiples of 4 KiB would share a cache set.
  inputStride = geometry.inChannels * blockStride + kBlock;
  productStride = taskBlocks * blockStride + kBlock;
  int64_t positions = transform.inputs * transform.inputs;
  inputs = kernel.scratch(element, positions * inputStride);
  products = kernel.scratch(element, positions * productStride);
  cells = kernel.scratch(element, positions * kBlock);

  TileDemand demand;
  if (auto known = tileCount.constant())
    demand.rows = llvm::divideCeil(*known, std::max<int64_t>(*slabs.constant(), 1));
  demand.vectors = taskBlocks * vectorsPerBlock;
  demand.multiple = vectorsPerBlock;
  choice = chooseTile(kernel.level, demand);
  recordTile(kernel, choice, lanes);
}

void WinogradEmitter::emit() {
  kernel.forTasks(slabs * sets, [&](Value task) { emitTask(task); });
}

void WinogradEmitter::emitTask(Value task) {
  // Neighbouring tasks share the weights.
  Index slabCount = kernel.dim(slabs);
  tiles = part(builder, builder.rem(task, slabCount), slabCount, kernel.dim(tileCount));
  Index set = sets == 1 ? builder.index(0) : builder.div(task, slabCount);
  blocks = part(builder, set, builder.index(sets), builder.index(geometry.outBlocks));
  transformInputs();
  multiply();
  transformOutputs();
}

WinogradEmitter::Place WinogradEmitter::placeOf(Index tile) {
  Index number = builder.add(tiles.first, tile), columns = kernel.dim(tilesX), rows = kernel.dim(tilesY);
  Index row = builder.div(number, columns);
  return {builder.div(row, rows), builder.mul(builder.rem(row, rows), transform.outputs),
          builder.mul(builder.rem(number, columns), transform.outputs)};
}

/// The part of a tile's input that is inside the image.
WinogradEmitter::Range WinogradEmitter::inside(const WindowAxis &axis, Index out) {
  Index first = builder.min(builder.max(builder.sub(builder.index(axis.low), out), 0), transform.inputs);
  Index left = builder.sub(builder.add(kernel.dim(axis.in), axis.low), out);
  return {first, builder.max(builder.min(left, transform.inputs), first)};
}

//===--- Inputs -----------------------------------------------------------------------------===//

void WinogradEmitter::transformInputs() {
  builder.loop(builder.index(0), builder.index(geometry.inChannels), 1, [&](Index block) {
    builder.loop(builder.index(0), tiles.count, 1, [&](Index tile) {
      for (int64_t lane = 0; lane < kBlock; lane += lanes)
        transformInput(tile, block, lane);
    });
  });
}

void WinogradEmitter::transformInput(Index tile, Index block, int64_t lane) {
  Place place = placeOf(tile);
  Index width = kernel.dim(x.in), plane = kernel.dim(y.in * x.in);
  // Positions may lie before the image; what is read does not.
  Index top = builder.sub(place.y, y.low), left = builder.sub(place.x, x.low);
  Index pixel = builder.add(builder.mul(builder.add(builder.mul(place.image, geometry.inChannels), block), plane),
                            builder.add(builder.mul(top, width), left));
  transformColumns(builder.add(builder.mul(pixel, kBlock), lane), inside(y, place.y), inside(x, place.x));

  Index target = builder.add(builder.add(builder.mul(block, blockStride), builder.mul(tile, kBlock)), lane);
  builder.loop(builder.index(0), builder.index(transform.inputs), 1, [&](Index row) {
    SmallVector<Value> values;
    for (int64_t column = 0; column < transform.inputs; ++column)
      values.push_back(load(cells, cell(row, builder.index(column))));
    Index position = builder.mul(row, transform.inputs);
    for (auto [column, value] : llvm::enumerate(applyMatrix(builder, transform.input, values)))
      store(value, inputs, builder.add(target, builder.mul(builder.add(position, column), inputStride)));
  });
}

/// The first half of an input's transform: along y, into cells[row][column].
void WinogradEmitter::transformColumns(Index source, const Range &rows, const Range &columns) {
  Index rowStride = builder.mul(kernel.dim(x.in), kBlock);
  auto transformed = [&](ArrayRef<Value> masks) {
    builder.loop(columns.first, columns.end, 1, [&](Index column) {
      Index from = builder.add(source, builder.mul(column, kBlock));
      SmallVector<Value> values;
      for (int64_t row = 0; row < transform.inputs; ++row) {
        Index at = builder.add(from, builder.mul(rowStride, row));
        Value buffer = kernel.buffer(geometry.input);
        values.push_back(masks.empty() ? load(buffer, at)
                                       : builder.create<vector::MaskedLoadOp>(
                                             vector, buffer, builder.value(at), masks[row],
                                             builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(vector))));
      }
      for (auto [row, value] : llvm::enumerate(applyMatrix(builder, transform.input, values)))
        store(value, cells, cell(builder.index(row), column));
    });
  };
  auto isWhole = builder.create<arith::AndIOp>(builder.lessThan(rows.first, builder.index(1)),
                                               builder.lessThan(builder.index(transform.inputs - 1), rows.end));
  builder.branch(isWhole, [&] { transformed({}); }, [&] {
    SmallVector<Value> masks;
    for (int64_t row = 0; row < transform.inputs; ++row) {
      Value within = builder.create<arith::AndIOp>(builder.lessThan(rows.first, builder.index(row + 1)),
                                                   builder.lessThan(builder.index(row), rows.end));
      masks.push_back(builder.create<vector::BroadcastOp>(VectorType::get(lanes, builder.builder.getI1Type()), within));
    }
    transformed(masks);
  });
  Value zero = builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(vector));
  auto clear = [&](Index from, Index to) {
    builder.loop(from, to, 1, [&](Index column) {
      for (int64_t row = 0; row < transform.inputs; ++row)
        store(zero, cells, cell(builder.index(row), column));
    });
  };
  clear(builder.index(0), columns.first);
  clear(columns.end, builder.index(transform.inputs));
}

//===--- Products ---------------------------------------------------------------------------===//

void WinogradEmitter::multiply() {
  builder.loop(builder.index(0), builder.index(transform.inputs * transform.inputs), 1, [&](Index position) {
    tileBlocks(builder, blocks, choice.vectors / vectorsPerBlock, [&](Index block, int64_t count) {
      multiplyPanels(position, block, count * vectorsPerBlock);
    });
  });
}

void WinogradEmitter::multiplyPanels(Index position, Index block, int64_t vectors) {
  Index stepA = builder.index(blockStride), stepB = builder.index(kBlock * kBlock);
  Index panelStride = builder.mul(stepB, geometry.inChannels);
  Index panel = builder.add(builder.mul(position, geometry.outBlocks), builder.add(blocks.first, block));
  tileRows(builder, tiles.count, tiles.known, choice.rows, [&](int64_t size, Index tile) {
    RegisterTile registers(builder, kernel.level, {size, vectors, lanes, vector.getElementType()},
                           {inputs, builder.index(kBlock), kernel.buffer(geometry.weight), kBlock, panelStride});
    Index offsetA = builder.add(builder.mul(position, inputStride), builder.mul(tile, kBlock));
    Index offsetB = builder.mul(panel, panelStride);
    Index target = builder.add(builder.mul(position, productStride),
                               builder.add(builder.mul(block, blockStride), builder.mul(tile, kBlock)));
    auto multiplyChannels = [&](Index first, int64_t count) {
      Accumulators sums = registers.zero();
      registers.accumulate(sums,
                           {{builder.index(count), stepA, stepB},
                            {builder.index(kBlock), builder.index(1), builder.index(kBlock), choice.unroll}},
                           builder.add(offsetA, builder.mul(first, stepA)),
                           builder.add(offsetB, builder.mul(first, stepB)));
      addProducts(sums, target, vectors, constant(first) == 0);
    };
    int64_t channels = geometry.inChannels, whole = channels / kSummedBlocks * kSummedBlocks;
    multiplyChannels(builder.index(0), std::min(channels, kSummedBlocks));
    builder.loop(builder.index(kSummedBlocks), builder.index(whole), kSummedBlocks,
                 [&](Index first) { multiplyChannels(first, kSummedBlocks); });
    if (whole > 0 && whole < channels)
      multiplyChannels(builder.index(whole), channels - whole);
  });
}

void WinogradEmitter::addProducts(ArrayRef<Value> sums, Index target, int64_t vectors, bool first) {
  for (auto [i, sum] : llvm::enumerate(sums)) {
    int64_t row = i / vectors, column = i % vectors;
    Index at =
        builder.add(target, row * kBlock + column / vectorsPerBlock * blockStride + column % vectorsPerBlock * lanes);
    store(first ? sum : builder.create<arith::AddFOp>(load(products, at), sum).getResult(), products, at);
  }
}

//===--- Outputs ----------------------------------------------------------------------------===//

void WinogradEmitter::transformOutputs() {
  builder.loop(builder.index(0), blocks.count, 1, [&](Index block) {
    builder.loop(builder.index(0), tiles.count, 1, [&](Index tile) {
      for (int64_t lane = 0; lane < kBlock; lane += lanes)
        transformOutput(tile, block, lane);
    });
  });
}

void WinogradEmitter::transformOutput(Index tile, Index block, int64_t lane) {
  Index source = builder.add(builder.add(builder.mul(block, blockStride), builder.mul(tile, kBlock)), lane);
  builder.loop(builder.index(0), builder.index(transform.inputs), 1, [&](Index column) {
    SmallVector<Value> values;
    for (int64_t row = 0; row < transform.inputs; ++row) {
      Index position = builder.add(column, row * transform.inputs);
      values.push_back(load(products, builder.add(source, builder.mul(position, productStride))));
    }
    for (auto [row, value] : llvm::enumerate(applyMatrix(builder, transform.output, values)))
      store(value, cells, cell(builder.index(row), column));
  });
  Place place = placeOf(tile);
  Index rows = builder.min(builder.sub(kernel.dim(y.out), place.y), transform.outputs);
  builder.loop(builder.index(0), rows, 1, [&](Index row) {
    SmallVector<Value> values;
    for (int64_t column = 0; column < transform.inputs; ++column)
      values.push_back(load(cells, cell(row, builder.index(column))));
    storeRow(applyMatrix(builder, transform.output, values), builder.add(blocks.first, block),
             {place.image, builder.add(place.y, row), place.x}, lane);
  });
}

/// A row of a tile, as far as the image goes.
void WinogradEmitter::storeRow(ArrayRef<Value> values, Index block, const Place &place, int64_t lane) {
  auto placeOfPixel = [&](Index i, Index, int64_t) {
    Point point{{builder.value(place.image), 0, {}}, {builder.value(block), 0, {}}};
    if (geometry.spatial > 1)
      point.push_back({builder.value(place.y), 0, {}});
    point.push_back({builder.value(builder.add(place.x, i)), 0, {}});
    point.push_back({kernel.index(lane), 1, {}});
    return SmallVector<Point>{point};
  };
  auto storePixels = [&](int64_t count) { epilogue.storeTile(values.take_front(count), 1, placeOfPixel); };
  Index width = kernel.dim(x.out);
  std::optional<int64_t> rest;
  if (auto known = x.out.constant())
    rest = *known % transform.outputs;
  if (rest == 0)
    return storePixels(transform.outputs);
  builder.branch(
      builder.lessThan(builder.add(place.x, transform.outputs - 1), width), [&] { storePixels(transform.outputs); },
      [&] {
        if (rest)
          return storePixels(*rest);
        SmallVector<int64_t> cut = llvm::to_vector(llvm::seq<int64_t>(1, transform.outputs));
        builder.select(builder.value(builder.sub(width, place.x)), cut, storePixels);
      });
}

} // namespace

LogicalResult emitWinograd(KernelFunction &kernel) {
  auto found = Epilogue::findAnchor<graph::ConvOp>(kernel);
  if (failed(found))
    return failure();
  WinogradEmitter(kernel, *found).emit();
  return success();
}

} // namespace quern
