// Kernels on short rows: a lane of a vector has a row of its own. Blocks of rows are turned into columns once; then an
// element of many rows is a vector, reductions of rows are loops over columns, and no lane is empty.
#include "codegen/Schedules.h"
#include "codegen/common/VectorMath.h"
#include "dialects/graph/RowLocal.h"
#include "dialects/kernel/RowLanes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/ProductShape.h"
#include "passes/loops/RecordTile.h"
#include "passes/loops/ReduceAlong.h"
#include "passes/loops/RegisterTile.h"
#include "passes/loops/ReshapedPoint.h"
#include "passes/loops/RowColumns.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

constexpr int64_t kBlock = kernel::kRowLanesBlock;
/// So few rows of a block are multiplied one by one.
constexpr int64_t kFewRows = 4;
/// Columns of a packed weight that lie next to each other.
constexpr int64_t kPanel = 16;

class RowLanesEmitter {
public:
  explicit RowLanesEmitter(KernelFunction &kernel)
      : kernel(kernel), b(kernel.builder), rows(dimOf(kernel.yield().getValues()[0], 0)),
        lanes(std::min(2 * vectorLanes(kernel.level), kBlock)), outer(kernel, 1) {}

  void emit() {
    collectArguments();
    int64_t taskRows = kernel.source.getSchedule().parameter("task_rows", 8 * kBlock);
    kernel.forTasks(rows.ceildiv(taskRows), [&](Value task) {
      Index from = b.mul(task, taskRows), to = b.min(b.add(from, taskRows), kernel.dim(rows));
      b.loop(from, to, kBlock, [&](Index first) { emitBlock(first, b.min(b.sub(to, first), kBlock)); });
    });
  }

private:
  void collectArguments();
  void emitBlock(Index first, Index count);
  void emitOp(Operation &op);
  void emitMatmul(MatmulOp op);
  struct Products {
    MatmulOp op;
    Type sum;
    int64_t lanes, depth;
    TileChoice tile;
  };
  void emitPanel(const Products &products, Index panel, int64_t panelColumns);
  void emitFewRows(const Products &products, Index panel, int64_t panelColumns);
  void emitSoftmax(SoftmaxOp op);
  void emitResult(unsigned index, Value value, Index first);

  // Values in columns, whose points have a row of the block on their first axis.
  bool isKept(Value value) const;
  void reserve(Value value);
  void keep(Value value);
  Value load(ElementEmitter &emitter, Value value, const Point &point);
  void store(Value element, Value value, const Point &point);
  void forColumns(ArrayRef<Dim> dims, llvm::function_ref<void(Point &)> body);
  void forRows(llvm::function_ref<void(ElementEmitter &, Index row)> body);

  KernelFunction &kernel;
  IndexBuilder b;
  Dim rows;
  int64_t lanes;
  llvm::SmallSetVector<Value, 8> arguments; ///< that are walked by rows
  llvm::DenseMap<Value, Value> columns;     ///< memory of the values that are kept
  ElementEmitter outer;
  Index count; ///< of the block's rows
};

void RowLanesEmitter::collectArguments() {
  for (Operation &op : kernel.body().without_terminator())
    if (auto operands = rowOperands(&op, rows))
      for (Value operand : *operands)
        if (isa<BlockArgument>(operand) && arguments.insert(operand))
          keep(operand);
}

void RowLanesEmitter::emitBlock(Index first, Index blockCount) {
  count = blockCount;
  for (Value argument : arguments)
    RowColumns(kernel, kBlock, *rowWidth(argument))
        .read(kernel.buffer(cast<BlockArgument>(argument)), columns[argument], first, count);
  for (Operation &op : kernel.body().without_terminator())
    if (!isa<ConstantOp>(op))
      emitOp(op);
  for (auto [index, value] : llvm::enumerate(kernel.yield().getValues()))
    emitResult(index, value, first);
}

