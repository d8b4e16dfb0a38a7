// What the factorizations of matrices in memory are made of: numbers of one part or two, and blocks of 16 rows and columns.
// Elements inside a block go one by one; everything between blocks is a product, which ends in register tiles.
#pragma once
#include "passes/loops/ElementEmitter.h"
#include "passes/loops/RegisterTile.h"

namespace quern {

/// A number or a vector of them in registers: its real part, and where the matrices are complex its imaginary one.
using Number = llvm::SmallVector<mlir::Value, 2>;

/// Element (i, k) of each part is element offset + i * rowStep + k * columnStep of its memory.
struct Matrix {
  Number parts;
  Index offset, rowStep, columnStep;
};

/// Columns that are side by side in groups of as many as a register tile has: element (i, k) is element
/// (k / group) * groupStep + i * group + k % group.
struct Panel {
  Number parts;
  Index groupStep;
};

class MatrixBlocks {
public:
  static constexpr int64_t kBlock = 16;
  /// Columns of a panel at most: rows of the other factor are in a near cache still for each of its groups.
  static constexpr int64_t kPanelColumns = 64;

  MatrixBlocks(KernelFunction &kernel, mlir::Type element, size_t parts);

  /// Scratch of `elements` elements for each part.
  Number scratch(const Dim &elements);
  /// A panel of so many rows, which may be run over by a block.
  Panel panel(const Dim &rows);

  /// `width` elements in a row of a matrix, or one (scalars) where it is 0. Null masks: all of them.
  Number load(const Matrix &matrix, Index row, Index column, int64_t width = 0, mlir::Value mask = {});
  void store(const Number &number, const Matrix &matrix, Index row, Index column, mlir::Value mask = {});
  Number loadPanel(const Panel &panel, Index row, Index group, int64_t vector);
  void storePanel(const Number &number, const Panel &panel, Index row, Index group, int64_t vector);
  /// As many lanes from `first` on as are before `end`; null where the columns of a group are always a block's.
  mlir::Value columnMask(Index first, Index end);

  Number zero();
  Number spread(const Number &scalar);
  Number multiply(const Number &a, const Number &b);
  Number subtract(const Number &a, const Number &b);
  Number divide(const Number &a, const Number &b);
  Number conjugate(const Number &a);
  Number select(mlir::Value condition, const Number &a, const Number &b);
  /// |re|, or |re| + |im|: as good as the absolute value for the choice of a pivot.
  mlir::Value size(const Number &a);

  /// Runs `body(group)` for the groups of so many columns.
  void forGroups(Index columns, llvm::function_ref<void(Index)> body);
  /// Rows [first, end) of `target`, columns from `column` to `endColumn`, less the product of the rows of `a`, `depth`
  /// columns of them, and the panel. The rows are whole tiles.
  void subtractProduct(const Matrix &target, Index column, Index endColumn, const Matrix &a, const Panel &panel,
                       Index depth, Index first, Index end);
  /// The panel's first `count` rows become the solution of the system with the lower triangle of `a`, whose diagonal is
  /// ones where `unit`. A last block of the rows may be short: it is the first.
  void substitute(const Matrix &a, const Panel &panel, Index columns, Index count, bool unit);

  /// The first row of block `number` of `count` rows, of which the first may be short.
  Index blockStart(Index number, Index count);
  Index blockCount(Index count) { return builder.ceilDiv(count, kBlock); }

  KernelFunction &kernel;
  IndexBuilder builder;
  mlir::Type element;
  size_t parts;
  int64_t lanes, vectors, group, tileRows, unroll;
  mlir::VectorType type;

private:
  void subtractTile(const Matrix &a, const Panel &panel, Index depth, Index row, Index group, Number *target);
  void substituteBlock(const Matrix &a, const Panel &panel, Index columns, Index first, Index end, bool unit);
};

} // namespace quern
