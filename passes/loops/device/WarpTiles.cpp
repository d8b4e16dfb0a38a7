// Tiles of a product by the matrix unit: each warp adds up warp_rows x warp_columns results, in registers of all its
// threads. Shared memory holds several steps of the depth: one is multiplied while the next ones arrive.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/device/SharedTile.h"
#include "passes/loops/device/WarpInstructions.h"

using namespace mlir;

namespace quern {
namespace {

class WarpTiles final : public TileCore {
public:
  WarpTiles(KernelFunction &kernel, const TileProblem &problem)
      : WarpTiles(kernel, problem, kernel.source.getSchedule()) {}

  void emit(const TilePlace &place) override {
    Value zero = b.create<arith::ConstantOp>(b.getZeroAttr(problem.accumulator));
    kernel.forRange(kernel.index(0), kernel.index(stages - 1), kernel.index(1), [&](Value stage) {
      fill(place, stage, kernel.add(place.from, kernel.multiply(stage, kernel.index(depthStep))));
    });
    SmallVector<Value> carried(2 + sumsPerThread(), zero);
    carried[0] = kernel.index(0);
    carried[1] = kernel.index(stages - 1);
    auto loop = b.create<scf::ForOp>(place.from, place.end, kernel.index(depthStep), carried);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value read = loop.getRegionIterArg(0), write = loop.getRegionIterArg(1);
      await(stages - 2);
      // What the stage that is filled now had was multiplied by all before they came here.
      kernel.barrier();
      fill(place, write, kernel.add(loop.getInductionVar(), (stages - 1) * depthStep));
      SmallVector<Value> next{following(read), following(write)};
      llvm::append_range(next, multiply(stageAt(read), loop.getRegionIterArgs().drop_front(2)));
      b.create<scf::YieldOp>(next);
    }
    await(0);
    kernel.barrier();
    store(place, loop.getResults().drop_front(2));
    kernel.barrier(); // the next task fills this memory
  }

private:
  WarpTiles(KernelFunction &kernel, const TileProblem &problem, kernel::ScheduleAttr schedule)
      : kernel(kernel), problem(problem), b(kernel.builder), stages(schedule.parameter("stages", 2)),
        warpRows(schedule.parameter("warp_rows", 32)), warpColumns(schedule.parameter("warp_columns", 32)),
        lhs(kernel, problem, problem.lhs, schedule.parameter("tile_rows", 64), schedule.parameter("tile_depth", 32)),
        rhs(kernel, problem, problem.rhs, schedule.parameter("tile_columns", 64),
            schedule.parameter("tile_depth", 32)) {
    rows = schedule.parameter("tile_rows", 64);
    depthStep = schedule.parameter("tile_depth", 32);
    columns = schedule.parameter("tile_columns", 64);
    warpsAcross = columns / warpColumns;
    int64_t warps = rows / warpRows * warpsAcross;
    kernel.threads = warps * kernel.device->warp;
    int64_t waiting = warps * kMatrixRows * waitingPitch() * int64_t(sizeof(float));
    memory = kernel.sharedTile(b.getI8Type(), std::max(stages * (lhs.bytes() + rhs.bytes()), waiting));
  }

  int64_t sumsPerThread() const { return warpRows * warpColumns / kernel.device->warp; }
  /// Elements from row to row of the sums that wait in shared memory; the padding spreads rows over the banks.
  int64_t waitingPitch() const { return warpColumns + kLoadedRows; }

  Value quotient(Value a, int64_t by) { return b.create<arith::DivUIOp>(a, kernel.index(by)); }
  Value remainder(Value a, int64_t by) { return b.create<arith::RemUIOp>(a, kernel.index(by)); }
  Value lane() { return remainder(kernel.thread(), kernel.device->warp); }
  Value warp() { return quotient(kernel.thread(), kernel.device->warp); }
  Value warpRow() { return kernel.multiply(quotient(warp(), warpsAcross), kernel.index(warpRows)); }
  Value warpColumn() { return kernel.multiply(remainder(warp(), warpsAcross), kernel.index(warpColumns)); }

  Value at(Value pointer, Value bytes) {
    Value distance = b.create<arith::IndexCastOp>(b.getI64Type(), bytes);
    return b.create<LLVM::GEPOp>(pointer.getType(), b.getI8Type(), pointer, ArrayRef<LLVM::GEPArg>{distance});
  }
  Value stageAt(Value stage) { return at(memory, kernel.multiply(stage, kernel.index(lhs.bytes() + rhs.bytes()))); }
  /// The right side's part of a stage lies behind the left one's.
  Value rhsOf(Value stage) { return at(stage, kernel.index(lhs.bytes())); }

  Value following(Value stage) {
    Value isLast = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, stage, kernel.index(stages - 1));
    return b.create<arith::SelectOp>(isLast, kernel.index(0), kernel.add(stage, 1));
  }

  void await(int64_t pending) {
    if (lhs.isCopied() || rhs.isCopied())
      awaitCopies(b, pending);
  }

  void whereBelow(Value a, Value limit, function_ref<void()> body) {
    auto choice =
        b.create<scf::IfOp>(b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, a, limit), /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    body();
  }

