#include "passes/loops/device/Tiles.h"
#include "dialects/kernel/Facts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace quern {

Point takeApart(KernelFunction &kernel, Value &number, ArrayRef<Dim> dims) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Point point(dims.size());
  for (size_t axis = dims.size(); axis-- > 0;) {
    if (dims[axis].isEqualTo(1)) {
      point[axis] = {kernel.index(0), 0, {}};
      continue;
    }
    Value extent = kernel.dim(dims[axis]);
    point[axis] = {b.create<arith::RemUIOp>(number, extent), 0, {}};
    number = b.create<arith::DivUIOp>(number, extent);
  }
  return point;
}

Value elementAs(Type type, ElementEmitter &emitter, Value tensor, const Point &point) {
  Value value = emitter.at(tensor, point);
  return value.getType() == type ? value : emitCast(emitter.kernel.builder, value, graph::elementOf(tensor), type);
}

Value isInside(KernelFunction &kernel, const TileProblem &problem, const TileProblem::Side &side, int64_t tileLines,
               int64_t tileDepth, Value line, Value k) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Value inside;
  auto check = [&](Value at, const Dim &extent, int64_t tile) {
    if (extent.mod(tile).isEqualTo(0))
      return;
    Value here = b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, at, kernel.dim(extent));
    inside = inside ? b.create<arith::AndIOp>(inside, here).getResult() : here;
  };
  check(line, side.lines, tileLines);
  check(k, problem.depth, tileDepth);
  return inside;
}

TurnPlace placeOfTurn(KernelFunction &kernel, int64_t turn, int64_t perRow) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Value number = kernel.thread(), each = kernel.index(perRow);
  int64_t before = turn * kernel.threads, rows = 0;
  if (kernel.threads % perRow == 0)
    rows = std::exchange(before, 0) / perRow; // a displacement from the place of the first turn
  number = kernel.add(number, before);
  return {kernel.add(b.create<arith::DivUIOp>(number, each), rows), b.create<arith::RemUIOp>(number, each)};
}

bool isInMemory(Value tensor, Type type) {
  return isa<BlockArgument>(tensor) && graph::elementOf(tensor) == type;
}

bool isWholeChunks(const Dim &row, Type type) {
  return (row * (type.getIntOrFloatBitWidth() / 8)).mod(kernel::kDeviceAlignment).isEqualTo(0);
}

TileProblem::Side tensorSide(KernelFunction &kernel, Value tensor, const Dim &lines, bool alongDepth, Type multiplicand,
                             PlaceInTensor place) {
  TileProblem::Side side{lines, alongDepth, {}, {}};
  side.element = [=](ElementEmitter &emitter, Value batch, Value line, Value k) {
    return elementAs(multiplicand, emitter, tensor, place(batch, line, k));
  };
  if (!isInMemory(tensor, multiplicand))
    return side;
  side.inChunks = isWholeChunks(graph::dimsOf(tensor).back(), multiplicand);
  side.address = [=, &kernel](Value batch, Value line, Value k) {
    Value offset = kernel.index(0);
    for (auto [axis, stride] : llvm::zip(place(batch, line, k), kernel.strides(graph::dimsOf(tensor))))
      offset = kernel.add(offset, kernel.multiply(axis.base, stride));
    return kernel.address(kernel.buffer(cast<BlockArgument>(tensor)), offset);
  };
  return side;
}

namespace {

/// What multiplies a tile, by the parameter that only its schedules have.
struct Core {
  StringRef parameter;
  std::unique_ptr<TileCore> (*make)(KernelFunction &, const TileProblem &);
  bool takesNarrow; ///< narrow floats as they are
};
constexpr Core cores[] = {
    {"warp_rows", makeWarpTiles, true}, {"slices", makeSliceTiles, true}, {"thread_rows", makeThreadTiles, false}};

const Core &coreOf(KernelFunction &kernel) {
  kernel::ScheduleAttr schedule = kernel.source.getSchedule();
  for (const Core &core : cores)
    if (schedule.parameter(core.parameter, 0) > 0)
      return core;
  return cores[std::size(cores) - 1];
}

/// The tiles of a product, numbered.
class TileGrid {
public:
  TileGrid(KernelFunction &kernel, const TileProblem &problem, const TileCore &core)
      : kernel(kernel), core(core), rowTiles(problem.lhs.lines.ceildiv(core.rows)),
        columnTiles(problem.rhs.lines.ceildiv(core.columns)), batches(problem.batches), depth(problem.depth) {}

  Dim tiles() const { return batches * rowTiles * columnTiles; }

