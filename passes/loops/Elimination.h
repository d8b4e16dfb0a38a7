// The factorization of matrices in memory, in place. Blocks of 16 columns are eliminated one after the other, each as a
// panel of its own with all rows below; then follows the update that is due. It is the elimination by halves (Toledo 1997:
// the left half, what it does to the right half, the right half) written as a loop: the left half that ends with block j is
// of as many blocks as the largest power of two that divides j.
//
//   j = 1     2          3     4             5     6          7     8
//       1->2  1,2->3,4   3->4  1..4->5..8    5->6  5,6->7,8   7->8  1..8->9...
//
// From kMostBlocks on an update is that of all columns that are left. The first block is the short one where the extent is
// no multiple of 16, so that all products have whole blocks.
#pragma once
#include "passes/loops/MatrixBlocks.h"

namespace quern {

class Elimination {
public:
  /// A task has about this many elements, in whole matrices.
  Elimination(KernelFunction &kernel, mlir::OperandRange source, mlir::ResultRange factors);

  /// Runs `body` for each matrix of the stack, which is copied to its place in the results and is `matrix` then.
  void forMatrices(llvm::function_ref<void(Index number)> body);
  /// Runs `panel(first, end)` for each block of columns, which is in `columns` from the row of the same number on and
  /// comes back to its place afterwards; then `update(start, first, end)` for the columns [first, end) that the columns
  /// [start, first) are due to.
  void run(llvm::function_ref<void(Index first, Index end)> panel,
           llvm::function_ref<void(Index start, Index first, Index end)> update);

  /// In the panel: for the rows below row `k` element k is divided by `divisor` and row k, from element k + 1 on, is
  /// subtracted so many times. `row` has its vectors.
  void eliminateBelow(Index k, Index rows, const Number &divisor, llvm::ArrayRef<Number> row);
  /// The vectors of a row of the panel.
  llvm::SmallVector<Number> loadRow(Index row);
  void storeRow(llvm::ArrayRef<Number> row, Index to);
  int64_t rowVectors() const { return MatrixBlocks::kBlock / blocks.lanes; }

  KernelFunction &kernel;
  MatrixBlocks blocks;
  IndexBuilder builder;
  llvm::SmallVector<Dim> dims; ///< of the stack
  Index count;                 ///< of rows and columns
  Matrix matrix;               ///< the current one
  Matrix columns;              ///< the current panel: rows of 16 elements
  Panel others;                ///< for the columns of an update, of as many rows as there are columns due to it

private:
  void copyColumns(const Matrix &from, const Matrix &to, Index rows, Index width);
  mlir::Value lanesAt(mlir::arith::CmpIPredicate predicate, Index k, int64_t vector);

  mlir::OperandRange source;
  Number memory;
};

} // namespace quern
