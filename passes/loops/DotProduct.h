// Products of narrow elements by one instruction that adds several of them to each sum.
#pragma once
#include "codegen/Schedules.h"
#include "passes/loops/IndexBuilder.h"

namespace quern {

/// A DotForm on vectors of `lanes` sums. `Blocks` are accumulators as the instruction has them: with forms of two rows
/// each holds 2 x 2 sums.
class DotProduct {
public:
  DotProduct(IndexBuilder builder, const DotForm &form, int64_t lanes);

  int64_t getRows() const { return form.rows; }            ///< of a block
  int64_t getColumns() const { return lanes / form.rows; } ///< of a block
  int64_t rowsOfVector() const { return elements / form.depth; } ///< rows of A that one vector holds

  /// A whole vector of elements.
  mlir::Value load(mlir::Value memory, Index offset);
  /// The block `sum` with the products of the columns in `b` added, and of the block of rows of `a` that starts at
  /// `row`.
  mlir::Value add(mlir::Value sum, mlir::Value a, int64_t row, mlir::Value b);
  /// Blocks, a row of them after the other, as rows of `vectors` vectors each.
  llvm::SmallVector<mlir::Value> rowsOf(llvm::ArrayRef<mlir::Value> blocks, int64_t vectors);

private:
  IndexBuilder builder;
  const DotForm &form;
  int64_t lanes, elements;
  mlir::VectorType words, type; ///< of the sums' width, of elements
};

} // namespace quern