void RowLanesEmitter::emitOp(Operation &op) {
  Value result = op.getResult(0);
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    outer.define(result, [this, reshape](ElementEmitter &e, const Point &point) mutable {
      Value operand = reshape.getOperand();
      return e.at(operand, reshapedPoint(kernel, dimsOf(reshape.getResult()), dimsOf(operand), point));
    });
  if (!isKept(result))
    return;
  if (isa<MatmulOp, SoftmaxOp>(op)) {
    keep(result);
    return isa<MatmulOp>(op) ? emitMatmul(cast<MatmulOp>(op)) : emitSoftmax(cast<SoftmaxOp>(op));
  }
  reserve(result);
  forColumns(dimsOf(result), [&](Point &point) {
    forRows([&](ElementEmitter &e, Index row) {
      point[0] = {b.value(row), 1, {}};
      store(e.at(result, point), result, point);
    });
  });
  keep(result);
}

//===--- Products and softmax ---------------------------------------------------------------===//

/// Columns of the result are the tile's rows: their weights are the scalars, and rows of the left side the vectors.
void RowLanesEmitter::emitMatmul(MatmulOp op) {
  Type sum = accumulatorType(elementOf(op.getResult()));
  int64_t columnCount = *op.getColumns();
  Products products{
      op, sum, int64_t(kernel.level.vectorBytes * 8 / sum.getIntOrFloatBitWidth()), *rowWidth(op.getLhs()), {}};
  TileDemand demand;
  demand.rows = std::min(columnCount, kPanel);
  demand.vectors = kBlock / products.lanes;
  demand.chains = true;
  TileChoice &tile = products.tile = chooseTile(kernel.level, demand);
  tile.vectors = llvm::bit_floor(uint64_t(tile.vectors));
  recordTile(kernel, {tile.vectors * products.lanes, tile.rows, 1}, 1);
  auto panels = [&](llvm::function_ref<void(Index, int64_t)> emit) {
    b.loop(b.index(0), b.index(columnCount / kPanel), 1, [&](Index panel) { emit(panel, kPanel); });
    if (columnCount % kPanel)
      emit(b.index(columnCount / kPanel), columnCount % kPanel);
  };
  b.branch(
      b.lessThan(count, b.index(kFewRows + 1)),
      [&] { panels([&](Index panel, int64_t wide) { emitFewRows(products, panel, wide); }); },
      [&] { panels([&](Index panel, int64_t wide) { emitPanel(products, panel, wide); }); });
}

void RowLanesEmitter::emitPanel(const Products &products, Index panel, int64_t panelColumns) {
  const TileChoice &tile = products.tile;
  MatmulOp op = products.op;
  int64_t tiles = llvm::divideCeil(panelColumns, tile.rows), wide = tile.vectors * products.lanes;
  Value weights = kernel.buffer(cast<BlockArgument>(op.getRhs())), memory = columns[op.getResult()];
  b.loop(b.index(0), wide == kBlock ? b.index(kBlock) : count, wide, [&](Index row) {
    for (int64_t i = 0; i < tiles; ++i) {
      int64_t first = panelColumns * i / tiles, size = panelColumns * (i + 1) / tiles - first;
      int64_t chains = chainsOf(size * tile.vectors);
      RegisterTile registers(b, kernel.level, {size, tile.vectors, products.lanes, products.sum, chains},
                             {weights, b.index(1), columns[op.getLhs()], kBlock, b.index(0)});
      Accumulators sums = registers.zero();
      ReductionLoop depth{b.index(products.depth), b.index(kPanel), b.index(kBlock), std::max(tile.unroll, chains)};
      registers.accumulate(sums, {depth}, b.add(b.mul(panel, products.depth * kPanel), first), row);
      for (auto [at, value] : llvm::enumerate(sums)) {
        Index column = b.add(b.mul(panel, kPanel), first + int64_t(at) / tile.vectors);
        Index to = b.add(b.add(b.mul(column, kBlock), row), int64_t(at) % tile.vectors * products.lanes);
        kernel.storeVector(value, memory, b.value(to));
      }
    }
  });
}

