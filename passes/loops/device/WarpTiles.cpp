// Tiles of a product by the matrix unit: each warp adds up warp_rows x warp_columns results, in registers of all its
// threads.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "passes/loops/device/SharedTile.h"
#include "passes/loops/device/Stages.h"
#include "passes/loops/device/WarpInstructions.h"
#include "passes/loops/device/WarpSums.h"

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
                                 [&](Value stage, Value, SmallVector<Value> &sums) { multiply(stage, sums); }));
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
        warpSums(kernel, warpRows, warpColumns),
        stages(kernel, lhs.bytes() + rhs.bytes(), lhs.isCopied() || rhs.isCopied(), warps * warpSums.bytes()) {
    rows = schedule.parameter("tile_rows", 64);
    columns = schedule.parameter("tile_columns", 64);
    depthStep = schedule.parameter("tile_depth", 32);
    kernel.threads = warps * kernel.device->warp;
  }

  int64_t sumsPerThread() const { return warpRows * warpColumns / kernel.device->warp; }
  Value quotient(Value a, int64_t by) { return b.create<arith::DivUIOp>(a, kernel.index(by)); }
  Value remainder(Value a, int64_t by) { return b.create<arith::RemUIOp>(a, kernel.index(by)); }
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
          ArrayRef<Value> column = ArrayRef(right[j / 2]).slice(j % 2 * 2, 2);
          Value *place = &sums[(i * acrossColumns + j) * kMatrixSums];
          SmallVector<Value> next =
              multiplyMatrices(b, problem.multiplicand, left[i], column, ArrayRef<Value>(place, kMatrixSums));
          llvm::copy(next, place);
        }
    }
  }

  void store(const TilePlace &place, ArrayRef<Value> sums) {
    Value firstRow = kernel.add(place.row, warpRow()), firstColumn = kernel.add(place.column, warpColumn());
    warpSums.store(stages.memory, sums, [&](Value i, Value j, Value sum) {
      Value row = kernel.add(firstRow, i), column = kernel.add(firstColumn, j);
      whereInside(row, problem.lhs.lines, rows, [&] {
        whereInside(column, problem.rhs.lines, columns, [&] { problem.store(place.batch, row, column, sum); });
      });
    });
  }

  KernelFunction &kernel;
  const TileProblem &problem;
  ImplicitLocOpBuilder &b;
  int64_t warpRows, warpColumns, warpsAcross, warps;
  SharedTile lhs, rhs;
  WarpSums warpSums;
  Stages stages;
};

} // namespace

std::unique_ptr<TileCore> makeWarpTiles(KernelFunction &kernel, const TileProblem &problem) {
  return std::make_unique<WarpTiles>(kernel, problem);
}

} // namespace quern
