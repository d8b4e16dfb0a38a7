#include "passes/fusion/TreeColumns.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>

using namespace quern::graph;

namespace quern {
namespace {

enum Flag : int32_t { kMissingYes = 1, kNanMissing = 2, kZeroMissing = 4, kBeyondYes = 8 };

// Below and above the keys of all numbers, and below all of them for a threshold that no number reaches.
constexpr int32_t kLowest = std::numeric_limits<int32_t>::min(), kHighest = std::numeric_limits<int32_t>::max(),
                  kNothing = kLowest + 1;

/// Floats order as these integers do; the two zeros are one.
int32_t orderedBits(float number) {
  int32_t bits = llvm::bit_cast<int32_t>(number + 0.0f);
  return bits ^ ((bits >> 31) & kHighest);
}

} // namespace

bool TreeColumns::swapsSides() const {
  return ensemble.compare == CompareKind::gt || ensemble.compare == CompareKind::ge;
}

double TreeColumns::inclusive(double threshold) const {
  if (ensemble.compare == CompareKind::le || ensemble.compare == CompareKind::gt)
    return threshold;
  if (ensemble.isDouble)
    return std::nextafter(threshold, -std::numeric_limits<double>::infinity());
  return std::nextafter(float(threshold), -std::numeric_limits<float>::infinity());
}

/// With the sides swapped, what goes to yes goes to no.
int32_t TreeColumns::flagsOf(const TreeEnsemble::Node &node) const {
  if (node.set >= 0)
    return node.flags & ~kZeroMissing;
  int32_t flags = node.flags & ~kBeyondYes;
  if (!(flags & (kNanMissing | kZeroMissing)))
    return 0;
  return swapsSides() ? flags ^ kMissingYes : flags;
}

TreeColumns::TreeColumns(const TreeEnsemble &ensemble) : ensemble(ensemble) {
  for (auto [node, threshold] : llvm::zip(ensemble.nodes, ensemble.thresholds)) {
    if (node.set >= 0) {
      setColumns.try_emplace({node.feature, flagsOf(node), node.set}, 0);
      continue;
    }
    columns.try_emplace({node.feature, flagsOf(node)}, 0);
    std::vector<double> &sorted = features[node.feature].sorted;
    double last = inclusive(threshold);
    if (ensemble.isDouble && !std::isnan(last))
      sorted.push_back(last + 0.0);
  }
  int32_t number = 0;
  for (auto &[key, column] : columns)
    column = number++;
  ++number; // of leaves
  for (auto &[key, column] : setColumns)
    column = number++;
  for (auto &[feature, own] : features) {
    llvm::sort(own.sorted);
    own.sorted.erase(std::unique(own.sorted.begin(), own.sorted.end()), own.sorted.end());
    own.first = cuts.size();
    own.logarithm = llvm::Log2_64_Ceil(own.sorted.size() + 1);
    cuts.insert(cuts.end(), own.sorted.begin(), own.sorted.end());
    // No number is beyond what fills up.
    cuts.resize(own.first + (int64_t(1) << own.logarithm) - 1, std::numeric_limits<double>::infinity());
  }
}

/// Of a number: its bits, or how many cuts of the feature are below it.
int32_t TreeColumns::keyOf(int32_t feature, double number) const {
  if (!ensemble.isDouble)
    return orderedBits(float(number));
  const std::vector<double> &sorted = features.at(feature).sorted;
  return llvm::lower_bound(sorted, number) - sorted.begin();
}

TreeColumns::Question TreeColumns::questionOf(int64_t index) const {
  const TreeEnsemble::Node &node = ensemble.nodes[index];
  if (node.set >= 0)
    return {setColumns.at({node.feature, flagsOf(node), node.set}), 0, node.yes, node.no};
  double threshold = ensemble.thresholds[index], last = inclusive(threshold);
  // No x is below -inf, and none compares with NaN.
  bool isNothing = std::isnan(last) || (last == threshold && std::isinf(last) && last < 0 &&
                                        (ensemble.compare == CompareKind::lt || ensemble.compare == CompareKind::ge));
  Question question{columns.at({node.feature, flagsOf(node)}), isNothing ? kNothing : keyOf(node.feature, last),
                    node.yes, node.no};
  if (isNothing && std::isnan(threshold) && swapsSides()) // all answers are no, which is the first side here
    question.threshold = kHighest - 1;
  if (swapsSides())
    std::swap(question.yes, question.no);
  return question;
}

void TreeColumns::write(const TreeTables &layout, std::vector<int32_t> &tables) const {
  for (auto [key, column] : columns) {
    auto [feature, flags] = key;
    const Cuts &own = features.at(feature);
    bool isMissing = flags & (kNanMissing | kZeroMissing);
    // NaN that is not missing counts as 0, which is missing where zeros are.
    int32_t missing = !isMissing ? keyOf(feature, 0) : flags & kMissingYes ? kLowest : kHighest;
    float limit = flags & kZeroMissing ? 1e-35f : -1.0f;
    int32_t record[] = {feature, missing, llvm::bit_cast<int32_t>(limit), own.first, own.logarithm};
    llvm::copy(record, tables.begin() + layout.columns + (column * TreeTables::kColumn));
  }
  // Of leaves: every x is missing.
  int32_t still[] = {0, kLowest, llvm::bit_cast<int32_t>(std::numeric_limits<float>::infinity()), 0, 0};
  llvm::copy(still, tables.begin() + layout.columns + (int64_t(columns.size()) * TreeTables::kColumn));
  for (auto [key, column] : setColumns) {
    auto [feature, flags, set] = key;
    // NaN that is not missing counts as category 0.
    int32_t first = ensemble.sets[set + 1] & 1 ? 0 : 1;
    int32_t nan = !(flags & kNanMissing) ? first : flags & kMissingYes ? 0 : 1;
    int32_t record[] = {feature, nan, flags & kBeyondYes ? 0 : 1, set + 1, ensemble.sets[set]};
    llvm::copy(record, tables.begin() + layout.setColumns + ((column - columnCount()) * TreeTables::kSetColumn));
  }
  llvm::copy(ensemble.sets, tables.begin() + layout.setWords);
}

} // namespace quern
