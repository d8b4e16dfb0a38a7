// Features as nodes see them, and thresholds as keys: the half of TreeTables.h that knows numbers.
#pragma once
#include "passes/fusion/TreePacker.h"
#include <map>

namespace quern {

/// Collects the columns of an ensemble. A node is looked up after all of them are there.
class TreeColumns {
public:
  explicit TreeColumns(const TreeEnsemble &ensemble);

  /// The question of a node: key of `column` > threshold leads to `no`, else to `yes`.
  struct Question {
    int32_t column, threshold, yes, no;
  };
  Question questionOf(int64_t node) const;

  /// Of numbers, with the one that leaves ask.
  int64_t columnCount() const { return columns.size() + 1; }
  int64_t setColumnCount() const { return setColumns.size(); }
  /// Writes both sections.
  void write(const graph::TreeTables &layout, std::vector<int32_t> &tables) const;

  std::vector<double> cuts; ///< of all features, each padded to a power of two less one

private:
  struct Cuts {
    std::vector<double> sorted;
    int32_t first = 0, logarithm = 0;
  };
  /// `threshold` such that the answer is x <= threshold or its opposite.
  double inclusive(double threshold) const;
  bool swapsSides() const;
  int32_t flagsOf(const TreeEnsemble::Node &node) const;
  int32_t keyOf(int32_t feature, double number) const;

  const TreeEnsemble &ensemble;
  std::map<int32_t, Cuts> features;
  std::map<std::pair<int32_t, int32_t>, int32_t> columns;              // (feature, flags)
  std::map<std::tuple<int32_t, int32_t, int32_t>, int32_t> setColumns; // (feature, flags, set)
};

} // namespace quern
