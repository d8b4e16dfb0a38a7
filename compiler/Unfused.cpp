#include "compiler/Unfused.h"
#include "dialects/graph/Graph.h"
#include "dialects/kernel/Kernel.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

constexpr StringLiteral kNodesAttr = "quern.nodes", kFoldedAttr = "quern.folded_nodes", kUnfusedAttr = "quern.unfused";
constexpr StringLiteral kWithoutOps =
    "depends on shapes and constants alone, or passes its input on: nothing is left at run time";
constexpr StringLiteral kRewritten = "rewritten away: merged into its neighbours or into weights, or it cancelled out";

/// Why an op outside the kernels is there; empty for what no node asks for.
StringRef reasonOutside(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<ConstantOp, ShapeVectorOp>([](auto) { return "depends on constants alone: computed at compile time"; })
      .Case([](ReshapeOp) { return "a view: the same elements under other dims, nothing moves"; })
      .Case<IfOp, LoopOp>([](auto) { return "control flow: the host function runs the kernels of its bodies"; })
      .Case<ReadSymbolsOp, GuardOp>([](auto) { return "a size: the host function reads it"; })
      .Default(StringRef());
}

void forNodes(Operation *op, llvm::function_ref<void(std::string)> visit) {
  SmallVector<ModelNode> nodes;
  collectNodes(op->getLoc(), nodes);
  for (const ModelNode &node : nodes)
    visit(node.str());
}

} // namespace

void recordNodes(ModuleOp module, llvm::ArrayRef<ModelNode> nodes) {
  llvm::StringSet<> seen;
  module->walk([&](Operation *op) { forNodes(op, [&](std::string node) { seen.insert(node); }); });
  Builder builder(module.getContext());
  SmallVector<Attribute> left, folded;
  for (const ModelNode &node : nodes)
    (seen.contains(node.str()) ? left : folded).push_back(builder.getStringAttr(node.str()));
  module->setAttr(kNodesAttr, builder.getArrayAttr(left));
  module->setAttr(kFoldedAttr, builder.getArrayAttr(folded));
}

void recordUnfused(ModuleOp module) {
  llvm::StringSet<> fused;
  llvm::StringMap<StringRef> outside;
  module->walk([&](Operation *op) {
    if (op->getParentOfType<kernel::RegionOp>())
      forNodes(op, [&](std::string node) { fused.insert(node); });
    else if (StringRef reason = reasonOutside(op); !reason.empty())
      forNodes(op, [&](std::string node) { outside.try_emplace(node, reason); });
  });
  Builder builder(module.getContext());
  llvm::MapVector<StringRef, SmallVector<Attribute>> byReason;
  for (auto [list, otherwise] : {std::pair(kNodesAttr, kRewritten), std::pair(kFoldedAttr, kWithoutOps)}) {
    auto nodes = dyn_cast_if_present<ArrayAttr>(module->removeAttr(list));
    for (Attribute attribute : nodes ? nodes.getValue() : ArrayRef<Attribute>()) {
      auto node = dyn_cast<StringAttr>(attribute); // a text that someone wrote may hold anything
      if (!node || fused.contains(node))
        continue;
      StringRef reason = outside.lookup(node);
      byReason[reason.empty() ? otherwise : reason].push_back(node);
    }
  }
  auto elsewhere = module->getAttrOfType<ArrayAttr>(kUnfusedAttr); // what a program's text says of its surroundings
  SmallVector<Attribute> unfused(elsewhere ? elsewhere.getValue() : ArrayRef<Attribute>());
  for (auto &[reason, nodes] : byReason) {
    nodes.insert(nodes.begin(), builder.getStringAttr(reason));
    unfused.push_back(builder.getArrayAttr(nodes));
  }
  module->setAttr(kUnfusedAttr, builder.getArrayAttr(unfused));
}

llvm::json::Array describeUnfused(ModuleOp module) {
  llvm::json::Array result;
  auto unfused = module->getAttrOfType<ArrayAttr>(kUnfusedAttr);
  for (Attribute attribute : unfused ? unfused.getValue() : ArrayRef<Attribute>()) {
    auto entry = dyn_cast<ArrayAttr>(attribute);
    if (!entry || entry.empty() || !llvm::all_of(entry, llvm::IsaPred<StringAttr>))
      continue;
    llvm::json::Array nodes;
    for (Attribute node : entry.getValue().drop_front())
      nodes.push_back(llvm::json::fixUTF8(cast<StringAttr>(node).getValue()));
    result.push_back(llvm::json::Object{{"reason", llvm::json::fixUTF8(cast<StringAttr>(entry[0]).getValue())},
                                        {"nodes", std::move(nodes)}});
  }
  return result;
}

} // namespace quern
