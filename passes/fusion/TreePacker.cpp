#include "passes/fusion/TreePacker.h"
#include "passes/fusion/TreeColumns.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace quern::graph;

namespace quern {
namespace {

using Question = TreeColumns::Question;

/// The most that half a word of a node says.
constexpr int64_t kNarrow = std::numeric_limits<uint16_t>::max();

/// What stands at a place of a tree.
struct Place {
  int32_t code;                   // a node of the ensemble, or leaf ~code
  int32_t depth = 0;              // from the root
  int32_t yes = -1;               // place in the tree; `no` stands behind it
  int32_t firstLeaf, endLeaf = 0; // from the left, of the leaves below it
};

/// How many leaves are below each node. Children stand behind their parents.
class LeafCounts {
public:
  explicit LeafCounts(const TreeEnsemble &ensemble) : below(ensemble.nodes.size()) {
    for (size_t i = below.size(); i-- > 0;)
      below[i] = of(ensemble.nodes[i].yes) + of(ensemble.nodes[i].no);
  }
  int32_t of(int32_t code) const { return code < 0 ? 1 : below[code]; }

private:
  std::vector<int32_t> below;
};

/// One tree. Children are neighbours. Behind them stands all that is below the one with more leaves, where more rows go;
/// where that is too much for a narrow distance, what is below the other one.
struct Tree {
  std::vector<Place> places;
  int32_t depth = 0, target = 0, leaves = 0, meanDepth = 0; ///< of the leaves, rounded up
  int64_t farthest = 0;                                     ///< from a place to its children

  Tree(const TreeColumns &columns, const LeafCounts &counts, int32_t root, int32_t target) : target(target) {
    places.push_back({root});
    std::vector<int32_t> open{0};
    int64_t depths = 0; // of all leaves
    while (!open.empty()) {
      int32_t at = open.back(), own = places[at].depth;
      open.pop_back();
      depth = std::max(depth, own);
      if (places[at].code < 0) {
        depths += own;
        continue;
      }
      Question question = columns.questionOf(places[at].code);
      int32_t yes = places[at].yes = places.size();
      places.push_back({question.yes, own + 1});
      places.push_back({question.no, own + 1});
      farthest = std::max<int64_t>(farthest, yes - at);
      int32_t yesLeaves = counts.of(question.yes), noLeaves = counts.of(question.no);
      bool isMoreFirst = std::max(yesLeaves, noLeaves) <= kNarrow / 2;
      bool isYesFirst = (yesLeaves >= noLeaves) == isMoreFirst;
      open.push_back(isYesFirst ? yes + 1 : yes);
      open.push_back(isYesFirst ? yes : yes + 1);
    }
    countLeaves();
    meanDepth = llvm::divideCeil(depths, leaves);
  }

private:
  /// Numbers the leaves from the left: how many are below each place, from the last level up, then where they begin.
  void countLeaves() {
    for (size_t i = places.size(); i-- > 0;)
      places[i].endLeaf = places[i].yes < 0 ? 1 : places[places[i].yes].endLeaf + places[places[i].yes + 1].endLeaf;
    leaves = places[0].endLeaf;
    places[0].firstLeaf = 0;
    for (Place &place : places) {
      if (place.yes >= 0) {
        Place &yes = places[place.yes], &no = places[place.yes + 1];
        yes.firstLeaf = place.firstLeaf;
        no.firstLeaf = place.firstLeaf + yes.endLeaf;
      }
      place.endLeaf += place.firstLeaf;
    }
  }
};

class Packer {
public:
  explicit Packer(const TreeEnsemble &ensemble) : ensemble(ensemble), columns(ensemble) {}

  std::optional<PackedTrees> pack() {
    LeafCounts counts(ensemble);
    for (auto [root, target] : ensemble.trees)
      trees.emplace_back(columns, counts, root, target);
    TreeTables &layout = packed.layout = {};
    layout.columnCount = columns.columnCount();
    layout.setColumnCount = columns.setColumnCount();
    layout.setWordCount = ensemble.sets.size();
    layout.treeCount = trees.size();
    packed.steps = 0;
    int64_t farthest = 0;
    for (const Tree &tree : trees) {
      layout.nodeCount += tree.places.size();
      packed.steps += tree.depth;
      farthest = std::max(farthest, tree.farthest);
    }
    layout.nodeWords = std::max(farthest, layout.keyCount() - 1) <= kNarrow ? 2 : 3;
    collectEntries();
    if (!layout.place())
      return std::nullopt;
    packed.cuts = columns.cuts;
    if (packed.cuts.empty()) // of f32; a buffer has an address
      packed.cuts.push_back(0);
    packed.tables.resize(layout.size);
    columns.write(layout, packed.tables);
    writeNodes();
    writeOrder();
    writeEntries();
    return std::move(packed);
  }

private:
  struct Entry {
    int32_t firstNo, left, key;
  };

