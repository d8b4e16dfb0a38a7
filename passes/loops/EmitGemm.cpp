// Matrix products: panels of B outside, tiles of rows inside, the whole of K in each tile.
#include "codegen/Schedules.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/Epilogue.h"
#include "passes/loops/ProductShape.h"
#include "passes/loops/RecordTile.h"
#include "passes/loops/RegisterTile.h"
#include "passes/loops/RowFold.h"
#include "passes/loops/RowTiling.h"
#include "passes/loops/TransposeBlock.h"

using namespace mlir;

namespace quern {
namespace {

constexpr int64_t kPanel = 16;
/// Columns of the widest tile of any level: scratch is the same for all.
constexpr int64_t kWidestGroup = 128;

/// So few rows of a number that is known at run time have tiles of their own, which are wider.
constexpr int64_t kFewRows = 2;

class GemmEmitter {
public:
  GemmEmitter(KernelFunction &kernel, graph::MatmulOp matmul);
  void emit();

private:
  struct Columns {
    Index first, end;
  };
  void emitTask(Value task);
  void emitRows(const Part &rows, Columns columns);
  void emitColumns(const Part &rows, Columns columns);
  void emitGroup(const Part &rows, Index column, int64_t vectors, bool ragged);
  void emitTile(int64_t size, Index row, Index column, int64_t vectors, ArrayRef<Value> masks);
  void readRows(const Part &rows);
  void readColumns(Index column, int64_t vectors, ArrayRef<Value> masks);
  void packRows(Index column, int64_t vectors, bool ragged);
  Index packedAt(Index column, Index k);
  Point leadingPoint(Index number, ArrayRef<Dim> dims);
  Point operandPoint(ArrayRef<Dim> dims, Index row);
  Index batchOffset(ArrayRef<Dim> dims);
  int64_t restOfBlocks(int64_t group) const;
  Dim mostRows() const;

