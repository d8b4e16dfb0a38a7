// What became of the nodes of the model that no kernel computes. The module carries it from phase to phase.
#pragma once
#include "dialects/graph/ModelNodes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include <vector>

namespace quern {

/// After lowering: quern.nodes lists the nodes that have graph ops, quern.folded_nodes those of which nothing is left.
void recordNodes(mlir::ModuleOp module, llvm::ArrayRef<graph::ModelNode> nodes);

/// After fusion: quern.unfused takes the place of both, a list of [reason, nodes...]. A program's text may have such a list
/// too, of what is computed elsewhere; it comes first.
void recordUnfused(mlir::ModuleOp module);

/// [{"reason": "a view: ...", "nodes": ["flatten (Flatten)", ...]}, ...]
llvm::json::Array describeUnfused(mlir::ModuleOp module);

} // namespace quern
