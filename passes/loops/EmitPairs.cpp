// Reductions over each row of one side with each row of another (dialects/kernel/PairReduction.h), in register tiles:
// rows of the one side, whose elements are broadcast, times vectors of rows of the other, which are turned into columns
// in scratch memory first. What is reduced may be any elementwise function of the two.
#include "dialects/kernel/PairReduction.h"
#include "codegen/Schedules.h"
#include "passes/loops/ElementEmitter.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/RecordTile.h"
#include "passes/loops/RowTiling.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// Terms that are added up before they are added to the rest: the error of a sum grows with its length.
constexpr int64_t kPart = 512;
/// Columns of the widest tile of any level: scratch is the same for all.
constexpr int64_t kWidestGroup = 128;

class PairEmitter {
public:
  PairEmitter(KernelFunction &kernel, kernel::PairReduction pairs);
  void emit();

private:
  void emitTask(Value task);
  void emitGroup(const Part &rows, Index column, int64_t vectors, bool ragged);
  void packColumns(Index column, int64_t vectors, ArrayRef<Value> masks);
  void emitTile(int64_t size, Index row, Index column, int64_t vectors, ArrayRef<Value> masks);
  SmallVector<Value> reduceTile(int64_t size, Index row, int64_t vectors);
  Value step(ElementEmitter &emitter, const Point &point, Value sum);
  Value start() { return reductionStart(kernel, reduce.getKind(), element, type); }
  Point at(Index row, Index column, Index k, int64_t columnLane);

  KernelFunction &kernel;
  IndexBuilder builder;
  kernel::PairReduction pairs;
  ReduceOp reduce;
  SmallVector<Dim> dims; // of what is reduced
  Dim rowExtent, columnExtent, depthExtent, rowBlocks, columnBlocks;
  Type element;
  int64_t lanes, taskColumns;
  VectorType type;
  TileChoice tile;
  SmallVector<Value> panels; // for each column operand: vectors of a group's columns, step by step
  Point batch;               // of the current task
};

PairEmitter::PairEmitter(KernelFunction &kernel, kernel::PairReduction found)
    : kernel(kernel), builder(kernel.builder), pairs(std::move(found)), reduce(pairs.reduce),
      dims(dimsOf(reduce.getOperand())), rowExtent(dims[pairs.rowAxis]), columnExtent(dims[pairs.rowAxis + 1]),
      depthExtent(dims.back()), element(KernelFunction::registerType(elementOf(reduce.getOperand()))),
      lanes(kernel.level.vectorBytes * 8 / element.getIntOrFloatBitWidth()), type(VectorType::get(lanes, element)) {
  kernel::ScheduleAttr schedule = kernel.source.getSchedule();
  taskColumns = schedule.parameter("task_columns", 256);
  rowBlocks = Dim::max(rowExtent.floordiv(schedule.parameter("task_rows", 64)), 1);
  columnBlocks = columnExtent.ceildiv(taskColumns);
  TileDemand demand;
  demand.farRows = true;
  tile = chooseTile(kernel.level, demand);
  recordTile(kernel, tile, lanes);
}

void PairEmitter::emit() {
  for (Value operand : pairs.columnOperands)
    panels.push_back(kernel.scratch(KernelFunction::registerType(elementOf(operand)), depthExtent * kWidestGroup));
  Dim batches = product(ArrayRef(dims).take_front(pairs.rowAxis));
  kernel.forTasks(batches * columnBlocks * rowBlocks, [&](Value task) { emitTask(task); });
}

void PairEmitter::emitTask(Value task) {
  // Neighbouring tasks share the columns, which are in the cache still.
  Index rowCount = kernel.dim(rowBlocks), columnCount = kernel.dim(columnBlocks), rest = task;
  Part rows = part(builder, builder.rem(rest, rowCount), rowCount, kernel.dim(rowExtent));
  rest = builder.div(rest, rowCount);
  Index first = builder.mul(builder.rem(rest, columnCount), taskColumns);
  Index end = builder.min(builder.add(first, taskColumns), kernel.dim(columnExtent));
  rest = builder.div(rest, columnCount);
  batch.assign(dims.size(), AxisPoint{builder.value(0), 0, {}});
  for (int64_t axis = pairs.rowAxis; axis-- > 0;) {
    Index extent = kernel.dim(dims[axis]);
    batch[axis].base = builder.value(axis ? builder.rem(rest, extent) : rest);
    rest = builder.div(rest, extent);
  }
  int64_t group = tile.vectors * lanes;
  Index whole = builder.sub(end, builder.rem(builder.sub(end, first), group));
  builder.loop(first, whole, group, [&](Index column) { emitGroup(rows, column, tile.vectors, false); });
  builder.loop(whole, end, lanes, [&](Index column) { emitGroup(rows, column, 1, true); });
}

/// All rows of a task with `vectors` vectors of columns.
void PairEmitter::emitGroup(const Part &rows, Index column, int64_t vectors, bool ragged) {
  SmallVector<Value> masks(vectors);
  if (ragged)
    masks.back() = builder.create<vector::CreateMaskOp>(VectorType::get(lanes, builder.builder.getI1Type()),
                                                        builder.value(builder.sub(kernel.dim(columnExtent), column)));
  packColumns(column, vectors, masks);
  tileRows(builder, rows.count, rows.known, tile.rows, [&](int64_t size, Index row) {
    emitTile(size, builder.add(rows.first, row), column, vectors, masks);
  });
}

