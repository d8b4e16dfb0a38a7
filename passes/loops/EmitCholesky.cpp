// Cholesky factors: the elimination of a Hermitian matrix, whose rows above the diagonal are its columns below, so that half
// of it is enough. Only the lower triangle is read and kept up; the other is zeros in the end.
#include "passes/loops/Elimination.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/TransposeBlock.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

class Cholesky {
public:
  Cholesky(KernelFunction &kernel, CholeskyOp op)
      : elimination(kernel, op.getMatrix(), op.getFactor()), blocks(elimination.blocks),
        builder(kernel.builder) {}

  void emit() {
    elimination.forMatrices([&](Index) {
      elimination.run([&](Index first, Index end) { emitPanel(first, end); },
                      [&](Index start, Index first, Index end) { emitUpdate(start, first, end); });
      clearUpper();
    });
  }

private:
  void emitPanel(Index first, Index end) {
    Index rows = builder.sub(elimination.count, first), width = builder.sub(end, first);
    const Matrix &columns = elimination.columns;
    builder.loop(builder.index(0), width, 1, [&](Index row) {
      builder.loop(builder.index(0), row, 1, [&](Index column) {
        blocks.store(blocks.conjugate(blocks.load(columns, row, column)), columns, column, row);
      });
    });
    builder.loop(builder.index(0), width, 1, [&](Index k) {
      Number pivot = blocks.load(columns, k, k);
      pivot[0] = builder.create<math::SqrtOp>(pivot[0]);
      if (pivot.size() == 2)
        pivot[1] = builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(blocks.element));
      blocks.store(pivot, columns, k, k);
      SmallVector<Number> row = elimination.loadRow(k);
      for (Number &vector : row)
        vector = blocks.divide(vector, blocks.spread(pivot));
      elimination.eliminateBelow(k, rows, pivot, row);
    });
  }

  /// Less the product of the rows of L with the adjoints of those that the columns have; up to the diagonal, and a tile
  /// beyond.
  void emitUpdate(Index start, Index first, Index end) {
    Matrix left = elimination.matrix;
    left.offset = builder.add(left.offset, start);
    Index depth = builder.sub(first, start);
    builder.loop(first, end, MatrixBlocks::kPanelColumns, [&](Index column) {
      Index stop = builder.min(builder.add(column, MatrixBlocks::kPanelColumns), end);
      packAdjoint(left, depth, column, stop);
      blocks.subtractProduct(elimination.matrix, column, stop, left, elimination.others, depth, column,
                             elimination.count);
    });
  }

  /// Columns of the panel from rows of memory: squares are turned in registers, and what is left of the depth goes element
  /// by element.
  void packAdjoint(const Matrix &left, Index depth, Index column, Index stop) {
    int64_t lanes = blocks.lanes;
    Index whole = builder.sub(depth, builder.rem(depth, lanes));
    const Panel &panel = elimination.others;
    builder.loop(column, stop, lanes, [&](Index first) {
      Index place = builder.sub(first, column), group = builder.div(place, blocks.group);
      Matrix packed{panel.parts,
                    builder.add(builder.mul(group, panel.groupStep), builder.rem(place, blocks.group)),
                    builder.index(blocks.group), builder.index(1)};
      builder.loop(builder.index(0), whole, lanes, [&](Index k) {
        SmallVector<SmallVector<Value>, 2> squares(blocks.parts);
        for (int64_t i = 0; i < lanes; ++i)
          for (auto [part, value] : llvm::enumerate(
                   blocks.conjugate(blocks.load(left, builder.add(first, i), k, lanes))))
            squares[part].push_back(value);
        for (SmallVector<Value> &square : squares)
          transposeBlock(builder, square);
        for (int64_t i = 0; i < lanes; ++i) {
          Number row;
          for (SmallVector<Value> &square : squares)
            row.push_back(square[i]);
          blocks.store(row, packed, builder.add(k, i), builder.index(0));
        }
      });
      builder.loop(whole, depth, 1, [&](Index k) {
        builder.loop(builder.index(0), builder.index(lanes), 1, [&](Index i) {
          blocks.store(blocks.conjugate(blocks.load(left, builder.add(first, i), k)), packed, k, i);
        });
      });
    });
  }

  void clearUpper() {
    Value zero = builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(blocks.element));
    Number none(blocks.parts, zero);
    const Index &count = elimination.count;
    builder.loop(builder.index(0), count, 1, [&](Index row) {
      Index from = builder.add(row, 1);
      Index whole = builder.sub(count, builder.rem(builder.sub(count, from), blocks.lanes));
      builder.loop(from, whole, blocks.lanes,
                   [&](Index column) { blocks.store(blocks.zero(), elimination.matrix, row, column); });
      builder.loop(whole, count, 1, [&](Index column) { blocks.store(none, elimination.matrix, row, column); });
    });
  }

  Elimination elimination;
  MatrixBlocks &blocks;
  IndexBuilder builder;
};

} // namespace

LogicalResult emitCholesky(KernelFunction &kernel) {
  auto op = kernel.find<CholeskyOp>();
  if (!op)
    return kernel.source.emitError() << "has no Cholesky factorization";
  Cholesky(kernel, op).emit();
  return success();
}

} // namespace quern
