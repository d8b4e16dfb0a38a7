#include "dialects/graph/Evaluate.h"
#include "dialects/text/Text.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "passes/graph/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

namespace quern::graph {
#define GEN_PASS_DEF_FOLDCONSTANTSPASS
#include "passes/graph/Passes.h.inc"
} // namespace quern::graph

using namespace mlir;
using namespace quern;

static StringRef blobName(graph::ConstantOp op) {
  auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue());
  return resource ? resource.getRawHandle().getKey() : "";
}

namespace {
/// How many constants read each blob. The memory of a blob goes with its last reader: what a weight was before it was
/// packed would double the compiler's memory if it stayed until the end of the pass.
class BlobReaders {
public:
  explicit BlobReaders(ModuleOp module) {
    module.walk([&](graph::ConstantOp op) { add(op); });
  }

  void add(graph::ConstantOp op) { ++readers[blobName(op)]; }

  void erase(graph::ConstantOp op) {
    StringRef name = blobName(op);
    if (!name.empty() && --readers[name] == 0)
      DenseResourceElementsHandle::getManagerInterface(op.getContext())
          .getBlobManager()
          .update(name, AsmResourceBlob());
    op.erase();
  }

private:
  llvm::StringMap<size_t> readers;
};

struct FoldConstants : graph::impl::FoldConstantsPassBase<FoldConstants> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    BlobReaders readers(getOperation());
    for (Operation *op : ops)
      if (isa_and_nonnull<graph::GraphDialect, text::TextDialect>(op->getDialect()) && foldOp(op, readers))
        ++numFolded;
    SmallVector<graph::ConstantOp> unused;
    getOperation().walk([&](graph::ConstantOp op) {
      if (op->use_empty())
        unused.push_back(op);
    });
    for (graph::ConstantOp op : unused)
      readers.erase(op);
  }

  /// Replaces an op by a constant of its value; false where it has none.
  static bool foldOp(Operation *op, BlobReaders &readers) {
    auto table = dyn_cast<text::HashTableOp>(op);
    std::optional<ElementsAttr> value = table ? text::makeTable(table) : graph::evaluateConstant(op);
    if (!value)
      return false;
    OpBuilder builder(op);
    auto constant = builder.create<graph::ConstantOp>(op->getLoc(), op->getResultTypes(), *value);
    readers.add(constant);
    op->replaceAllUsesWith(constant);
    llvm::SmallSetVector<Operation *, 4> producers;
    for (Value operand : op->getOperands())
      producers.insert(operand.getDefiningOp());
    op->erase();
    for (Operation *producer : producers)
      if (auto read = dyn_cast_if_present<graph::ConstantOp>(producer); read && read->use_empty())
        readers.erase(read);
    return true;
  }

  Statistic numFolded{this, "folded", "ops that became constants"};
};
} // namespace
