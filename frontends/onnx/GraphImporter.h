// Nodes, subgraphs and function bodies of one model into blocks of the `onnx` dialect.
#pragma once
#include "dialects/onnx/OnnxOps.h"
#include "frontends/onnx/ImportAttribute.h"
#include "frontends/onnx/ModelFunctions.h"
#include "mlir/IR/Builders.h"

namespace quern {

// The values that names stand for in a graph, with those of the graphs around it.
struct Scope {
  const Scope *outer = nullptr;          // null for the model's graph and for function bodies
  const OpsetVersions *opsets = nullptr; // in force here
  const CallAttributes *call = nullptr;  // null outside of functions
  std::string namePrefix;                // of nodes: the calls around, each with a '/'
  llvm::StringMap<mlir::Value> values;

  mlir::Value lookup(llvm::StringRef name) const;
  // Errors: Model when the name is taken in this very graph; hiding an outer one is allowed.
  llvm::Error define(llvm::StringRef name, mlir::Value value);
};

class GraphImporter {
public:
  // `none` stands for left-out inputs wherever the builder goes.
  GraphImporter(Model &model, ModelFunctions functions, mlir::OpBuilder &builder, mlir::Value none)
      : functions(std::move(functions)), builder(builder), none(none), constants(model.folder, builder.getContext()),
        modelOpsets(importedOpsets(model.proto.opset_import())) {}

  // At the builder's place: the graph's initializers and its nodes in topological order. Inputs are in the scope
  // already. Returns the graph's outputs.
  llvm::Expected<llvm::SmallVector<mlir::Value>> importGraph(proto::GraphProto &graph, Scope &scope);

private:
  using Nodes = google::protobuf::RepeatedPtrField<proto::NodeProto>;

  llvm::Error importInitializers(proto::GraphProto &graph, Scope &scope);
  template <typename Tensor> llvm::Error importInitializer(Tensor &tensor, llvm::StringRef name, Scope &scope);
  llvm::Error importNodes(Nodes &nodes, Scope &scope);
  llvm::Error importNode(proto::NodeProto &node, Scope &scope);
  llvm::Error importOperator(proto::NodeProto &node, Scope &scope);
  llvm::Expected<llvm::SmallVector<mlir::Value>> importInputs(const proto::NodeProto &node, const Scope &scope);
  llvm::Error importAttributes(proto::NodeProto &node, Scope &scope, mlir::OperationState &state);
  llvm::Error importRegion(proto::GraphProto &graph, const Scope &outer, mlir::Region &region);
  llvm::Error importCall(proto::NodeProto &node, proto::FunctionProto &function, Scope &scope);
  llvm::Error importFunctionBody(proto::FunctionProto &function, llvm::ArrayRef<mlir::Value> inputs, Scope &body);

  ModelFunctions functions;
  mlir::OpBuilder &builder;
  mlir::Value none;
  ConstantCache constants;
  OpsetVersions modelOpsets;
  llvm::SmallVector<const proto::FunctionProto *> callStack;
  int64_t expandedNodes = 0; // inside of functions
};

} // namespace quern