  KernelFunction &kernel;
  graph::MatmulOp matmul;
  IndexBuilder builder;
  Epilogue epilogue;
  ProductShape shape;
  SmallVector<Dim> lhsDims, rhsDims;
  BlockArgument lhs, rhs; ///< null: computed or packed into scratch before use
  int64_t lanes, taskRows, taskColumns;
  Dim rowBlocks, columnBlocks;
  bool packedWeight;
  TileChoice tile;
  std::optional<TileChoice> tileOfFew;
  std::optional<RowFold> fold; ///< then a task has whole rows
  Index depth;
  // Where the current task, group and tile read.
  Value a, b;
  Index offsetA, strideA, offsetB, stepB, panelStride, batch, firstRow;
  int64_t panelWidth = kPanel;
};

/// The kernel's argument that `value` is, reshapes aside: its memory is the value's memory.
BlockArgument argumentBehind(Value value) {
  while (auto reshape = value.getDefiningOp<graph::ReshapeOp>())
    value = reshape.getOperand();
  return dyn_cast<BlockArgument>(value);
}

GemmEmitter::GemmEmitter(KernelFunction &kernel, graph::MatmulOp matmul)
    : kernel(kernel), matmul(matmul), builder(kernel.builder), epilogue(kernel, matmul.getResult()),
      shape(matmul), lhsDims(graph::dimsOf(matmul.getLhs())), rhsDims(graph::dimsOf(matmul.getRhs())),
      lhs(argumentBehind(matmul.getLhs())), rhs(argumentBehind(matmul.getRhs())),
      lanes(kernel.level.vectorBytes * 8 / shape.accumulator.getIntOrFloatBitWidth()) {
  kernel::ScheduleAttr schedule = kernel.source.getSchedule();
  taskRows = schedule.parameter("task_rows", 128);
  taskColumns = schedule.parameter("task_columns", 256);
  packedWeight = matmul.getColumns().has_value();
  rowBlocks = Dim::max(shape.rows.floordiv(taskRows), 1);
  columnBlocks = RowFold::find(kernel) ? Dim(1) : shape.columns.ceildiv(taskColumns);
  depth = kernel.dim(shape.depth);
  // A weight in rows is read where it lies if whole vectors stand in a row.
  if (!packedWeight && (matmul.getTransposeRhs() || !shape.columns.constant() || *shape.columns.constant() % kPanel))
    rhs = {};
  // Rows at multiples of 4 KiB fall on the same cache set and drive each other out before their line is used up.
  int64_t rowBytes = shape.depth.constant().value_or(0) * graph::elementOf(matmul.getLhs()).getIntOrFloatBitWidth() / 8;
  if (rowBytes && rowBytes % 4096 == 0 && (!shape.rows.constant() || *shape.rows.constant() > 8))
    lhs = {};

  TileDemand demand;
  if (auto rows = shape.rows.constant())
    demand.rows = llvm::divideCeil(*rows, *rowBlocks.constant());
  if (auto columns = shape.columns.constant())
    demand.vectors = llvm::divideCeil(std::min(*columns, taskColumns), kPanel) * (kPanel / lanes);
  demand.farRows = !shape.depth.constant();
  demand.multiple = kPanel / lanes;
  demand.chains = true;
  tile = chooseTile(kernel.level, demand);
  recordTile(kernel, tile, lanes);
  // Few rows take less time than packing what they are multiplied with.
  if (demand.rows || !rhs)
    return;
  demand.rows = kFewRows;
  if (TileChoice wide = chooseTile(kernel.level, demand); wide.vectors > tile.vectors)
    tileOfFew = wide;
}

/// Of a task.
Dim GemmEmitter::mostRows() const {
  return shape.rows.constant() ? llvm::divideCeil(*shape.rows.constant(), *rowBlocks.constant()) : 2 * taskRows;
}

void GemmEmitter::emit() {
  if (!lhs)
    a = kernel.scratch(graph::elementOf(matmul.getLhs()), (shape.depth + kPanel) * mostRows());
  if (!rhs)
    b = kernel.scratch(graph::elementOf(matmul.getRhs()), shape.depth * kWidestGroup);
  if (Operation *reduction = RowFold::find(kernel))
    fold.emplace(kernel, reduction, mostRows(), lanes);
  kernel.forTasks(shape.batches * columnBlocks * rowBlocks, [&](Value task) { emitTask(task); });
}

void GemmEmitter::emitTask(Value task) {
  // Neighbouring tasks share the columns, so a thread streams its part of B once.
  Index rowCount = kernel.dim(rowBlocks), columnCount = kernel.dim(columnBlocks), rest = task;
  Part rows = part(builder, builder.rem(rest, rowCount), rowCount, kernel.dim(shape.rows));
  rest = builder.div(rest, rowCount);
  Index block = builder.rem(rest, columnCount);
  batch = shape.batched ? builder.div(rest, columnCount) : builder.index(0);
  firstRow = rows.first;
  Index first = builder.mul(block, taskColumns), end = kernel.dim(shape.columns);
  if (!fold)
    end = builder.min(builder.add(first, taskColumns), end);
  readRows(rows);
  if (fold)
    fold->start(rows.count);
  emitRows(rows, {first, end});
  if (fold)
    fold->finish(rows.count, [&](Index row) { return operandPoint(shape.result, builder.add(firstRow, row)); });
}

void GemmEmitter::emitRows(const Part &rows, Columns columns) {
  if (!tileOfFew)
    return emitColumns(rows, columns);
  TileChoice many = tile;
  auto emitFew = [&] {
    tile = *tileOfFew;
    emitColumns({rows.first, rows.count, {std::nullopt, kFewRows}}, columns);
    tile = many;
  };
  builder.branch(builder.lessThan(rows.count, builder.index(kFewRows + 1)), emitFew,
                 [&] { emitColumns(rows, columns); });
}

/// Columns that are left in a block after groups of so many; -1 if that differs from block to block.
int64_t GemmEmitter::restOfBlocks(int64_t group) const {
  auto columns = shape.columns.constant();
  if (!columns)
    return -1;
  int64_t last = *columns - (*columnBlocks.constant() - 1) * taskColumns;
  if (*columnBlocks.constant() > 1 && taskColumns % group)
    return taskColumns % group == last % group ? last % group : -1;
  return last % group;
}

void GemmEmitter::emitColumns(const Part &rows, Columns columns) {
  int64_t group = tile.vectors * lanes, perPanel = kPanel / lanes;
  // Groups of one panel are the same code with masks and without, which cost nothing where the level has them.
  if (tile.vectors == perPanel && kernel.level.masks && !shape.columns.constant())
    return builder.loop(columns.first, columns.end, group,
                        [&](Index column) { emitGroup(rows, column, perPanel, true); });
  Index count = builder.sub(columns.end, columns.first);
  Index whole = builder.sub(columns.end, builder.rem(count, group));
  builder.loop(columns.first, whole, group, [&](Index column) { emitGroup(rows, column, tile.vectors, false); });
  int64_t rest = restOfBlocks(group);
  if (rest == 0)
    return;
  if (rest > 0)
    return builder.loop(whole, columns.end, group, [&](Index column) {
      emitGroup(rows, column, llvm::divideCeil(rest, kPanel) * perPanel, rest % kPanel != 0);
    });
  builder.loop(whole, columns.end, kPanel, [&](Index column) { emitGroup(rows, column, perPanel, true); });
}

void GemmEmitter::emitGroup(const Part &rows, Index column, int64_t vectors, bool ragged) {
  SmallVector<Value> masks(vectors);
  if (ragged)
    for (int64_t j = std::max<int64_t>(vectors - kPanel / lanes, 0); j < vectors; ++j) {
      Index left = builder.sub(kernel.dim(shape.columns), builder.add(column, j * lanes));
      masks[j] = builder.create<vector::CreateMaskOp>(VectorType::get(lanes, builder.builder.getI1Type()),
                                                      builder.value(left));
    }
  readColumns(column, vectors, masks);
  tileRows(builder, rows.count, rows.known, tile.rows,
           [&](int64_t size, Index row) { emitTile(size, row, column, vectors, masks); });
}

void GemmEmitter::emitTile(int64_t size, Index row, Index column, int64_t vectors, ArrayRef<Value> masks) {
  int64_t chains = chainsOf(size * tile.vectors); // every column's sum in the same order, in narrower tiles too
  RegisterTile registers(builder, kernel.level, {size, vectors, lanes, shape.accumulator, chains},
                         {a, strideA, b, panelWidth, panelStride});
  Accumulators sums = registers.zero();
  registers.accumulate(sums, {{depth, builder.index(1), stepB, std::max(tile.unroll, chains)}},
                       builder.add(offsetA, builder.mul(row, strideA)), offsetB);
  auto place = [&](Index i, Index first, int64_t count) {
    SmallVector<Point> places(count, operandPoint(shape.result, builder.add(builder.add(firstRow, row), i)));
    for (int64_t j = 0; j < count; ++j)
      places[j].back() = {builder.value(builder.add(column, builder.mul(builder.add(first, j), lanes))), 1, {}};
    return places;
  };
  if (!fold)
    return epilogue.storeTile(sums, vectors, place, masks);
  epilogue.finishTile(sums, vectors, place, masks, [&](Value sum, Index i, const Point &point, Value mask) {
    fold->take(epilogue.value(fold->operand(), sum, point, mask), builder.add(row, i), point.back().base, mask);
  });
}

//===--- Operands ---------------------------------------------------------------------------===//

/// `number` taken apart into one index per dim, row-major.
Point GemmEmitter::leadingPoint(Index number, ArrayRef<Dim> dims) {
  Point point(dims.size());
  for (size_t axis = dims.size(); axis-- > 0;) {
    Index extent = kernel.dim(dims[axis]);
    point[axis] = {builder.value(axis ? builder.rem(number, extent) : number), 0, {}};
    number = builder.div(number, extent);
  }
  return point;
}

/// The point of a row of lhs or the result, with a last axis to be filled in.
Point GemmEmitter::operandPoint(ArrayRef<Dim> dims, Index row) {
  Point leading = leadingPoint(shape.batched ? batch : row, shape.leadingDims(dims));
  return shape.rowPoint(kernel, dims, std::move(leading), builder.value(row));
}

/// Elements before the matrix of the current batch in an operand with these dims.
Index GemmEmitter::batchOffset(ArrayRef<Dim> dims) {
  if (!shape.batched)
    return builder.index(0);
  Point point = operandPoint(dims, builder.index(0));
  SmallVector<Value> strides = kernel.strides(dims);
  Index offset = builder.index(0);
  for (size_t axis = 0; axis + 2 < dims.size(); ++axis)
    offset = builder.add(offset, builder.mul(point[axis].base, strides[axis]));
  return offset;
}

void GemmEmitter::readRows(const Part &rows) {
  if (lhs) {
    a = kernel.buffer(lhs);
    strideA = depth;
    offsetA = builder.add(batchOffset(lhsDims), builder.mul(rows.first, strideA));
    return;
  }
  Dim padded = shape.depth + kPanel;
  strideA = kernel.dim(padded);
  offsetA = builder.index(0);
  builder.loop(builder.index(0), rows.count, 1, [&](Index row) {
    Point point = operandPoint(lhsDims, builder.add(rows.first, row));
    auto copy = [&](int64_t width) {
      return [&, width](Index k) {
        ElementEmitter emitter(kernel, width);
        point.back() = {builder.value(k), width > 1 ? 1 : 0, {}};
        Value value = emitter.at(matmul.getLhs(), point);
        Value to = builder.value(builder.add(builder.mul(row, strideA), k));
        if (width > 1)
          builder.create<vector::StoreOp>(value, a, to);
        else
          builder.create<memref::StoreOp>(value, a, to);
      };
    };
    Index whole = builder.sub(depth, builder.rem(depth, lanes));
    builder.loop(builder.index(0), whole, lanes, copy(lanes));
    builder.loop(whole, depth, 1, copy(1));
  });
}

void GemmEmitter::readColumns(Index column, int64_t vectors, ArrayRef<Value> masks) {
  panelStride = builder.mul(depth, kPanel);
  stepB = builder.index(kPanel);
  if (packedWeight) {
    b = kernel.buffer(rhs);
    offsetB = builder.mul(builder.div(column, kPanel), panelStride);
    return;
  }
  if (rhs) {
    b = kernel.buffer(rhs);
    offsetB = builder.add(batchOffset(rhsDims), column);
    stepB = kernel.dim(shape.columns);
    panelWidth = vectors * lanes;
    return;
  }
  offsetB = builder.index(0);
  if (matmul.getTransposeRhs())
    return packRows(column, vectors, !masks.empty() && masks.back());
  builder.loop(builder.index(0), depth, 1, [&](Index k) {
    Point point = operandPoint(rhsDims, builder.index(0));
    for (int64_t j = 0; j < vectors; ++j) {
      point[point.size() - 2] = {builder.value(k), 0, {}};
      point.back() = {builder.value(builder.add(column, j * lanes)), 1, {}};
      Value packed = ElementEmitter(kernel, lanes, masks[j]).at(matmul.getRhs(), point);
      builder.create<vector::StoreOp>(packed, b, builder.value(packedAt(builder.index(j * lanes), k)));
    }
  });
}

/// Where element (k, column) of the packed columns is.
Index GemmEmitter::packedAt(Index column, Index k) {
  Index panel = builder.mul(panelStride, builder.div(column, kPanel));
  return builder.add(builder.add(panel, builder.mul(k, kPanel)), builder.rem(column, kPanel));
}

/// Columns of B that are rows of memory: squares are read along them and turned in registers. What is left of the depth
/// goes element by element. Columns that are not there are the last one again.
void GemmEmitter::packRows(Index column, int64_t vectors, bool ragged) {
  Index whole = builder.sub(depth, builder.rem(depth, lanes)), last = builder.sub(kernel.dim(shape.columns), 1);
  Point point = operandPoint(rhsDims, builder.index(0));
  AxisPoint &row = point[point.size() - 2], &along = point.back();
  auto rowOf = [&](Index at) {
    Index number = builder.add(column, at);
    return AxisPoint{builder.value(ragged ? builder.min(number, last) : number), 0, {}};
  };
  builder.loop(builder.index(0), builder.index(vectors * lanes), lanes, [&](Index first) {
    builder.loop(builder.index(0), whole, lanes, [&](Index k) {
      SmallVector<Value> square;
      ElementEmitter emitter(kernel, lanes);
      along = {builder.value(k), 1, {}};
      for (int64_t i = 0; i < lanes; ++i) {
        row = rowOf(builder.add(first, i));
        square.push_back(emitter.at(matmul.getRhs(), point));
      }
      transposeBlock(builder, square);
      for (int64_t i = 0; i < lanes; ++i)
        builder.create<vector::StoreOp>(square[i], b, builder.value(packedAt(first, builder.add(k, i))));
    });
  });
  builder.loop(builder.index(0), builder.index(vectors * lanes), 1, [&](Index at) {
    builder.loop(whole, depth, 1, [&](Index k) {
      along = {builder.value(k), 0, {}};
      row = rowOf(at);
      Value element = ElementEmitter(kernel, 1).at(matmul.getRhs(), point);
      builder.create<memref::StoreOp>(element, b, builder.value(packedAt(at, k)));
    });
  });
}

} // namespace

LogicalResult emitGemm(KernelFunction &kernel) {
  auto found = Epilogue::findAnchor<graph::MatmulOp>(kernel, /*folds=*/true);
  if (failed(found))
    return failure();
  GemmEmitter(kernel, *found).emit();
  return success();
}

} // namespace quern
