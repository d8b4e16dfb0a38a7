// Products of few rows: what is read is the right side, once, so its columns are many threads' and all of them read. A
// block has some columns, and the depth is cut into slices, each of which a few threads add up; the sums of the slices
// meet in shared memory, in order.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/device/Tiles.h"

using namespace mlir;

namespace quern {
namespace {

class SliceTiles final : public TileCore {
public:
  SliceTiles(KernelFunction &kernel, const TileProblem &problem)
      : kernel(kernel), problem(problem), b(kernel.builder),
        width(kChunkBytes * 8 / problem.multiplicand.getIntOrFloatBitWidth()) {
    kernel::ScheduleAttr schedule = kernel.source.getSchedule();
    rows = schedule.parameter("tile_rows", 1);
    columns = schedule.parameter("tile_columns", 32);
    slices = schedule.parameter("slices", 32);
    groups = columns / width;
    kernel.threads = groups * slices;
    // Neighbouring threads read what lies together: columns of one k, or k of one column. Of the latter a thread has
    // several in flight anyhow.
    advance = problem.rhs.alongDepth ? width : 1;
    steps = problem.rhs.alongDepth ? 1 : 4;
    depthStep = slices * advance * steps;
    memory = kernel.sharedTile(problem.accumulator, slices * pitch());
  }

  void emit(const TilePlace &place) override {
    Value thread = kernel.thread();
    auto quotient = [&](int64_t by) { return b.create<arith::DivUIOp>(thread, kernel.index(by)).getResult(); };
    auto remainder = [&](int64_t by) { return b.create<arith::RemUIOp>(thread, kernel.index(by)).getResult(); };
    Value slice = problem.rhs.alongDepth ? remainder(slices) : quotient(groups);
    Value group = problem.rhs.alongDepth ? quotient(slices) : remainder(groups);
    Value own = kernel.multiply(group, kernel.index(width));
    Value zero = b.create<arith::ConstantOp>(b.getZeroAttr(problem.accumulator));
    Value first = kernel.add(place.from, kernel.multiply(slice, kernel.index(advance)));
    auto loop = b.create<scf::ForOp>(first, place.end, kernel.index(depthStep), SmallVector<Value>(rows * width, zero));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      SmallVector<Value> sums(loop.getRegionIterArgs());
      for (int64_t step = 0; step < steps; ++step)
        multiply(place, kernel.add(place.column, own), kernel.add(loop.getInductionVar(), step * slices * advance),
                 sums);
      b.create<scf::YieldOp>(sums);
    }
    keep(loop.getResults(), slice, own);
    kernel.barrier();
    store(place);
    kernel.barrier(); // the next task writes this memory
  }

private:
  static constexpr int64_t kChunkBytes = 16;

  /// Elements from slice to slice; the padding spreads them over the banks.
  int64_t pitch() const { return rows * columns + width; }

  /// The thread's columns and rows, at `k` or, where the right side is along the depth, from it on.
  void multiply(const TilePlace &place, Value column, Value k, SmallVector<Value> &sums) {
    if (!problem.rhs.alongDepth) {
      SmallVector<Value> right = neighbours(problem.rhs, place.batch, column, k);
      for (int64_t i = 0; i < rows; ++i) {
        Value left = wide(element(problem.lhs, place.batch, kernel.add(place.row, i), k));
        for (int64_t j = 0; j < width; ++j)
          add(sums[i * width + j], left, right[j]);
      }
      return;
    }
    SmallVector<SmallVector<Value>> left;
    for (int64_t i = 0; i < rows; ++i)
      left.push_back(neighbours(problem.lhs, place.batch, kernel.add(place.row, i), k));
    for (int64_t j = 0; j < width; ++j) {
      SmallVector<Value> right = neighbours(problem.rhs, place.batch, kernel.add(column, j), k);
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t e = 0; e < width; ++e)
          add(sums[i * width + j], left[i][e], right[e]);
    }
  }

  void add(Value &sum, Value a, Value c) {
    if (isa<FloatType>(problem.accumulator))
      sum = b.create<math::FmaOp>(a, c, sum);
    else
      sum = b.create<arith::AddIOp>(sum, b.create<arith::MulIOp>(a, c));
  }

  Value wide(Value value) {
    return value.getType() == problem.accumulator ? value
                                                  : b.create<arith::ExtFOp>(problem.accumulator, value).getResult();
  }

