// Tiles of a product by the matrix unit: each warp adds up warp_rows x warp_columns results, in registers of all its
// threads.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/device/SharedTile.h"
#include "passes/loops/device/Stages.h"
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
    auto fill = [&](Value stage, Value from) {
      lhs.fill(stage, place.batch, place.row, from);
      rhs.fill(rhsOf(stage), place.batch, place.column, from);
    };
    store(place, stages.forSteps(place, depthStep, SmallVector<Value>(sumsPerThread(), zero), fill,
                                 [&](Value stage, SmallVector<Value> &sums) { multiply(stage, sums); }));
    kernel.barrier(); // the next task fills this memory
  }

private:
  WarpTiles(KernelFunction &kernel, const TileProblem &problem, kernel::ScheduleAttr schedule)
      : kernel(kernel), problem(problem), b(kernel.builder), warpRows(schedule.parameter("warp_rows", 32)),
        warpColumns(schedule.parameter("warp_columns", 32)),
        warpsAcross(schedule.parameter("tile_columns", 64) / warpColumns),
        warps(schedule.parameter("tile_rows", 64) / warpRows * warpsAcross),
        lhs(kernel, problem, problem.lhs, schedule.parameter("tile_rows", 64), schedule.parameter("tile_depth", 32)),
        rhs(kernel, problem, problem.rhs, schedule.parameter("tile_columns", 64), schedule.parameter("tile_depth", 32)),
        stages(kernel, lhs.bytes() + rhs.bytes(), lhs.isCopied() || rhs.isCopied(),
               warps * kMatrixRows * waitingPitch() * int64_t(sizeof(float))) {
    rows = schedule.parameter("tile_rows", 64);
    columns = schedule.parameter("tile_columns", 64);
    depthStep = schedule.parameter("tile_depth", 32);
    kernel.threads = warps * kernel.device->warp;
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
  /// The right side's part of a stage lies behind the left one's.
  Value rhsOf(Value stage) { return at(stage, kernel.index(lhs.bytes())); }

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

  void multiply(Value stage, SmallVector<Value> &sums) {
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
  }

  /// The warp's sums go through shared memory, 16 rows at a time: its threads store neighbours next to each other, and
  /// there is code for the epilogue once for 16 rows.
  void store(const TilePlace &place, ArrayRef<Value> sums) {
    Value waiting =
        at(stages.memory, kernel.multiply(warp(), kernel.index(kMatrixRows * waitingPitch() * int64_t(sizeof(float)))));
    int64_t acrossColumns = warpColumns / kMatrixColumns;
    for (int64_t i = 0; i < warpRows / kMatrixRows; ++i) {
      for (int64_t j = 0; j < acrossColumns; ++j)
        for (int64_t half = 0; half < 2; ++half) {
          ArrayRef<Value> pair = sums.slice((i * acrossColumns + j) * kSums + 2 * half, 2);
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
  int64_t warpRows, warpColumns, warpsAcross, warps;
  SharedTile lhs, rhs;
  Stages stages;
};

} // namespace

std::unique_ptr<TileCore> makeWarpTiles(KernelFunction &kernel, const TileProblem &problem) {
  return std::make_unique<WarpTiles>(kernel, problem);
}

} // namespace quern
