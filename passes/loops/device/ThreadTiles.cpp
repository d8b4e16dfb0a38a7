// Tiles of a product without a matrix unit: each thread adds up thread_rows x thread_columns results.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/device/Tiles.h"

using namespace mlir;

namespace quern {
namespace {

/// One side of the product: lines (rows of lhs, columns of rhs) of a tile in shared memory, [depth][lines + padding].
struct Side {
  const TileProblem::Side &operand;
  int64_t lines;  ///< of the tile
  int64_t each;   ///< of a thread
  int64_t pitch;  ///< elements from one step of the depth to the next
  Value tile;     ///< shared memory
  Value first;    ///< line of the operand that the tile starts at
  Value position; ///< of this thread among those along the lines

  /// Neighbouring lines that a thread loads as one vector, and lines between its vectors.
  int64_t width() const { return each % 4 == 0 ? 4 : each % 2 == 0 ? 2 : 1; }
  int64_t chunk() const { return lines / (each / width()); }
};

class ThreadTiles final : public TileCore {
public:
  ThreadTiles(KernelFunction &kernel, const TileProblem &problem)
      : kernel(kernel), problem(problem), b(kernel.builder), lhs{problem.lhs}, rhs{problem.rhs} {
    kernel::ScheduleAttr schedule = kernel.source.getSchedule();
    depthStep = schedule.parameter("tile_depth", 16);
    setUp(lhs, rows = schedule.parameter("tile_rows", 64), schedule.parameter("thread_rows", 4));
    setUp(rhs, columns = schedule.parameter("tile_columns", 64), schedule.parameter("thread_columns", 4));
    kernel.threads = (lhs.lines / lhs.each) * (rhs.lines / rhs.each);
    depth = kernel.dim(problem.depth);
    for (Side *side : {&lhs, &rhs})
      side->tile = kernel.sharedTile(problem.accumulator, depthStep * side->pitch);
  }

  void emit(const TilePlace &place) override {
    lhs.first = place.row;
    rhs.first = place.column;
    batch = place.batch;
    multiplyTile(place.from, place.end);
  }

private:
  void setUp(Side &side, int64_t lines, int64_t each) {
    side.lines = lines;
    side.each = each;
    // Threads that read along the depth write down a column: the padding spreads it over the banks.
    side.pitch = lines + (side.operand.alongDepth ? 4 : 0);
  }

  void multiplyTile(Value from, Value end) {
    Value thread = kernel.thread(), across = kernel.index(rhs.lines / rhs.each);
    rhs.position = b.create<arith::RemUIOp>(thread, across);
    lhs.position = b.create<arith::DivUIOp>(thread, across);
    Value zero = b.create<arith::ConstantOp>(b.getZeroAttr(problem.accumulator));
    auto loop = b.create<scf::ForOp>(from, end, kernel.index(depthStep), SmallVector<Value>(lhs.each * rhs.each, zero));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      fill(lhs, loop.getInductionVar(), zero);
      fill(rhs, loop.getInductionVar(), zero);
      kernel.barrier();
      SmallVector<Value> sums(loop.getRegionIterArgs());
      for (int64_t k = 0; k < depthStep; ++k)
        multiply(sums, k);
      kernel.barrier();
      b.create<scf::YieldOp>(sums);
    }
    store(loop.getResults());
  }

  /// Copies a step's part of one operand to shared memory; what lies outside is 0.
  void fill(Side &side, Value from, Value zero) {
    Value thread = kernel.thread();
    for (int64_t i = 0; i < side.lines * depthStep / kernel.threads; ++i) {
      Value number = kernel.add(thread, i * kernel.threads);
      Value fast = kernel.index(side.operand.alongDepth ? depthStep : side.lines);
      Value inner = b.create<arith::RemUIOp>(number, fast), outer = b.create<arith::DivUIOp>(number, fast);
      Value line = side.operand.alongDepth ? outer : inner, k = side.operand.alongDepth ? inner : outer;
      Value at = kernel.add(side.first, line), place = kernel.add(from, k);
      Value inside = b.create<arith::AndIOp>(below(at, kernel.dim(side.operand.lines)), below(place, depth));
      ElementEmitter emitter(kernel, 1);
      Value value = emitter.guarded(inside, zero, [&] { return side.operand.element(emitter, batch, at, place); });
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
    if (side.operand.lines.mod(side.lines).isEqualTo(0))
      return body();
    auto choice = b.create<scf::IfOp>(below(line, kernel.dim(side.operand.lines)), /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    body();
  }

  KernelFunction &kernel;
  const TileProblem &problem;
  ImplicitLocOpBuilder &b;
  Side lhs, rhs;
  Value depth, batch;
};

} // namespace

std::unique_ptr<TileCore> makeThreadTiles(KernelFunction &kernel, const TileProblem &problem) {
  return std::make_unique<ThreadTiles>(kernel, problem);
}

} // namespace quern
