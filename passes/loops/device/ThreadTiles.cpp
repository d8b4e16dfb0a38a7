// Tiles of a product without a matrix unit: each thread adds up thread_rows x thread_columns results.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/device/Stages.h"
#include "passes/loops/device/WarpInstructions.h"

using namespace mlir;

namespace quern {
namespace {

/// One side of the product: lines (rows of lhs, columns of rhs) of a tile in shared memory, [depth][lines + padding].
struct Side {
  const TileProblem::Side &operand;
  int64_t lines;  ///< of the tile
  int64_t each;   ///< of a thread
  int64_t pitch;  ///< elements from one step of the depth to the next
  int64_t before; ///< bytes of a stage before this side's
  Value first;    ///< line of the operand that the tile starts at
  Value position; ///< of this thread among those along the lines

  /// Neighbouring lines that a thread loads as one vector, and lines between its vectors.
  int64_t width() const { return each % 4 == 0 ? 4 : each % 2 == 0 ? 2 : 1; }
  int64_t chunk() const { return lines / (each / width()); }

  /// Elements that lie in memory as they are are copied. Those of a line become a column of the tile, one by one.
  bool isCopied() const { return bool(operand.address); }
  int64_t together(int64_t elementBytes) const {
    return operand.inChunks && !operand.alongDepth ? kLoadedBytes / elementBytes : 1;
  }
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
    lhs.before = 0;
    rhs.before = depthStep * lhs.pitch * elementBytes();
    stages.emplace(kernel, rhs.before + depthStep * rhs.pitch * elementBytes(), lhs.isCopied() || rhs.isCopied());
  }

  void emit(const TilePlace &place) override {
    lhs.first = place.row;
    rhs.first = place.column;
    batch = place.batch;
    Value thread = kernel.thread(), across = kernel.index(rhs.lines / rhs.each);
    rhs.position = b.create<arith::RemUIOp>(thread, across);
    lhs.position = b.create<arith::DivUIOp>(thread, across);
    Value zero = b.create<arith::ConstantOp>(b.getZeroAttr(problem.accumulator));
    auto fill = [&](Value stage, Value from) {
      for (Side *side : {&lhs, &rhs})
        this->fill(*side, stage, from, zero);
    };
    auto multiply = [&](Value stage, Value, SmallVector<Value> &sums) {
      for (int64_t k = 0; k < depthStep; ++k)
        this->multiply(stage, sums, k);
    };
    store(stages->forSteps(place, depthStep, SmallVector<Value>(lhs.each * rhs.each, zero), fill, multiply));
  }

private:
  void setUp(Side &side, int64_t lines, int64_t each) {
    side.lines = lines;
    side.each = each;
    // Threads that read along the depth write down a column: the padding spreads it over the banks.
    side.pitch = lines + (side.operand.alongDepth ? 4 : 0);
  }

  int64_t elementBytes() const { return problem.accumulator.getIntOrFloatBitWidth() / 8; }

  /// Brings a step's part of one operand to shared memory; what lies outside is 0.
  void fill(Side &side, Value stage, Value from, Value zero) {
    int64_t together = side.together(elementBytes()), count = side.lines * depthStep / together;
    int64_t perRow = (side.operand.alongDepth ? depthStep : side.lines) / together;
    for (int64_t turn = 0; turn < count / kernel.threads; ++turn) {
      TurnPlace place = placeOfTurn(kernel, turn, perRow);
      Value along = kernel.multiply(place.column, kernel.index(together));
      Value line = side.operand.alongDepth ? place.row : along, k = side.operand.alongDepth ? along : place.row;
      bring(side, address(stage, side, kernel.add(kernel.multiply(k, kernel.index(side.pitch)), line)),
            kernel.add(side.first, line), kernel.add(from, k), zero);
    }
  }

  /// The element of a line and k, or several neighbours, to shared memory.
  void bring(Side &side, Value to, Value line, Value k, Value zero) {
    Value inside = isInside(kernel, problem, side.operand, side.lines, depthStep, line, k);
    if (!side.isCopied()) {
      ElementEmitter emitter(kernel, 1);
      auto read = [&] { return side.operand.element(emitter, batch, line, k); };
      b.create<LLVM::StoreOp>(inside ? emitter.guarded(inside, zero, read) : read(), to);
      return;
    }
    if (side.operand.isThere) {
      Value isThere = side.operand.isThere(batch, line, k);
      inside = inside ? b.create<arith::AndIOp>(inside, isThere).getResult() : isThere;
    }
    beginCopy(b, to, side.operand.address(batch, line, k), side.together(elementBytes()) * elementBytes(), inside);
  }

  /// Element `offset` of a side's part of a stage.
  Value address(Value stage, const Side &side, Value offset) {
    auto shifted = [&](Value base, Type element, Value by) -> Value {
      Value distance = b.create<arith::IndexCastOp>(b.getI64Type(), by);
      return b.create<LLVM::GEPOp>(base.getType(), element, base, ArrayRef<LLVM::GEPArg>{distance});
    };
    return shifted(shifted(stage, b.getI8Type(), kernel.index(side.before)), problem.accumulator, offset);
  }

  /// This thread's lines of one step of the depth.
  SmallVector<Value> lines(Value stage, Side &side, int64_t k) {
    SmallVector<Value> values;
    int64_t width = side.width();
    unsigned bytes = width * problem.accumulator.getIntOrFloatBitWidth() / 8;
    Type type = width == 1 ? problem.accumulator : VectorType::get(width, problem.accumulator);
    for (int64_t first = 0; first < side.each; first += width) {
      Value offset = kernel.add(kernel.multiply(side.position, kernel.index(width)),
                                k * side.pitch + first / width * side.chunk());
      Value loaded = b.create<LLVM::LoadOp>(type, address(stage, side, offset), /*alignment=*/std::min(bytes, 16u));
      for (int64_t i = 0; i < width; ++i)
        values.push_back(width == 1 ? loaded : b.create<vector::ExtractOp>(loaded, i).getResult());
    }
    return values;
  }

  void multiply(Value stage, SmallVector<Value> &sums, int64_t k) {
    SmallVector<Value> rows = lines(stage, lhs, k), columns = lines(stage, rhs, k);
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

  void store(ArrayRef<Value> sums) {
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
    auto choice =
        b.create<scf::IfOp>(b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, line, kernel.dim(side.operand.lines)),
                            /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    body();
  }

  KernelFunction &kernel;
  const TileProblem &problem;
  ImplicitLocOpBuilder &b;
  Side lhs, rhs;
  std::optional<Stages> stages;
  Value batch;
};

} // namespace

std::unique_ptr<TileCore> makeThreadTiles(KernelFunction &kernel, const TileProblem &problem) {
  return std::make_unique<ThreadTiles>(kernel, problem);
}

} // namespace quern
