// From the onnx dialect to the graph dialect: one forward walk in topological order.
//
// A node's operands have types when it is met, so its graph ops infer theirs; integer shape arithmetic folds while it
// is built. What comes out is a module with one function @main on tensors with symbolic dims: arguments and results
// carry graph.name, no op of the onnx dialect is left. Errors name the node and are of kind Model or Unsupported.
#pragma once
#include "compiler/Diagnostics.h"
#include "dialects/graph/ModelNodes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace quern {

/// `onnxModule` is not changed; blobs of its weights are shared.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> lowerToGraph(mlir::ModuleOp onnxModule);

/// The nodes of the model and of the bodies in it, in order, without Constant nodes: as the graph ops' locations name
/// them. The texts live as long as the context.
std::vector<graph::ModelNode> modelNodes(mlir::ModuleOp onnxModule);

} // namespace quern
