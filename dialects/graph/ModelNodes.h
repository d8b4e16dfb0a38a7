// The model's own nodes, as locations carry them: a node is its name around its operator, NameLoc("conv1",
// NameLoc("Conv")).
#pragma once
#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"
#include <string>

namespace quern::graph {

struct ModelNode {
  llvm::StringRef name; ///< of the node, or of its first output where it has none
  llvm::StringRef type; ///< "Conv"; empty for what is no node, such as a weight

  bool operator==(const ModelNode &other) const { return name == other.name && type == other.type; }
  /// "conv1 (Conv)"
  std::string str() const { return type.empty() ? name.str() : (name + " (" + type + ")").str(); }
};

/// Adds the nodes that a location names and that are not there yet, in its order. Whatever was merged stands in a fused
/// location.
inline void collectNodes(mlir::Location location, llvm::SmallVectorImpl<ModelNode> &nodes) {
  if (auto fused = llvm::dyn_cast<mlir::FusedLoc>(location))
    for (mlir::Location part : fused.getLocations())
      collectNodes(part, nodes);
  if (auto named = llvm::dyn_cast<mlir::NameLoc>(location)) {
    auto type = llvm::dyn_cast<mlir::NameLoc>(named.getChildLoc());
    ModelNode node{named.getName().getValue(), type ? type.getName().getValue() : llvm::StringRef()};
    if (!llvm::is_contained(nodes, node))
      nodes.push_back(node);
  }
}

} // namespace quern::graph
