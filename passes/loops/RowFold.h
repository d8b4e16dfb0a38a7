// A reduction of a product's rows, taken along as its tiles are finished: the product itself never lies in memory.
//
// Each lane of a row keeps what it has seen of its columns, in scratch memory from tile to tile:
//
//   columns   0 .. 7   8 .. 15   16 .. 23 ...     lane l reduces l, l + 8, l + 16, ...
//
// and the lanes of a row are combined at its end. Which columns a lane sees depends on the level alone.
#pragma once
#include "passes/loops/Epilogue.h"

namespace quern {

class RowFold {
public:
  /// The reduction of whole rows behind the kernel's anchor (graph.reduce or graph.arg_reduce); null if there is none.
  static mlir::Operation *find(KernelFunction &kernel);

  /// For tasks of up to `mostRows` rows and vectors of `lanes` columns.
  RowFold(KernelFunction &kernel, mlir::Operation *reduction, const Dim &mostRows, int64_t lanes);

  /// What is reduced: a value of f32 or f64 with the dims of the anchor's result.
  mlir::Value operand() const { return reduction->getOperand(0); }

  /// Before the first column of a task's rows.
  void start(Index rows);
  /// Adds `value`, a vector of row `row` of the task whose first lane is `column`; lanes outside `mask` (may be null)
  /// hold no element.
  void take(mlir::Value value, Index row, mlir::Value column, mlir::Value mask);
  /// Stores the results of a task's rows; `place` gives a row's point, whose last index is not looked at.
  void finish(Index rows, llvm::function_ref<Point(Index row)> place);

private:
  mlir::Value result(mlir::Value best, mlir::Value positions);
  mlir::VectorType vectorOf(mlir::Type element) const { return mlir::VectorType::get(lanes, element); }

  KernelFunction &kernel;
  IndexBuilder builder;
  mlir::Operation *reduction;
  mlir::Type element, position; ///< of a value, and of its column: as wide as a value, so that lanes match
  int64_t lanes;
  graph::ReduceKind kind;
  mlir::Value values, columns; ///< scratch; `columns` is null for a graph.reduce
};

} // namespace quern
