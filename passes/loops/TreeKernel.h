// The parts of the kernel of tree ensembles (dialects/graph/TreeTables.h): keys, walks, bit vectors.
#pragma once
#include "dialects/graph/TreeTables.h"
#include "passes/loops/IndexBuilder.h"
#include "passes/loops/KernelFunction.h"

namespace quern {

/// The tables and memory of one kernel, and what its parts share. Sums of a block are kept target by target,
/// [targets][blockRows], keys in groups of a few rows, [groups][columns][groupRows]: those that walk side by side find theirs
/// close together, however many rows a block has.
class TreeKernel {
public:
  static constexpr int64_t kLanes = graph::TreeTables::kLanes;
  /// Rows that become columns at a time, on the way to keys; a block has a multiple of them.
  static constexpr int64_t kSquareRows = 32;
  /// Rows that walk a tree side by side, while there are as many: more than registers have room for, but what is spilled
  /// comes back sooner than a record from an outer cache.
  static constexpr int64_t kRowLanes = 2 * kLanes;

  TreeKernel(KernelFunction &kernel, graph::PackedTreesOp op, int64_t blockRows);

  /// Of rows [first, first + count), in groups of `groupRows`. A bias is added to make them unsigned.
  void makeKeys(Index first, Index count, int64_t groupRows, bool isUnsigned);

  /// Adds all leaves of a block of `count` rows to the sums, by walks (of unsigned keys) or bit vectors (of signed
  /// ones). Lanes that have no row end at some leaf, too.
  void walkRows(Index count);
  void intersectRows();

  /// Adds all leaves of one row, whose unsigned keys lie side by side, to row `row` of the result.
  void walkTrees(Index row);

  /// A field of a record of the tables that is not negative.
  Index field(int64_t section, Index record, int64_t width, int64_t position);

  KernelFunction &kernel;
  graph::PackedTreesOp op;
  IndexBuilder b;
  const graph::TreeTables layout;
  const int64_t blockRows; ///< as many as a block may have; TreeTables::kRows of bit vectors
  const int64_t groupRows; ///< of its keys; with bit vectors all
  mlir::Type sumType;      ///< of the values
  int64_t width;           ///< of a row of the values
  Dim targets;
  mlir::Value keys, sums;

private:
  mlir::Value load(mlir::Value memory, Index at) { return b.create<mlir::memref::LoadOp>(memory, b.value(at)); }
  mlir::Value i32(int64_t value);
  /// Of an x that is not missing, as signed.
  mlir::Value bitKey(mlir::Value number);
  mlir::Value rankKey(mlir::Value number, Index column);
  /// What the tables say of a column of numbers: the feature, the key of what is missing, and up to which size that is.
  struct KeyColumn {
    Index feature;
    mlir::Value missing, limit;
  };
  KeyColumn loadColumn(Index column);
  mlir::Value unlessMissing(mlir::Value number, mlir::Value key, const KeyColumn &record);
  mlir::Value spread(mlir::Value value, mlir::Value like);
  void makeNumberKeys(Index first, Index count, int64_t groupRows, bool isUnsigned);
  void makeKeysInVectors(Index first, Index count, bool isUnsigned);
  void makeSetKeys(Index first, Index count, int64_t groupRows, bool isUnsigned);
  /// Calls `body` with each row from 0 to count, and where in the keys that of `column` is.
  void forRows(Index count, Index column, int64_t groupRows, llvm::function_ref<void(Index, Index)> body);
  /// The first row of the group of keys that `row` of a block is in.
  Index groupOf(Index row);
  Index keyPlace(Index group, Index column, Index row, int64_t groupRows);
  void storeKey(mlir::Value key, Index at, bool isUnsigned);

  /// Walks from the places in `at` to leaves; lane i reads keys at column * stride + firsts[i]. They take `steps` first,
  /// then a few more for as long as some walk moves; none where the deepest leaf is within the first.
  void walk(llvm::SmallVectorImpl<mlir::Value> &at, Index steps, Index deepest, int64_t stride, llvm::ArrayRef<Index> firsts);
  mlir::Value step(mlir::Value at, int64_t stride, Index first);
  /// The row of the values of the leaf at a place, an i32.
  mlir::Value rowOfLeaf(mlir::Value at);
  /// What the tables say of a tree.
  struct Tree {
    Index root, depth, target, firstValue, steps, nodes;
  };
  Tree loadTree(Index tree);
  /// `lanes` rows from `row` on go through a tree, whose leaves are added to their sums.
  void walkTree(const Tree &tree, Index row, int64_t lanes);
  /// Memory that the turns of one tree fetch for the next, each as many lines.
  struct Prefetch {
    mlir::Value memory;
    Index from, lines;
  };
  Prefetch prefetchOf(mlir::Value memory, Index from, Index count, Index rows, int64_t linesOfRow);
  void prefetch(const Prefetch &prefetch, Index turn);
  void intersectTree(Index tree);
  void addLeaves(llvm::ArrayRef<mlir::Value> leaves, Index tree);

  mlir::Value x, tables, halves, cuts, values, leavesOfRow;
  mlir::Value columnsOfX; ///< null: keys are made one by one
  mlir::Type xType;
  Dim features;
};

} // namespace quern
