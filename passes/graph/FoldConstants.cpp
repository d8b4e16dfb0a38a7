#include "dialects/graph/Evaluate.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "passes/graph/Passes.h"
#include "llvm/ADT/StringSet.h"

namespace quern::graph {
#define GEN_PASS_DEF_FOLDCONSTANTSPASS
#include "passes/graph/Passes.h.inc"
} // namespace quern::graph

using namespace mlir;
using namespace quern;

/// Replaces an op by a constant of its value.
static LogicalResult foldOp(Operation *op) {
  FailureOr<ElementsAttr> value = graph::evaluateConstant(op);
  if (failed(value))
    return failure();
  OpBuilder builder(op);
  op->replaceAllUsesWith(builder.create<graph::ConstantOp>(op->getLoc(), op->getResultTypes(), *value));
  op->erase();
  return success();
}

static StringRef blobName(graph::ConstantOp op) {
  auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue());
  return resource ? resource.getRawHandle().getKey() : "";
}

static llvm::StringSet<> blobsOf(ModuleOp module) {
  llvm::StringSet<> names;
  module.walk([&](graph::ConstantOp op) { names.insert(blobName(op)); });
  return names;
}

namespace {
struct FoldConstants : graph::impl::FoldConstantsPassBase<FoldConstants> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops)
      if (isa_and_nonnull<graph::GraphDialect>(op->getDialect()) && succeeded(foldOp(op)))
        ++numFolded;
    llvm::StringSet<> seen = blobsOf(getOperation());
    eraseUnused(getOperation());
    freeUnused(seen);
  }

  static void eraseUnused(ModuleOp module) {
    SmallVector<graph::ConstantOp> constants;
    module.walk([&](graph::ConstantOp op) { constants.push_back(op); });
    for (graph::ConstantOp op : constants)
      if (op->use_empty())
        op->erase();
  }

  void freeUnused(const llvm::StringSet<> &seen) {
    llvm::StringSet<> used = blobsOf(getOperation());
    auto &manager = DenseResourceElementsHandle::getManagerInterface(&getContext());
    for (auto &name : seen)
      if (!name.getKey().empty() && !used.contains(name.getKey()))
        manager.getBlobManager().update(name.getKey(), AsmResourceBlob());
  }

  Statistic numFolded{this, "folded", "ops that became constants"};
};
} // namespace
