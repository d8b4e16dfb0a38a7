#include "passes/fusion/TreePacker.h"
#include "passes/fusion/TreeColumns.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace quern::graph;

namespace quern {
namespace {

using Question = TreeColumns::Question;

/// What a node of a tree in the order of its level is.
struct Place {
  int32_t code;                   // a node of the ensemble, or leaf ~code
  int32_t yes = -1;               // place in the tree; `no` stands behind it
  int32_t firstLeaf, endLeaf = 0; // from the left, of the leaves below it
};

/// One tree, level by level.
struct Tree {
  std::vector<Place> places;
  int32_t depth = 0, target = 0, leaves = 0, meanDepth = 0; ///< of the leaves, rounded up

  Tree(const TreeColumns &columns, int32_t root, int32_t target) : target(target) {
    places.push_back({root});
    int64_t depths = 0; // of all leaves
    for (size_t level = 0, end = 1; level < places.size(); level = end, end = places.size(), ++depth)
      for (size_t i = level; i < end; ++i) {
        if (places[i].code < 0) {
          depths += depth;
          continue;
        }
        Question question = columns.questionOf(places[i].code);
        places[i].yes = places.size();
        places.push_back({question.yes});
        places.push_back({question.no});
      }
    --depth;
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
    for (auto [root, target] : ensemble.trees)
      trees.emplace_back(columns, root, target);
    TreeTables &layout = packed.layout = {};
    layout.columnCount = columns.columnCount();
    layout.setColumnCount = columns.setColumnCount();
    layout.setWordCount = ensemble.sets.size();
    layout.treeCount = trees.size();
    layout.nodeWords = 2;
    packed.steps = 0;
    for (const Tree &tree : trees) {
      layout.nodeCount += tree.places.size();
      packed.steps += tree.depth;
      for (const Place &place : tree.places)
        if (int64_t(place.yes) - (&place - tree.places.data()) > std::numeric_limits<uint16_t>::max())
          layout.nodeWords = 4;
    }
    if (layout.keyCount() > std::numeric_limits<uint16_t>::max())
      layout.nodeWords = 4;
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
    int32_t *node = packed.tables.data() + packed.layout.nodes, *leaf = packed.tables.data() + packed.layout.leaves;
    int32_t *record = packed.tables.data() + packed.layout.trees;
    int32_t root = 0, word = 0;
    for (const Tree &tree : trees) {
      int32_t firstValue = packed.rows.size();
      packed.rows.resize(firstValue + tree.leaves);
      for (auto [i, place] : llvm::enumerate(tree.places)) {
        int32_t threshold = -1, column = 0, distance = 0;
        if (place.yes >= 0) {
          Question question = columns.questionOf(place.code);
          threshold = question.threshold ^ std::numeric_limits<int32_t>::min();
          column = question.column;
          distance = place.yes - int32_t(i);
        } else {
          packed.rows[firstValue + place.firstLeaf] = ~place.code;
        }
        bool isWide = packed.layout.nodeWords == 4;
        node[0] = threshold;
        node[1] = isWide ? column : column | (distance << 16);
        if (isWide)
          node[2] = distance;
        node += packed.layout.nodeWords;
        *leaf++ = place.yes >= 0 ? 0 : firstValue + place.firstLeaf;
      }
      int32_t values[] = {root, tree.depth, tree.target, firstValue, word, tree.meanDepth};
      record = std::copy(std::begin(values), std::end(values), record);
      roots.push_back(root);
      root += tree.places.size();
      word += packed.layout.wordCount ? llvm::divideCeil(tree.leaves, TreeTables::kLeavesOfWord) : 0;
    }
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
