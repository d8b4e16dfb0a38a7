// Attention as tasks for the blocks of a device, whatever multiplies: a block has a tile of queries of one head and
// walks the keys a tile at a time. Where there are fewer blocks than the device runs at a time, each walks only a part
// of the keys, and a second phase combines what the parts found: the largest score m, the sum l of the powers and the
// sum o of the values, which they leave in memory.
//
// Heads that share their keys may be together, `group` of them: their queries are numbered as if they were one head's,
// those at the same place one after another, and what is loaded of the keys is used by all of them.
#pragma once
#include "passes/loops/Epilogue.h"

namespace quern {

class AttentionTasks {
public:
  AttentionTasks(KernelFunction &kernel, graph::AttentionOp attention);

  /// Sets up the members below for each task and runs `part` there: the block walks the keys [firstKey, endKey), and
  /// ends with `finishRow` and `finish`. The second phase follows.
  void emit(llvm::function_ref<void()> part);

  /// Where the elements of a query and of a key are; results are where queries are.
  Point queryAt(mlir::Value query, mlir::Value column);
  Point keyAt(mlir::Value key, mlir::Value column);

  /// What was found of a query, `row` in the tile: by one of the threads that have the row; then an element of its
  /// result, by who has it, which was multiplied by `factorOf` the row's sum. Queries that are not there may have a
  /// finishRow.
  void finishRow(mlir::Value row, mlir::Value largest, mlir::Value sum);
  void finish(mlir::Value row, mlir::Value column, mlir::Value value);
  /// 1 / sum, 0 for a query that sees no key; 1 where parts are still to be combined.
  mlir::Value factorOf(mlir::Value sum);

  /// The end of the keys that a query may see.
  mlir::Value visible(mlir::Value query);
  /// Whether all keys of a tile that begins before `visible` are, for every query.
  bool seesWholeTiles() { return !attention.getCausal() && keys.mod(tileKeys).isEqualTo(0); }
  /// Of `count` neighbouring keys, which are there; several only where the bias is in memory.
  llvm::SmallVector<mlir::Value> biasesAt(mlir::Value query, mlir::Value key, int64_t count);
  void when(mlir::Value condition, llvm::function_ref<void()> body);
  mlir::Value number(double value);
  mlir::Value below(mlir::Value x, mlir::Value limit);

  KernelFunction &kernel;
  graph::AttentionOp attention;
  mlir::FloatType real;              ///< of scores and sums
  Dim batches, heads, queries, keys; ///< heads that are together count as one, with the queries of all
  int64_t depth, valueDepth, tileQueries, tileKeys, splits, group;
  mlir::Value lowest; ///< below every score: -inf - -inf would be a NaN where a query sees nothing
  /// Of the current task.
  mlir::Value firstQuery, firstKey, endKey;

private:
  void place(mlir::Value tile);
  void placeKeys(mlir::Value part);
  mlir::Value partialAt(mlir::Value part, mlir::Value row, mlir::Value column);
  void combineParts(const Dim &tiles);
  mlir::Value inverseOf(mlir::Value sum);
  mlir::Value quotient(mlir::Value x, mlir::Value y);
  mlir::Value remainder(mlir::Value x, mlir::Value y);
  mlir::Value smaller(mlir::Value x, mlir::Value y);

  mlir::ImplicitLocOpBuilder &b;
  Epilogue epilogue;
  Dim queryBlocks;
  mlir::Value partial; ///< [tiles of queries][parts of the keys][rows of a tile][largest, sum, result ...]
  mlir::Value task, batch, head, keyHead;
};

/// By threads, in the arithmetic of `AttentionTasks::real`; by the matrix units, of float16 and bfloat16.
void emitThreadAttention(KernelFunction &kernel, AttentionTasks &tasks);
void emitWarpAttention(KernelFunction &kernel, AttentionTasks &tasks);

} // namespace quern
