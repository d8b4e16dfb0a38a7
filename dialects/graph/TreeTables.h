// What lies where in the tables of a graph.packed_trees.
//
// Rows become *keys* first: one 32-bit integer for each *column*, a feature as some nodes see it. Keys order as the
// numbers do, what is missing is below or above all of them, and a set is a column of its own with keys 0 (in it)
// and 1. So every node asks one question, key > threshold, and no node knows of NaN, f64 or categories.
//
//   column      feature; key of a missing x; bits of the f32 up to which abs(x) is missing (negative: none);
//               f64: first of its cuts, and the logarithm of their number + 1. In the last one all is missing and lowest.
//   set column  feature; key of NaN; key of x < 0 and beyond the words; place of the words; their number
//   set words   of all set columns
//   node        threshold + 2^31 as unsigned; column; distance to the child of key <= threshold, behind which the other
//               stands. In 2 words, the last two of which share one; or 3. A leaf is 0 away from itself and asks the last
//               column, whose keys are above no threshold, so that a walk may go on for as long as it likes; its
//               threshold is its row of the values
//   order       of the walks of one row: root; the tree. Trees of like depths side by side; groups of kLanes are filled
//               up with trees whose number is >= trees
//   group       the largest depth in it; of its leaves the mean
//   tree        root, depth, first target, first row of the values, first word, mean depth of its leaves, rounded up, number of
//               its nodes; and one that is the first again, but ends the last tree's words
//   word        32 leaves of a tree, from the left: first entry; and one that ends the last word's entries
//   entry       threshold + 1; which leaves a key from there on leaves; first key of the column in a block of kRows
//   rows
//
// Entries are the algorithm of QuickScorer (Lucchese et al., SIGIR 2015) by words of 32 leaves: every node whose answer
// is no takes the leaves of its other side away; the first that is left is where the row ends.
#pragma once
#include "dialects/graph/Graph.h"

namespace quern::graph {

struct TreeTables {
  static constexpr int64_t kLanes = 8; ///< walks side by side
  static constexpr int64_t kRows = 64; ///< of a block, whose keys are kept column by column
  static constexpr int64_t kLeavesOfWord = 32;
  static constexpr int64_t kColumn = 5, kSetColumn = 5, kOrder = 2, kGroup = 2, kTree = 7, kEntry = 3; ///< words of a record

  int64_t columnCount, setColumnCount, setWordCount, nodeCount, nodeWords, treeCount, wordCount, entryCount;
  // In 32-bit words from the start; each section begins at a cache line.
  int64_t columns, setColumns, setWords, nodes, order, groups, trees, words, entries, size;

  /// Sets the places by the counts. False where they do not fit an index of 31 bits.
  bool place();
  int64_t groupCount() const { return (treeCount + kLanes - 1) / kLanes; }
  int64_t keyCount() const { return columnCount + setColumnCount; }

  static TreeTables of(PackedTreesOp op);
};

} // namespace quern::graph