  /// The bit vectors, where they are expected to take less time than walks: for a row, an entry is three vector
  /// instructions shared by all its lanes, a step six instructions of its own (compiler/design/0009-tree-ensembles.md).
  void collectEntries() {
    constexpr int64_t kEntriesOfStep = 10;
    for (const Tree &tree : trees) {
      for (int32_t first = 0; first < tree.leaves; first += TreeTables::kLeavesOfWord) {
        wordStarts.push_back(entries.size());
        for (const Place &place : tree.places)
          addEntry(tree, place, first);
        std::sort(entries.begin() + wordStarts.back(), entries.end(), [](const Entry &a, const Entry &b) {
          return std::tie(a.key, a.firstNo) < std::tie(b.key, b.firstNo);
        });
      }
      if (int64_t(entries.size()) > kEntriesOfStep * std::max<int64_t>(packed.steps, trees.size())) {
        entries.clear();
        wordStarts.clear();
        return;
      }
    }
    packed.layout.wordCount = wordStarts.size();
    packed.layout.entryCount = entries.size();
    wordStarts.push_back(entries.size());
  }

  /// The leaves [first, first + 32) that `place` takes away where its answer is no: those below its other side.
  void addEntry(const Tree &tree, const Place &place, int32_t first) {
    if (place.yes < 0)
      return;
    const Place &yes = tree.places[place.yes];
    int32_t from = std::max(yes.firstLeaf - first, 0),
            to = std::min<int32_t>(yes.endLeaf - first, TreeTables::kLeavesOfWord);
    if (from >= to)
      return;
    uint32_t taken = llvm::maskTrailingOnes<uint32_t>(to) & ~llvm::maskTrailingOnes<uint32_t>(from);
    Question question = columns.questionOf(place.code);
    entries.push_back({question.threshold + 1, int32_t(~taken), int32_t(question.column * TreeTables::kRows)});
  }

  void writeNodes() {
    int32_t *node = packed.tables.data() + packed.layout.nodes;
    int32_t *record = packed.tables.data() + packed.layout.trees;
    int32_t root = 0, word = 0;
    for (const Tree &tree : trees) {
      int32_t firstValue = packed.rows.size();
      packed.rows.resize(firstValue + tree.leaves);
      for (auto [i, place] : llvm::enumerate(tree.places)) {
        int32_t leaf = firstValue + place.firstLeaf, threshold = leaf, column = columns.columnCount() - 1, distance = 0;
        if (place.yes >= 0) {
          Question question = columns.questionOf(place.code);
          threshold = question.threshold ^ std::numeric_limits<int32_t>::min();
          column = question.column;
          distance = place.yes - int32_t(i);
        } else {
          packed.rows[leaf] = ~place.code;
        }
        node[0] = threshold;
        bool isWide = packed.layout.nodeWords == 3;
        node[1] = isWide ? column : column | (uint32_t(distance) << 16);
        if (isWide)
          node[2] = distance;
        node += packed.layout.nodeWords;
      }
      int32_t values[] = {root,       tree.depth, tree.target,    firstValue,
                          word, tree.meanDepth, int32_t(tree.places.size())};
      record = std::copy(std::begin(values), std::end(values), record);
      roots.push_back(root);
      root += tree.places.size();
      word += packed.layout.wordCount ? llvm::divideCeil(tree.leaves, TreeTables::kLeavesOfWord) : 0;
    }
    const int32_t *first = packed.tables.data() + packed.layout.trees;
    std::copy(first, first + TreeTables::kTree, record);
    record[4] = word;
  }

  /// Of the walks of one row: a group takes as many steps as its deepest tree.
  void writeOrder() {
    std::vector<int32_t> byDepth(trees.size());
    std::iota(byDepth.begin(), byDepth.end(), 0);
    llvm::sort(byDepth,
               [&](int32_t a, int32_t b) { return std::tie(trees[a].depth, a) < std::tie(trees[b].depth, b); });
    int32_t *order = packed.tables.data() + packed.layout.order, *group = packed.tables.data() + packed.layout.groups;
    for (int64_t i = 0; i < packed.layout.groupCount() * TreeTables::kLanes; ++i) {
      bool isTree = i < int64_t(trees.size());
      order[2 * i] = isTree ? roots[byDepth[i]] : 0;
      order[2 * i + 1] = isTree ? byDepth[i] : i;
      if (!isTree)
        continue;
      int32_t *record = group + i / TreeTables::kLanes * TreeTables::kGroup;
      record[0] = trees[byDepth[i]].depth;
      record[1] = std::max(record[1], trees[byDepth[i]].meanDepth);
    }
  }

  void writeEntries() {
    if (!packed.layout.wordCount)
      return;
    llvm::copy(wordStarts, packed.tables.begin() + packed.layout.words);
    int32_t *record = packed.tables.data() + packed.layout.entries;
    for (const Entry &entry : entries)
      for (int32_t value : {entry.firstNo, entry.left, entry.key})
        *record++ = value;
  }

  const TreeEnsemble &ensemble;
  TreeColumns columns;
  PackedTrees packed;
  std::vector<Tree> trees;
  std::vector<int32_t> roots, wordStarts;
  std::vector<Entry> entries;
};

} // namespace

std::optional<PackedTrees> packTrees(const TreeEnsemble &ensemble) {
  return Packer(ensemble).pack();
}

} // namespace quern