  /// Where `line` is one of the result's; whole tiles have no others.
  void whereInside(Value line, const Dim &extent, int64_t tile, function_ref<void()> body) {
    if (extent.mod(tile).isEqualTo(0))
      return body();
    whereBelow(line, kernel.dim(extent), body);
  }

  /// The step that begins with k = `from`, if there is one. Each is a group of copies, so that waiting is counting.
  void fill(const TilePlace &place, Value stage, Value from) {
    whereBelow(from, place.end, [&] {
      Value base = stageAt(stage);
      lhs.fill(base, place.batch, place.row, from);
      rhs.fill(rhsOf(base), place.batch, place.column, from);
    });
    if (lhs.isCopied() || rhs.isCopied())
      endCopies(b);
  }

  SmallVector<Value> multiply(Value stage, ValueRange before) {
    SmallVector<Value> sums(before);
    int64_t bytes = problem.multiplicand.getIntOrFloatBitWidth() / 8, acrossRows = warpRows / kMatrixRows,
            acrossColumns = warpColumns / kMatrixColumns;
    for (int64_t k = 0; k < depthStep * bytes / kMatrixDepthBytes; ++k) {
      SmallVector<SmallVector<Value>> left, right;
      for (int64_t i = 0; i < acrossRows; ++i)
        left.push_back(lhs.load(stage, warpRow(), i, k));
      for (int64_t j = 0; j < acrossColumns / 2; ++j)
        right.push_back(rhs.load(rhsOf(stage), warpColumn(), j, k));
      for (int64_t i = 0; i < acrossRows; ++i)
        for (int64_t j = 0; j < acrossColumns; ++j) {
          ArrayRef<Value> pair = right[j / 2];
          Value *place = &sums[(i * acrossColumns + j) * kSums];
          SmallVector<Value> next = multiplyMatrices(b, problem.multiplicand, left[i], {pair[j % 2], pair[j % 2 + 2]},
                                                     ArrayRef<Value>(place, kSums));
          llvm::copy(next, place);
        }
    }
    return sums;
  }

  /// The warp's sums go through shared memory, 16 rows at a time: its threads store neighbours next to each other, and
  /// there is code for the epilogue once for 16 rows.
  void store(const TilePlace &place, ValueRange sums) {
    Value waiting =
        at(memory, kernel.multiply(warp(), kernel.index(kMatrixRows * waitingPitch() * int64_t(sizeof(float)))));
    int64_t acrossColumns = warpColumns / kMatrixColumns;
    for (int64_t i = 0; i < warpRows / kMatrixRows; ++i) {
      for (int64_t j = 0; j < acrossColumns; ++j)
        for (int64_t half = 0; half < 2; ++half) {
          ValueRange pair = sums.slice((i * acrossColumns + j) * kSums + 2 * half, 2);
          Value vector = b.create<arith::ConstantOp>(b.getZeroAttr(VectorType::get(2, problem.accumulator)));
          for (int64_t e = 0; e < 2; ++e)
            vector = b.create<vector::InsertOp>(pair[e], vector, e);
          Value row = kernel.add(quotient(lane(), 4), half * kLoadedRows);
          Value column = kernel.add(kernel.multiply(remainder(lane(), 4), kernel.index(2)), j * kMatrixColumns);
          b.create<LLVM::StoreOp>(vector, sumAt(waiting, row, column), /*alignment=*/8);
        }
      synchronizeWarp(b);
      storeRows(place, waiting, i * kMatrixRows);
      synchronizeWarp(b);
    }
  }

  Value sumAt(Value waiting, Value row, Value column) {
    Value number = kernel.add(kernel.multiply(row, kernel.index(waitingPitch())), column);
    return at(waiting, kernel.multiply(number, kernel.index(sizeof(float))));
  }

  /// 16 of the warp's rows, `first` being one of the warp's.
  void storeRows(const TilePlace &place, Value waiting, int64_t first) {
    Value rowsHere = kernel.add(kernel.add(place.row, warpRow()), first),
          columnsHere = kernel.add(place.column, warpColumn());
    kernel.forRange(lane(), kernel.index(kMatrixRows * warpColumns), kernel.index(kernel.device->warp), [&](Value n) {
      Value i = quotient(n, warpColumns), j = remainder(n, warpColumns);
      Value row = kernel.add(rowsHere, i), column = kernel.add(columnsHere, j);
      whereInside(row, problem.lhs.lines, rows, [&] {
        whereInside(column, problem.rhs.lines, columns, [&] {
          Value sum = b.create<LLVM::LoadOp>(problem.accumulator, sumAt(waiting, i, j));
          problem.store(place.batch, row, column, sum);
        });
      });
    });
  }

  static constexpr int64_t kSums = 4; ///< of a thread, in a product of the matrix unit

  KernelFunction &kernel;
  const TileProblem &problem;
  ImplicitLocOpBuilder &b;
  int64_t stages, warpRows, warpColumns, warpsAcross;
  SharedTile lhs, rhs;
  Value memory;
};

} // namespace

std::unique_ptr<TileCore> makeWarpTiles(KernelFunction &kernel, const TileProblem &problem) {
  return std::make_unique<WarpTiles>(kernel, problem);
}

} // namespace quern