  Value isInside(const TileProblem::Side &side, Value line, Value k) {
    return quern::isInside(kernel, problem, side, &side == &problem.lhs ? rows : columns, depthStep, line, k);
  }

  Value element(const TileProblem::Side &side, Value batch, Value line, Value k) {
    ElementEmitter emitter(kernel, 1);
    Value inside = isInside(side, line, k);
    auto read = [&] { return side.element(emitter, batch, line, k); };
    return inside ? emitter.guarded(inside, b.create<arith::ConstantOp>(b.getZeroAttr(problem.multiplicand)), read)
                  : read();
  }

  /// `width` elements that follow each other the way the side lies in memory; 0 where they are outside.
  SmallVector<Value> neighbours(const TileProblem::Side &side, Value batch, Value line, Value k) {
    SmallVector<Value> values;
    if (!side.inChunks) {
      for (int64_t i = 0; i < width; ++i)
        values.push_back(wide(side.alongDepth ? element(side, batch, line, kernel.add(k, i))
                                              : element(side, batch, kernel.add(line, i), k)));
      return values;
    }
    auto type = VectorType::get(width, problem.multiplicand);
    auto read = [&]() -> Value { return b.create<LLVM::LoadOp>(type, side.address(batch, line, k), kChunkBytes); };
    Value inside = isInside(side, line, k);
    Value vector =
        inside ? ElementEmitter(kernel, 1).guarded(inside, b.create<arith::ConstantOp>(b.getZeroAttr(type)), read)
               : read();
    for (int64_t i = 0; i < width; ++i)
      values.push_back(wide(b.create<vector::ExtractOp>(vector, i)));
    return values;
  }

  Value place(Value slice, Value number) {
    Value offset = kernel.add(kernel.multiply(slice, kernel.index(pitch())), number);
    Value distance = b.create<arith::IndexCastOp>(b.getI64Type(), offset);
    return b.create<LLVM::GEPOp>(memory.getType(), problem.accumulator, memory, ArrayRef<LLVM::GEPArg>{distance});
  }

  void keep(ValueRange sums, Value slice, Value own) {
    auto type = VectorType::get(width, problem.accumulator);
    for (int64_t i = 0; i < rows; ++i) {
      Value vector = b.create<arith::ConstantOp>(b.getZeroAttr(type));
      for (int64_t j = 0; j < width; ++j)
        vector = b.create<vector::InsertOp>(sums[i * width + j], vector, j);
      b.create<LLVM::StoreOp>(vector, place(slice, kernel.add(own, i * columns)), kChunkBytes);
    }
  }

  void store(const TilePlace &tile) {
    kernel.forThreads(kernel.index(0), kernel.index(rows * columns), [&](Value number) {
      Value row = kernel.add(tile.row, b.create<arith::DivUIOp>(number, kernel.index(columns))),
            column = kernel.add(tile.column, b.create<arith::RemUIOp>(number, kernel.index(columns)));
      auto choice = b.create<scf::IfOp>(
          b.create<arith::AndIOp>(
              b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, row, kernel.dim(problem.lhs.lines)),
              b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, column, kernel.dim(problem.rhs.lines))),
          /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(choice.thenBlock());
      Value zero = b.create<arith::ConstantOp>(b.getZeroAttr(problem.accumulator));
      auto loop = b.create<scf::ForOp>(kernel.index(0), kernel.index(slices), kernel.index(1), ValueRange(zero));
      {
        OpBuilder::InsertionGuard inner(b);
        b.setInsertionPointToStart(loop.getBody());
        Value part = b.create<LLVM::LoadOp>(problem.accumulator, place(loop.getInductionVar(), number)),
              sum = loop.getRegionIterArg(0);
        sum = isa<FloatType>(problem.accumulator) ? b.create<arith::AddFOp>(sum, part).getResult()
                                                  : b.create<arith::AddIOp>(sum, part).getResult();
        b.create<scf::YieldOp>(sum);
      }
      problem.store(tile.batch, row, column, loop.getResult(0));
    });
  }

  KernelFunction &kernel;
  const TileProblem &problem;
  ImplicitLocOpBuilder &b;
  int64_t width; ///< elements that are read at once, columns of a thread
  int64_t slices, groups, advance, steps;
  Value memory;
};

} // namespace

std::unique_ptr<TileCore> makeSliceTiles(KernelFunction &kernel, const TileProblem &problem) {
  return std::make_unique<SliceTiles>(kernel, problem);
}

} // namespace quern
