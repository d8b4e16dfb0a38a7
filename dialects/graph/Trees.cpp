// What the ops of trees accept. The tables of an ensemble come from files: nothing behind this verifier looks again.
#include "dialects/graph/ConstantTensor.h"
#include "dialects/graph/TreeTables.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

namespace {

constexpr int64_t kMost = std::numeric_limits<int32_t>::max();

bool isReal(Type type) {
  return type.isF32() || type.isF64();
}

/// `value` is a tensor of known extents: `extents`, of which a negative one is any.
bool hasExtents(Value value, ArrayRef<int64_t> extents, Type element) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getElementType() != element || !type.hasStaticShape() || type.getRank() != int64_t(extents.size()))
    return false;
  return llvm::all_of(llvm::zip(type.getShape(), extents), [](auto pair) {
    auto [extent, wanted] = pair;
    return wanted < 0 ? extent <= kMost : extent == wanted;
  });
}

int64_t extent(Value value, int64_t axis) {
  return cast<ShapedType>(value.getType()).getDimSize(axis);
}

/// x [N, F] and result [N, targets] of `base`'s type, whose rows are those of the values.
LogicalResult checkBorders(Operation *op, Value x, Value values, Value base, Value result) {
  auto in = dyn_cast<RankedTensorType>(x.getType()), out = dyn_cast<RankedTensorType>(result.getType());
  if (!in || in.getRank() != 2 || in.isDynamicDim(1) || in.getDimSize(1) < 1 ||
      in.getDimSize(1) > kMost || !isReal(in.getElementType()))
    return op->emitOpError() << "reads f32 or f64 [N, F] with known F > 0, not " << x.getType();
  Type element = elementOf(values);
  if (!isReal(element) || !hasExtents(values, {-1, -1}, element) || extent(values, 1) < 1)
    return op->emitOpError() << "has values of type " << values.getType() << ", not f32 or f64 [L, W]";
  if (!hasExtents(base, {-1}, element) || extent(base, 0) < extent(values, 1))
    return op->emitOpError() << "has a base of type " << base.getType() << " for values of type " << values.getType();
  if (!out || out.getRank() != 2 || out.getElementType() != element || out.getDimSize(1) != extent(base, 0) ||
      dimOf(result, 0) != dimOf(x, 0))
    return op->emitOpError() << "makes [N, targets] of the base's type, not " << result.getType();
  return success();
}

/// Reads the tables of an ensemble once and says what is wrong with them.
class TableChecker {
public:
  TableChecker(TreeEnsembleOp op, ConstantTensor nodes, ConstantTensor trees, ConstantTensor sets)
      : op(op), nodes(std::move(nodes)), trees(std::move(trees)), sets(std::move(sets)),
        count(extent(op.getNodes(), 0)), leaves(extent(op.getValues(), 0)), hasParent(count) {}

  LogicalResult check() {
    for (int64_t node = 0; node < count; ++node)
      if (failed(checkNode(node)))
        return failure();
    int64_t width = extent(op.getValues(), 1), targets = extent(op.getBase(), 0);
    for (int64_t tree = 0; tree < extent(op.getTrees(), 0); ++tree) {
      if (failed(checkChild(trees.integer(2 * tree), -1, "tree", tree)))
        return failure();
      int64_t target = trees.integer(2 * tree + 1);
      if (target < 0 || target > targets - width)
        return op.emitOpError() << "tree " << tree << " adds " << width << " values from target " << target
                                << " on, of " << targets;
    }
    return success();
  }

private:
  LogicalResult checkNode(int64_t node) {
    auto field = [&](int64_t i) { return nodes.integer(5 * node + i); };
    int64_t features = extent(op.getX(), 1);
    if (field(0) < 0 || field(0) >= features)
      return op.emitOpError() << "node " << node << " reads feature " << field(0) << " of " << features;
    for (int64_t side : {1, 2})
      if (failed(checkChild(field(side), node, "node", node)))
        return failure();
    if (field(3) < 0 || field(3) > 15)
      return op.emitOpError() << "node " << node << " has flags " << field(3) << ", not 0 to 15";
    return checkSet(node, field(4));
  }

  /// A node behind `parent` that no other has as its child, or a leaf.
  LogicalResult checkChild(int64_t child, int64_t parent, StringRef kind, int64_t number) {
    if (child < 0 && ~child < leaves)
      return success();
    if (child < 0 || child >= count)
      return op.emitOpError() << kind << " " << number << " leads to " << (child < 0 ? "leaf " : "node ")
                              << (child < 0 ? ~child : child) << " of " << (child < 0 ? leaves : count);
    if (child <= parent)
      return op.emitOpError() << "node " << parent << " leads back to node " << child
                              << ": children stand behind their parent";
    if (hasParent.test(child))
      return op.emitOpError() << kind << " " << number << " leads to node " << child << ", as another does";
    hasParent.set(child);
    return success();
  }

