// Moves blocks of rows between memory in rows and memory in columns, where neighbours are the same element of
// neighbouring rows.
#pragma once
#include "passes/loops/IndexBuilder.h"
#include "passes/loops/KernelFunction.h"

namespace quern {

/// Rows have `width` elements, row after row. Of a block of `blockRows` rows, a multiple of the lanes of every vector,
/// element (j, r) of its columns is at j * blockRows + r.
class RowColumns {
public:
  RowColumns(KernelFunction &kernel, int64_t blockRows, int64_t width)
      : kernel(kernel), b(kernel.builder), blockRows(blockRows), width(width) {}

  /// The rows [first, first + count) become columns; the rest of those stays as it is. count <= blockRows.
  void read(mlir::Value rows, mlir::Value columns, Index first, Index count);
  /// And back.
  void write(mlir::Value columns, mlir::Value rows, Index first, Index count);

private:
  enum class Way { ToColumns, ToRows };
  void move(Way way, mlir::Value rows, mlir::Value columns, Index first, Index count);
  void moveBlock(Way way, mlir::Value rows, mlir::Value columns, Index first);
  void moveSquare(Way way, mlir::Value rows, mlir::Value columns, Index firstRow, Index row, Index column,
                  int64_t wide);
  void moveElements(Way way, mlir::Value rows, mlir::Value columns, Index first, Index count);
  mlir::Value firstLanes(int64_t count);
  mlir::Value load(mlir::Value memory, Index at, int64_t count);
  void store(mlir::Value vector, mlir::Value memory, Index at, int64_t count);

  KernelFunction &kernel;
  IndexBuilder b;
  int64_t blockRows, width, lanes = 1;
};

} // namespace quern
