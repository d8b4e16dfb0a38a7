// The tables of a graph.packed_trees from those of a graph.tree_ensemble.
#pragma once
#include "dialects/graph/TreeTables.h"

namespace quern {

/// An ensemble as its constants say it; the verifier of the op has looked at it.
struct TreeEnsemble {
  struct Node {
    int32_t feature, yes, no, flags, set;
  };
  std::vector<Node> nodes;
  std::vector<double> thresholds;
  std::vector<std::pair<int32_t, int32_t>> trees; ///< root, first target
  std::vector<int32_t> sets;
  graph::CompareKind compare;
  bool isDouble; ///< x is f64
};

struct PackedTrees {
  graph::TreeTables layout;
  std::vector<int32_t> tables;
  std::vector<double> cuts;
  std::vector<int32_t> rows; ///< of the values: which of the ensemble's
  int64_t steps;
};

/// Nothing where the tables would be larger than 31 bits can index.
std::optional<PackedTrees> packTrees(const TreeEnsemble &ensemble);

} // namespace quern