Point PairEmitter::at(Index row, Index column, Index k, int64_t columnLane) {
  Point point = batch;
  point[pairs.rowAxis].base = builder.value(row);
  point[pairs.rowAxis + 1] = {builder.value(column), columnLane, {}};
  point.back().base = builder.value(k);
  return point;
}

/// The part of a point of what is reduced that an operand with fewer axes, or with some of one element, has.
static Point ownPoint(KernelFunction &kernel, Value operand, const Point &point) {
  SmallVector<Dim> own = dimsOf(operand);
  Point result(point.end() - own.size(), point.end());
  for (auto [axis, dim] : llvm::enumerate(own))
    if (dim.isEqualTo(1))
      result[axis] = {kernel.index(0), 0, {}};
  return result;
}

void PairEmitter::packColumns(Index column, int64_t vectors, ArrayRef<Value> masks) {
  builder.loop(builder.index(0), kernel.dim(depthExtent), 1, [&](Index k) {
    for (auto [operand, panel] : llvm::zip(pairs.columnOperands, panels))
      for (int64_t j = 0; j < vectors; ++j) {
        ElementEmitter emitter(kernel, lanes, masks[j]);
        Point point = at(builder.index(0), builder.add(column, j * lanes), k, 1);
        Index to = builder.add(builder.mul(k, vectors * lanes), j * lanes);
        builder.create<vector::StoreOp>(emitter.at(operand, ownPoint(kernel, operand, point)), panel,
                                        builder.value(to));
      }
  });
}

/// One term more: sums of products by fused multiply-adds.
Value PairEmitter::step(ElementEmitter &emitter, const Point &point, Value sum) {
  auto mul = reduce.getOperand().getDefiningOp<MulOp>();
  bool isSum = reduce.getKind() == ReduceKind::sum || reduce.getKind() == ReduceKind::mean;
  if (!mul || !isSum || dimsOf(mul.getLhs()) != dims || dimsOf(mul.getRhs()) != dims)
    return reductionStep(builder.builder, reduce.getKind(), element, sum, emitter.at(reduce.getOperand(), point));
  Value left = emitter.at(mul.getLhs(), point), right = emitter.at(mul.getRhs(), point);
  return builder.create<vector::FMAOp>(left, right, sum);
}

/// The reduced vectors of `size` rows: (i, j) is at i * vectors + j.
SmallVector<Value> PairEmitter::reduceTile(int64_t size, Index row, int64_t vectors) {
  Index depth = kernel.dim(depthExtent);
  SmallVector<Value> sums(size * vectors, start());
  builder.carry(builder.index(0), depth, kPart, sums, [&](Index from, SmallVectorImpl<Value> &whole) {
    SmallVector<Value> parts(size * vectors, start());
    Index to = builder.min(builder.add(from, kPart), depth);
    builder.carry(from, to, 1, parts, [&](Index k, SmallVectorImpl<Value> &carried) {
      for (int64_t j = 0; j < vectors; ++j)
        for (int64_t i = 0; i < size; ++i) {
          ElementEmitter emitter(kernel, lanes);
          for (auto [operand, panel] : llvm::zip(pairs.columnOperands, panels))
            emitter.define(operand, [&, panel = panel](ElementEmitter &, const Point &) -> Value {
              Index place = builder.add(builder.mul(k, vectors * lanes), j * lanes);
              auto own = cast<MemRefType>(panel.getType()).getElementType();
              return builder.create<vector::LoadOp>(VectorType::get(lanes, own), panel, builder.value(place));
            });
          Value &sum = carried[i * vectors + j];
          sum = step(emitter, at(builder.add(row, i), builder.index(0), k, 1), sum);
        }
    });
    for (auto [sum, part] : llvm::zip(whole, parts))
      sum = reductionStep(builder.builder, reduce.getKind(), element, sum, part);
  });
  return sums;
}

void PairEmitter::emitTile(int64_t size, Index row, Index column, int64_t vectors, ArrayRef<Value> masks) {
  SmallVector<Value> sums = reduceTile(size, row, vectors);
  for (auto [at, sum] : llvm::enumerate(sums)) {
    int64_t i = at / vectors, j = at % vectors;
    ElementEmitter emitter(kernel, lanes, masks[j]);
    if (reduce.getKind() == ReduceKind::mean) {
      Value count = builder.create<arith::IndexCastOp>(builder.builder.getI64Type(), kernel.dim(depthExtent));
      Value divisor = emitter.spread(emitCast(builder.builder, count, builder.builder.getI64Type(), element));
      sum = builder.create<arith::DivFOp>(sum, divisor);
    }
    emitter.define(reduce.getResult(), [sum = sum](ElementEmitter &, const Point &) { return sum; });
    Point point = this->at(builder.add(row, i), builder.add(column, j * lanes), builder.index(0), 1);
    for (auto [index, value] : llvm::enumerate(kernel.yield().getValues()))
      emitter.store(emitter.at(value, point), kernel.resultBuffer(index), dimsOf(value), point);
  }
}

} // namespace

LogicalResult emitPairs(KernelFunction &kernel) {
  std::optional<kernel::PairReduction> pairs = kernel::findPairReduction(kernel.body());
  if (!pairs)
    return kernel.source.emitError("is no reduction over pairs of rows");
  PairEmitter(kernel, std::move(*pairs)).emit();
  return success();
}

} // namespace quern
