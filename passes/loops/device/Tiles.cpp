#include "passes/loops/device/Tiles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

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

Value elementAs(Type accumulator, ElementEmitter &emitter, Value tensor, const Point &point) {
  Value value = emitter.at(tensor, point);
  return value.getType() == accumulator
             ? value
             : emitCast(emitter.kernel.builder, value, graph::elementOf(tensor), accumulator);
}

namespace {

/// One side of the product: lines (rows of lhs, columns of rhs) of a tile in shared memory, [depth][lines + padding].
struct Side {
  const TileProblem::Element &element;
  Dim extent;    ///< lines of the whole operand
  int64_t lines; ///< of the tile
  int64_t each;  ///< of a thread
  bool alongDepth;
  int64_t pitch;  ///< elements from one step of the depth to the next
  Value tile;     ///< shared memory
  Value first;    ///< line of the operand that the tile starts at
  Value position; ///< of this thread among those along the lines

  /// Neighbouring lines that a thread loads as one vector, and lines between its vectors.
  int64_t width() const { return each % 4 == 0 ? 4 : each % 2 == 0 ? 2 : 1; }
  int64_t chunk() const { return lines / (each / width()); }
};

class TileEmitter {
public:
  TileEmitter(KernelFunction &kernel, const TileProblem &problem)
      : kernel(kernel), problem(problem), b(kernel.builder), lhs{problem.lhs, problem.rows},
        rhs{problem.rhs, problem.columns} {
    kernel::ScheduleAttr schedule = kernel.source.getSchedule();
    step = schedule.parameter("tile_depth", 16);
    setUp(lhs, schedule.parameter("tile_rows", 64), schedule.parameter("thread_rows", 4), problem.lhsAlongDepth);
    setUp(rhs, schedule.parameter("tile_columns", 64), schedule.parameter("thread_columns", 4), problem.rhsAlongDepth);
    kernel.threads = (lhs.lines / lhs.each) * (rhs.lines / rhs.each);
  }

  void emit() {
    depth = kernel.dim(problem.depth);
    for (Side *side : {&lhs, &rhs})
      side->tile = kernel.sharedTile(problem.accumulator, step * side->pitch);
    Dim rowTiles = problem.rows.ceildiv(lhs.lines), columnTiles = problem.columns.ceildiv(rhs.lines);
    kernel.forTasks(problem.batches * rowTiles * columnTiles, [&](Value task) {
      // Blocks that run at the same time share columns, which stay in the cache.
      Value rows = kernel.dim(rowTiles), columns = kernel.dim(columnTiles);
      Value rest = b.create<arith::DivUIOp>(task, rows);
      lhs.first = kernel.multiply(b.create<arith::RemUIOp>(task, rows), kernel.index(lhs.lines));
      rhs.first = kernel.multiply(b.create<arith::RemUIOp>(rest, columns), kernel.index(rhs.lines));
      batch = b.create<arith::DivUIOp>(rest, columns);
      emitTask();
    });
  }

private:
  void setUp(Side &side, int64_t lines, int64_t each, bool alongDepth) {
    side.lines = lines;
    side.each = each;
    side.alongDepth = alongDepth;
    // Threads that read along the depth write down a column: the padding spreads it over the banks.
    side.pitch = lines + (alongDepth ? 4 : 0);
  }

  void emitTask() {
    Value thread = kernel.thread(), across = kernel.index(rhs.lines / rhs.each);
    rhs.position = b.create<arith::RemUIOp>(thread, across);
    lhs.position = b.create<arith::DivUIOp>(thread, across);
    Value zero = b.create<arith::ConstantOp>(b.getZeroAttr(problem.accumulator));
    auto loop =
        b.create<scf::ForOp>(kernel.index(0), depth, kernel.index(step), SmallVector<Value>(lhs.each * rhs.each, zero));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      fill(lhs, loop.getInductionVar(), zero);
      fill(rhs, loop.getInductionVar(), zero);
      kernel.barrier();
      SmallVector<Value> sums(loop.getRegionIterArgs());
      for (int64_t k = 0; k < step; ++k)
        multiply(sums, k);
      kernel.barrier();
      b.create<scf::YieldOp>(sums);
    }
    store(loop.getResults());
  }