/// Most lanes would be empty: one row after another, whose vectors are along the columns.
void RowLanesEmitter::emitFewRows(const Products &products, Index panel, int64_t panelColumns) {
  MatmulOp op = products.op;
  int64_t vectors = llvm::divideCeil(panelColumns, products.lanes), chains = chainsOf(vectors);
  Value weights = kernel.buffer(cast<BlockArgument>(op.getRhs())), memory = columns[op.getResult()];
  b.loop(b.index(0), count, 1, [&](Index row) {
    RegisterTile registers(b, kernel.level, {1, vectors, products.lanes, products.sum, chains},
                           {columns[op.getLhs()], b.index(1), weights, kPanel, b.index(0)});
    Accumulators sums = registers.zero();
    ReductionLoop depth{b.index(products.depth), b.index(kBlock), b.index(kPanel), chains};
    registers.accumulate(sums, {depth}, row, b.mul(panel, products.depth * kPanel));
    for (int64_t i = 0; i < panelColumns; ++i) {
      Value value = b.create<vector::ExtractOp>(sums[i / products.lanes], i % products.lanes);
      Index column = b.add(b.mul(panel, kPanel), i);
      b.create<memref::StoreOp>(value, memory, b.value(b.add(b.mul(column, kBlock), row)));
    }
  });
}

void RowLanesEmitter::emitSoftmax(SoftmaxOp op) {
  Value operand = op.getOperand(), result = op.getResult();
  Type element = elementOf(operand);
  SmallVector<Dim> dims = dimsOf(operand);
  int64_t axis = op.getAxis(), extent = *dims[axis].constant();
  dims[axis] = 1;
  auto reduce = [&](Point &point, ReduceKind kind, ElementEmitter &e, llvm::function_ref<Value()> term) {
    SmallVector<Value> carried{reductionStart(kernel, kind, element, e.valueType(element))};
    b.carry(b.index(0), b.index(extent), 1, carried, [&](Index i, SmallVectorImpl<Value> &values) {
      point[axis] = {b.value(i), 0, {}};
      values[0] = reductionStep(b.builder, kind, element, values[0], term());
    });
    return carried[0];
  };
  auto math = [&](StringRef name, Value value) {
    return emitMath(b.builder, b.builder.getLoc(), *mathFunctionNamed(name), value);
  };
  forColumns(dims, [&](Point &point) {
    forRows([&](ElementEmitter &e, Index row) {
      point[0] = {b.value(row), 1, {}};
      Value largest = reduce(point, ReduceKind::max, e, [&] { return e.at(operand, point); });
      auto shifted = [&] { return b.create<arith::SubFOp>(e.at(operand, point), largest).getResult(); };
      Value sum = reduce(point, ReduceKind::sum, e, [&] {
        Value exponential = math("exp", shifted());
        if (!op.getLog())
          store(exponential, result, point);
        return exponential;
      });
      Value one = b.create<arith::ConstantOp>(b.builder.getFloatAttr(element, 1));
      Value last = op.getLog() ? math("log", sum) : b.create<arith::DivFOp>(e.spread(one), sum).getResult();
      b.loop(b.index(0), b.index(extent), 1, [&](Index i) {
        point[axis] = {b.value(i), 0, {}};
        Value value = op.getLog() ? b.create<arith::SubFOp>(shifted(), last).getResult()
                                  : b.create<arith::MulFOp>(load(e, result, point), last).getResult();
        store(value, result, point);
      });
    });
  });
}

void RowLanesEmitter::emitResult(unsigned index, Value value, Index first) {
  Value memory = kernel.resultBuffer(index);
  if (*rowWidth(value) > 1)
    return RowColumns(kernel, kBlock, *rowWidth(value)).write(columns[value], memory, first, count);
  forColumns(dimsOf(value), [&](Point &point) {
    forRows([&](ElementEmitter &e, Index row) {
      point[0] = {b.value(row), 1, {}};
      Value element = e.at(value, point);
      point[0] = {b.value(b.add(first, row)), 1, {}};
      auto write = [&](Value mask) {
        ElementEmitter(kernel, lanes, mask).store(element, memory, dimsOf(value), point);
      };
      b.branch(b.lessThan(count, b.add(row, lanes)), [&] { write(e.mask); }, [&] { write({}); });
    });
  });
}

