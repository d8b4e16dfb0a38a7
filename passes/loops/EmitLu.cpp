// LU factors with partial pivoting: rows change places over their whole length as soon as a pivot is found.
#include "passes/loops/Elimination.h"
#include "passes/loops/Emitters.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

class Lu {
public:
  Lu(KernelFunction &kernel, LuOp op)
      : kernel(kernel), op(op), elimination(kernel, op.getMatrix(), op.getFactors()), blocks(elimination.blocks),
        builder(kernel.builder), exchanges(memoryOf(op.getExchanges())), order(memoryOf(op.getOrder())) {}

  void emit() {
    elimination.forMatrices([&](Index number) {
      firstPlace = builder.mul(number, elimination.count);
      if (order)
        builder.loop(builder.index(0), elimination.count, 1, [&](Index i) { storePlace(i, order, i); });
      elimination.run([&](Index first, Index end) { emitPanel(first, end); },
                      [&](Index start, Index first, Index end) { emitUpdate(start, first, end); });
    });
  }

private:
  /// The memory of a result; null where it is not wanted.
  Value memoryOf(Value result) {
    for (auto [number, yielded] : llvm::enumerate(kernel.yield().getValues()))
      if (yielded == result)
        return kernel.resultBuffer(number);
    return {};
  }

  Value placeOf(Index i) { return builder.value(builder.add(firstPlace, i)); }
  void storePlace(Index row, Value memory, Index i) {
    Value number = builder.create<arith::IndexCastOp>(builder.builder.getI64Type(), builder.value(row));
    builder.create<memref::StoreOp>(number, memory, placeOf(i));
  }

  void emitPanel(Index first, Index end) {
    Index rows = builder.sub(elimination.count, first), width = builder.sub(end, first);
    builder.loop(builder.index(0), width, 1, [&](Index k) {
      auto [largest, place] = findPivot(k, rows);
      Index from = builder.add(first, k), to = builder.add(first, place);
      if (exchanges)
        storePlace(to, exchanges, from);
      builder.branch(builder.create<arith::CmpIOp>(arith::CmpIPredicate::ne, builder.value(k), place), [&] {
        exchangeRows(from, to);
        SmallVector<Number> upper = elimination.loadRow(k), lower = elimination.loadRow(place);
        elimination.storeRow(lower, k);
        elimination.storeRow(upper, place);
      });
      // Below a zero there are zeros alone, which divided by one stay so.
      Value zero = builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(blocks.element));
      Value isZero = builder.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, largest, zero);
      Number pivot = blocks.load(elimination.columns, k, k), one(blocks.parts, zero);
      one[0] = builder.create<arith::ConstantOp>(builder.builder.getFloatAttr(blocks.element, 1));
      elimination.eliminateBelow(k, rows, blocks.select(isZero, one, pivot), elimination.loadRow(k));
    });
  }

  /// The largest number of a column of the panel from row k on, and its row.
  std::pair<Value, Value> findPivot(Index k, Index rows) {
    SmallVector<Value> best{blocks.size(blocks.load(elimination.columns, k, k)), builder.value(k)};
    builder.carry(builder.add(k, 1), rows, 1, best, [&](Index row, SmallVectorImpl<Value> &largest) {
      Value size = blocks.size(blocks.load(elimination.columns, row, k));
      Value isLarger = builder.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, size, largest[0]);
      largest[0] = builder.create<arith::SelectOp>(isLarger, size, largest[0]);
      largest[1] = builder.create<arith::SelectOp>(isLarger, builder.value(row), largest[1]);
    });
    return {best[0], best[1]};
  }

  /// Rows of the whole matrix; those of the panel come back over them.
  void exchangeRows(Index from, Index to) {
    auto exchange = [&](int64_t width) {
      return [&, width](Index column) {
        Number upper = blocks.load(elimination.matrix, from, column, width);
        Number lower = blocks.load(elimination.matrix, to, column, width);
        blocks.store(lower, elimination.matrix, from, column);
        blocks.store(upper, elimination.matrix, to, column);
      };
    };
    Index whole = builder.sub(elimination.count, builder.rem(elimination.count, blocks.lanes));
    builder.loop(builder.index(0), whole, blocks.lanes, exchange(blocks.lanes));
    builder.loop(whole, elimination.count, 1, exchange(0));
    if (!order)
      return;
    Value upper = builder.create<memref::LoadOp>(order, placeOf(from));
    Value lower = builder.create<memref::LoadOp>(order, placeOf(to));
    builder.create<memref::StoreOp>(lower, order, placeOf(from));
    builder.create<memref::StoreOp>(upper, order, placeOf(to));
  }

  /// U of the rows [start, first) by substitution, then what its products with L leave of the rows below.
  void emitUpdate(Index start, Index first, Index end) {
    const Matrix &matrix = elimination.matrix;
    Matrix left = matrix, due = matrix; // the columns [start, first), of all rows and from their own row on
    left.offset = builder.add(matrix.offset, start);
    due.offset = builder.add(left.offset, builder.mul(start, elimination.count));
    Index depth = builder.sub(first, start);
    builder.loop(first, end, MatrixBlocks::kPanelColumns, [&](Index column) {
      Index stop = builder.min(builder.add(column, MatrixBlocks::kPanelColumns), end), width = builder.sub(stop, column);
      auto forVectors = [&](function_ref<void(Index, Index, Index, int64_t, Value)> body) {
        builder.loop(builder.index(0), depth, 1, [&](Index row) {
          blocks.forGroups(width, [&](Index group) {
            for (int64_t j = 0; j < blocks.vectors; ++j) {
              Index at = builder.add(builder.add(column, builder.mul(group, blocks.group)), j * blocks.lanes);
              body(row, at, group, j, blocks.columnMask(at, stop));
            }
          });
        });
      };
      forVectors([&](Index row, Index at, Index group, int64_t j, Value mask) {
        Number value = blocks.load(matrix, builder.add(start, row), at, blocks.lanes, mask);
        blocks.storePanel(value, elimination.others, row, group, j);
      });
      blocks.substitute(due, elimination.others, width, depth, /*unit=*/true);
      forVectors([&](Index row, Index at, Index group, int64_t j, Value mask) {
        Number value = blocks.loadPanel(elimination.others, row, group, j);
        blocks.store(value, matrix, builder.add(start, row), at, mask);
      });
      blocks.subtractProduct(matrix, column, stop, left, elimination.others, depth, first, elimination.count);
    });
  }

  KernelFunction &kernel;
  LuOp op;
  Elimination elimination;
  MatrixBlocks &blocks;
  IndexBuilder builder;
  Value exchanges, order;
  Index firstPlace;
};

} // namespace

LogicalResult emitLu(KernelFunction &kernel) {
  auto op = kernel.find<LuOp>();
  if (!op)
    return kernel.source.emitError() << "has no LU factorization";
  Lu(kernel, op).emit();
  return success();
}

} // namespace quern