  /// Blocks that run at the same time share columns, which stay in the cache.
  TilePlace place(Value tile) const {
    ImplicitLocOpBuilder &b = kernel.builder;
    Value rows = kernel.dim(rowTiles), columns = kernel.dim(columnTiles), rest = b.create<arith::DivUIOp>(tile, rows);
    TilePlace place;
    place.row = kernel.multiply(b.create<arith::RemUIOp>(tile, rows), kernel.index(core.rows));
    place.column = kernel.multiply(b.create<arith::RemUIOp>(rest, columns), kernel.index(core.columns));
    place.batch = b.create<arith::DivUIOp>(rest, columns);
    place.from = kernel.index(0);
    place.end = kernel.dim(depth);
    return place;
  }

private:
  KernelFunction &kernel;
  const TileCore &core;
  Dim rowTiles, columnTiles, batches, depth;
};

/// Blocks share the depth of a tile: each adds up a part of it, then, in a second launch, the parts are added in order.
class SplitTiles {
public:
  SplitTiles(KernelFunction &kernel, const TileProblem &problem, int64_t splits)
      : kernel(kernel), problem(problem), b(kernel.builder), splits(splits),
        results(problem.batches * problem.lhs.lines * problem.rhs.lines) {}

  void emit() {
    sums = kernel.shared(problem.accumulator, results * splits);
    TileProblem partial = problem;
    partial.store = [&](Value batch, Value row, Value column, Value sum) {
      Value line = kernel.add(kernel.multiply(batch, kernel.dim(problem.lhs.lines)), row);
      Value number = kernel.add(kernel.multiply(line, kernel.dim(problem.rhs.lines)), column);
      b.create<memref::StoreOp>(sum, sums, placeOf(part, number));
    };
    std::unique_ptr<TileCore> core = coreOf(kernel).make(kernel, partial);
    TileGrid grid(kernel, problem, *core);
    Dim partDepth = problem.depth.ceildiv(splits * core->depthStep) * core->depthStep;
    kernel.forPhases(2, grid.tiles() * splits, [&](Value phase, Value task) {
      Value isFirst = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, phase, kernel.index(0));
      auto choice = b.create<scf::IfOp>(isFirst, /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(choice.thenBlock());
      Value tiles = kernel.dim(grid.tiles());
      part = b.create<arith::DivUIOp>(task, tiles);
      TilePlace place = grid.place(b.create<arith::RemUIOp>(task, tiles));
      place.from = kernel.multiply(part, kernel.dim(partDepth));
      place.end = b.create<arith::MinUIOp>(place.end, kernel.add(place.from, kernel.dim(partDepth)));
      core->emit(place);
      b.setInsertionPointToStart(choice.elseBlock());
      addParts(task, grid.tiles() * splits);
    });
  }

private:
  Value placeOf(Value part, Value number) { return kernel.add(kernel.multiply(part, kernel.dim(results)), number); }

  /// All threads of all blocks take the results in turn.
  void addParts(Value task, const Dim &tasks) {
    Value first = kernel.add(kernel.multiply(task, kernel.index(kernel.threads)), kernel.thread());
    kernel.forRange(first, kernel.dim(results), kernel.dim(tasks * kernel.threads), [&](Value number) {
      Value sum = b.create<memref::LoadOp>(sums, number);
      for (int64_t i = 1; i < splits; ++i) {
        Value next = b.create<memref::LoadOp>(sums, placeOf(kernel.index(i), number));
        sum = isa<FloatType>(problem.accumulator) ? b.create<arith::AddFOp>(sum, next).getResult()
                                                  : b.create<arith::AddIOp>(sum, next).getResult();
      }
      Value batch = number;
      Point point = takeApart(kernel, batch, {problem.lhs.lines, problem.rhs.lines}); // leaves the batch
      problem.store(batch, point[0].base, point[1].base, sum);
    });
  }

  KernelFunction &kernel;
  const TileProblem &problem;
  ImplicitLocOpBuilder &b;
  int64_t splits;
  Dim results;
  Value sums, part;
};

} // namespace

Type multiplicandType(KernelFunction &kernel, Type element, Type accumulator) {
  return isa<FloatType>(element) && coreOf(kernel).takesNarrow ? element : accumulator;
}

void emitTiles(KernelFunction &kernel, const TileProblem &problem) {
  if (int64_t splits = kernel.source.getSchedule().parameter("splits", 1); splits > 1)
    return SplitTiles(kernel, problem, splits).emit();
  std::unique_ptr<TileCore> core = coreOf(kernel).make(kernel, problem);
  TileGrid grid(kernel, problem, *core);
  kernel.forTasks(grid.tiles(), [&](Value task) { core->emit(grid.place(task)); });
}

} // namespace quern
