#include "dialects/graph/ConstantTensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/fusion/Fusion.h"
#include "passes/fusion/TreePacker.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
#define GEN_PASS_DEF_PACKTREESPASS
#include "passes/fusion/Passes.h.inc"

namespace {

std::optional<ConstantTensor> constantOf(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  return constant ? ConstantTensor::read(constant.getValue()) : std::nullopt;
}

/// The ensemble that the op's constants say; nothing where one of them is data.
std::optional<TreeEnsemble> read(TreeEnsembleOp op) {
  auto nodes = constantOf(op.getNodes()), thresholds = constantOf(op.getThresholds()),
       trees = constantOf(op.getTrees()), sets = constantOf(op.getSets());
  if (!nodes || !thresholds || !trees || !sets)
    return std::nullopt;
  TreeEnsemble ensemble;
  for (int64_t i = 0; i < thresholds->count(); ++i) {
    auto field = [&](int64_t j) { return int32_t(nodes->integer(5 * i + j)); };
    ensemble.nodes.push_back({field(0), field(1), field(2), field(3), field(4)});
    ensemble.thresholds.push_back(thresholds->real(i));
  }
  for (int64_t i = 0; i < trees->count(); i += 2)
    ensemble.trees.push_back({int32_t(trees->integer(i)), int32_t(trees->integer(i + 1))});
  for (int64_t i = 0; i < sets->count(); ++i)
    ensemble.sets.push_back(sets->integer(i));
  ensemble.compare = op.getCompare();
  ensemble.isDouble = elementOf(op.getX()).isF64();
  return ensemble;
}

template <typename T> Value makeTable(OpBuilder &builder, Location loc, Type element, ArrayRef<T> numbers) {
  auto type = RankedTensorType::get(int64_t(numbers.size()), element);
  ElementsAttr value = makeConstant(type, *ElementFormat::of(element), [&](char *bytes) {
    std::memcpy(bytes, numbers.data(), numbers.size() * sizeof(T));
  });
  return builder.create<ConstantOp>(loc, type, value);
}

/// The rows of the values in the order of the leaves; a leaf that several nodes lead to has several.
Value reorder(OpBuilder &builder, Location loc, const ConstantTensor &values, ArrayRef<int32_t> rows) {
  int64_t width = values.type.getDimSize(1), bytes = width * values.format.bytes;
  auto type = RankedTensorType::get({int64_t(rows.size()), width}, values.type.getElementType());
  ElementsAttr value = makeConstant(type, values.format, [&](char *to) {
    for (auto [i, row] : llvm::enumerate(rows))
      std::memcpy(to + i * bytes, values.at(row * width), bytes);
  });
  return builder.create<ConstantOp>(loc, type, value);
}

LogicalResult pack(TreeEnsembleOp op) {
  std::optional<TreeEnsemble> ensemble = read(op);
  std::optional<ConstantTensor> values = constantOf(op.getValues());
  if (!ensemble || !values)
    return op.emitOpError() << "has tables that are not known when it is compiled";
  std::optional<PackedTrees> packed = packTrees(*ensemble);
  int64_t width = values->type.getDimSize(1);
  if (!packed || int64_t(packed->rows.size()) > std::numeric_limits<int32_t>::max() / width)
    return op.emitOpError() << "has " << ensemble->nodes.size()
                            << " nodes: its tables would have more than 2^31 elements";
  OpBuilder builder(op);
  Location loc = op.getLoc();
  const TreeTables &layout = packed->layout;
  Value tables = makeTable<int32_t>(builder, loc, builder.getI32Type(), packed->tables),
        cuts = makeTable<double>(builder, loc, builder.getF64Type(), packed->cuts),
        rows = reorder(builder, loc, *values, packed->rows);
  auto result =
      builder.create<PackedTreesOp>(loc, op.getType(), op.getX(), tables, cuts, rows, op.getBase(), layout.columnCount,
                                    layout.setColumnCount, layout.setWordCount, layout.nodeCount, layout.nodeWords,
                                    layout.treeCount, layout.wordCount, layout.entryCount, packed->steps);
  op.replaceAllUsesWith(result.getOperation());
  SmallVector<Value> unpacked = op.getOperands().drop_front();
  op.erase();
  for (Value table : unpacked)
    if (table.use_empty())
      table.getDefiningOp()->erase();
  return success();
}

struct PackTreesPass : impl::PackTreesPassBase<PackTreesPass> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk(
        [](TreeEnsembleOp op) { return failed(pack(op)) ? WalkResult::interrupt() : WalkResult::advance(); });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace quern