//===--- Values in columns ------------------------------------------------------------------===//

/// An element of `value` is needed for several of one of its users.
bool isStretched(Value value) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (isa<ReshapeOp, TransposeOp, SliceOp>(user))
      return isStretched(user->getResult(0));
    return user->getNumResults() && *rowWidth(user->getResult(0)) > *rowWidth(value);
  });
}

/// Whether it is computed once, before anything that needs it.
bool RowLanesEmitter::isKept(Value value) const {
  Operation *op = value.getDefiningOp();
  llvm::SmallPtrSet<Operation *, 4> users(value.user_begin(), value.user_end());
  auto needsMemory = [&](Operation *user) {
    return isa<MatmulOp, SoftmaxOp>(user) || (isa<kernel::YieldOp>(user) && *rowWidth(value) > 1);
  };
  return isa<MatmulOp, ReduceOp, ArgReduceOp, SoftmaxOp>(op) || llvm::any_of(users, needsMemory) ||
         (op->hasTrait<Elementwise>() && (users.size() > 1 || isStretched(value)));
}

void RowLanesEmitter::reserve(Value value) {
  if (Value &memory = columns[value]; !memory)
    memory = kernel.scratch(elementOf(value), *rowWidth(value) * kBlock);
}

/// From now on it is read from memory.
void RowLanesEmitter::keep(Value value) {
  reserve(value);
  outer.define(value, [this, value](ElementEmitter &e, const Point &point) { return load(e, value, point); });
}

static SmallVector<Dim> columnDims(Value value) {
  SmallVector<Dim> dims = dimsOf(value);
  dims.erase(dims.begin());
  dims.push_back(kBlock);
  return dims;
}

static Point columnPoint(const Point &point) {
  Point result(point.begin() + 1, point.end());
  result.push_back(point[0]);
  return result;
}

/// All lanes are in memory, whichever have a row.
Value RowLanesEmitter::load(ElementEmitter &emitter, Value value, const Point &point) {
  return ElementEmitter(kernel, emitter.lanes)
      .load(columns[value], elementOf(value), columnDims(value), columnPoint(point));
}

void RowLanesEmitter::store(Value element, Value value, const Point &point) {
  ElementEmitter(kernel, lanes).store(element, columns[value], columnDims(value), columnPoint(point));
}

/// All places of a row.
void RowLanesEmitter::forColumns(ArrayRef<Dim> dims, llvm::function_ref<void(Point &)> body) {
  Point point(dims.size(), {kernel.index(0), 0, {}});
  auto nest = [&](auto &&self, size_t axis) -> void {
    if (axis == dims.size())
      return body(point);
    b.loop(b.index(0), b.index(*dims[axis].constant()), 1, [&](Index i) {
      point[axis] = {b.value(i), 0, {}};
      self(self, axis + 1);
    });
  };
  nest(nest, 1);
}

/// All rows of the block, as many at a time as there are lanes; the last ones may not be there.
void RowLanesEmitter::forRows(llvm::function_ref<void(ElementEmitter &, Index)> body) {
  b.loop(b.index(0), lanes == kBlock ? b.index(kBlock) : count, lanes, [&](Index row) {
    Value left = b.value(b.sub(count, row));
    ElementEmitter emitter(kernel, lanes,
                           b.create<vector::CreateMaskOp>(VectorType::get(lanes, b.builder.getI1Type()), left));
    emitter.inherit(outer);
    body(emitter, row);
  });
}

} // namespace

LogicalResult emitRowLanes(KernelFunction &kernel) {
  RowLanesEmitter(kernel).emit();
  return success();
}

} // namespace quern