  /// Copies a step's part of one operand to shared memory; what lies outside is 0.
  void fill(Side &side, Value from, Value zero) {
    Value thread = kernel.thread();
    for (int64_t i = 0; i < side.lines * step / kernel.threads; ++i) {
      Value number = kernel.add(thread, i * kernel.threads);
      Value fast = kernel.index(side.alongDepth ? step : side.lines);
      Value inner = b.create<arith::RemUIOp>(number, fast), outer = b.create<arith::DivUIOp>(number, fast);
      Value line = side.alongDepth ? outer : inner, k = side.alongDepth ? inner : outer;
      Value at = kernel.add(side.first, line), place = kernel.add(from, k);
      Value inside = b.create<arith::AndIOp>(below(at, kernel.dim(side.extent)), below(place, depth));
      ElementEmitter emitter(kernel, 1);
      Value value = emitter.guarded(inside, zero, [&] { return side.element(emitter, batch, at, place); });
      Value offset = kernel.add(kernel.multiply(k, kernel.index(side.pitch)), line);
      b.create<LLVM::StoreOp>(value, address(side.tile, offset));
    }
  }

  Value below(Value a, Value limit) { return b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, a, limit); }

  Value address(Value base, Value offset) {
    Value distance = b.create<arith::IndexCastOp>(b.getI64Type(), offset);
    return b.create<LLVM::GEPOp>(base.getType(), problem.accumulator, base, ArrayRef<LLVM::GEPArg>{distance});
  }

  /// This thread's lines of one step of the depth.
  SmallVector<Value> lines(Side &side, int64_t k) {
    SmallVector<Value> values;
    int64_t width = side.width();
    unsigned bytes = width * problem.accumulator.getIntOrFloatBitWidth() / 8;
    Type type = width == 1 ? problem.accumulator : VectorType::get(width, problem.accumulator);
    for (int64_t first = 0; first < side.each; first += width) {
      Value offset = kernel.add(kernel.multiply(side.position, kernel.index(width)),
                                k * side.pitch + first / width * side.chunk());
      Value loaded = b.create<LLVM::LoadOp>(type, address(side.tile, offset), /*alignment=*/std::min(bytes, 16u));
      for (int64_t i = 0; i < width; ++i)
        values.push_back(width == 1 ? loaded : b.create<vector::ExtractOp>(loaded, i).getResult());
    }
    return values;
  }

  void multiply(SmallVector<Value> &sums, int64_t k) {
    SmallVector<Value> rows = lines(lhs, k), columns = lines(rhs, k);
    for (int64_t i = 0; i < lhs.each; ++i)
      for (int64_t j = 0; j < rhs.each; ++j) {
        Value &sum = sums[i * rhs.each + j];
        if (isa<FloatType>(problem.accumulator))
          sum = b.create<math::FmaOp>(rows[i], columns[j], sum);
        else
          sum = b.create<arith::AddIOp>(sum, b.create<arith::MulIOp>(rows[i], columns[j]));
      }
  }

  /// The thread's line `i` of a side, in the whole operand.
  Value lineOf(Side &side, int64_t i) {
    int64_t width = side.width(), constant = i / width * side.chunk() + i % width;
    return kernel.add(kernel.add(side.first, kernel.multiply(side.position, kernel.index(width))), constant);
  }

  void store(ValueRange sums) {
    for (int64_t i = 0; i < lhs.each; ++i) {
      Value row = lineOf(lhs, i);
      inside(row, lhs, [&] {
        for (int64_t j = 0; j < rhs.each; ++j) {
          Value column = lineOf(rhs, j);
          inside(column, rhs, [&] { problem.store(batch, row, column, sums[i * rhs.each + j]); });
        }
      });
    }
  }

  /// Runs `body` where `line` is one of the operand's.
  void inside(Value line, const Side &side, function_ref<void()> body) {
    if (side.extent.mod(side.lines).isEqualTo(0))
      return body();
    auto choice = b.create<scf::IfOp>(below(line, kernel.dim(side.extent)), /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    body();
  }

  KernelFunction &kernel;
  const TileProblem &problem;
  ImplicitLocOpBuilder &b;
  Side lhs, rhs;
  int64_t step;
  Value depth, batch;
};

} // namespace

void emitTiles(KernelFunction &kernel, const TileProblem &problem) {
  TileEmitter(kernel, problem).emit();
}

} // namespace quern