  LogicalResult checkSet(int64_t node, int64_t set) {
    if (set == -1)
      return success();
    int64_t size = extent(op.getSets(), 0);
    if (set < 0 || set >= size || sets.integer(set) < 1 || sets.integer(set) >= size - set)
      return op.emitOpError() << "node " << node << " has a set at " << set << " that is not within the " << size
                              << " words of sets";
    return success();
  }

  TreeEnsembleOp op;
  ConstantTensor nodes, trees, sets;
  int64_t count, leaves;
  llvm::BitVector hasParent;
};

std::optional<ConstantTensor> constantOf(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  return constant ? ConstantTensor::read(constant.getValue()) : std::nullopt;
}

} // namespace

LogicalResult TreeEnsembleOp::verify() {
  if (failed(checkBorders(*this, getX(), getValues(), getBase(), getResult())))
    return failure();
  Type i32 = IntegerType::get(getContext(), 32);
  if (!hasExtents(getNodes(), {-1, 5}, i32))
    return emitOpError() << "has nodes of type " << getNodes().getType() << ", not i32 [M, 5]";
  if (!hasExtents(getThresholds(), {extent(getNodes(), 0)}, elementOf(getX())))
    return emitOpError() << "has thresholds of type " << getThresholds().getType() << " for " << extent(getNodes(), 0)
                         << " nodes that read " << elementOf(getX());
  if (!hasExtents(getTrees(), {-1, 2}, i32) || extent(getTrees(), 0) < 1)
    return emitOpError() << "has trees of type " << getTrees().getType() << ", not i32 [T, 2] with a tree or more";
  if (!hasExtents(getSets(), {-1}, i32))
    return emitOpError() << "has sets of type " << getSets().getType() << ", not i32 of rank 1";
  if (getCompare() == CompareKind::eq || getCompare() == CompareKind::ne)
    return emitOpError() << "compares by " << stringifyEnum(getCompare()) << "; it can by le, lt, ge and gt";
  std::optional<ConstantTensor> nodes = constantOf(getNodes()), trees = constantOf(getTrees()),
                                sets = constantOf(getSets());
  // Arguments of a kernel, and texts for reading, have no tables to look at.
  if (!nodes || !trees || !sets)
    return success();
  return TableChecker(*this, std::move(*nodes), std::move(*trees), std::move(*sets)).check();
}

bool TreeTables::place() {
  if (groupCount() > kMost || keyCount() > kMost / kRows || nodeCount > kMost)
    return false;
  int64_t at = 0;
  auto section = [&](int64_t &start, int64_t records, int64_t width) {
    start = at;
    at = llvm::alignTo(at + records * width, 16);
    return at <= kMost;
  };
  bool fits = section(columns, columnCount, kColumn) && section(setColumns, setColumnCount, kSetColumn) &&
              section(setWords, setWordCount, 1) && section(nodes, nodeCount, nodeWords) &&
              section(order, groupCount() * kLanes, kOrder) &&
              section(groups, groupCount(), kGroup) && section(trees, treeCount + 1, kTree) &&
              section(words, wordCount ? wordCount + 1 : 0, 1) && section(entries, entryCount, kEntry);
  size = at;
  return fits;
}

TreeTables TreeTables::of(PackedTreesOp op) {
  TreeTables tables{};
  tables.columnCount = op.getColumns();
  tables.setColumnCount = op.getSetColumns();
  tables.setWordCount = op.getSetWords();
  tables.nodeCount = op.getNodes();
  tables.nodeWords = op.getNodeWords();
  tables.treeCount = op.getTrees();
  tables.wordCount = op.getWords();
  tables.entryCount = op.getEntries();
  if (!tables.place())
    tables.size = -1;
  return tables;
}

LogicalResult PackedTreesOp::verify() {
  if (failed(checkBorders(*this, getX(), getValues(), getBase(), getResult())))
    return failure();
  TreeTables tables = TreeTables::of(*this);
  bool counts = llvm::all_of(getOperation()->getAttrs(), [](NamedAttribute attribute) {
    auto number = dyn_cast<IntegerAttr>(attribute.getValue());
    return !number || (number.getInt() >= 0 && number.getInt() <= kMost);
  });
  if (!counts || (tables.nodeWords != 2 && tables.nodeWords != 3) || tables.columnCount < 1 ||
      !hasExtents(getTables(), {tables.size}, IntegerType::get(getContext(), 32)))
    return emitOpError() << "has tables of type " << getTables().getType() << ", which its counts do not describe";
  if (!hasExtents(getCuts(), {-1}, Float64Type::get(getContext())))
    return emitOpError() << "has cuts of type " << getCuts().getType() << ", not f64 of rank 1";
  return success();
}
