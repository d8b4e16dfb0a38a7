#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/OpSupport.h"
#include "frontends/onnx/TopologicalOrder.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace quern;

// Functions that call functions can double at every level.
static constexpr int64_t maxExpandedNodes = 1 << 20;

Value Scope::lookup(llvm::StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->outer)
    if (Value value = scope->values.lookup(name))
      return value;
  return nullptr;
}

llvm::Error Scope::define(llvm::StringRef name, Value value) {
  if (name.empty())
    return makeError(ErrorKind::Model, "an input or initializer has no name");
  if (!values.try_emplace(name, value).second)
    return makeError(ErrorKind::Model, "the name {0} stands for two values of one graph", quoted(name));
  return llvm::Error::success();
}

static Location nameLocation(llvm::StringRef name, Builder &builder) {
  if (name.empty())
    return builder.getUnknownLoc();
  return NameLoc::get(builder.getStringAttr(name));
}

//===-- Graphs ------------------------------------------------------------------------------------------------===//

llvm::Expected<SmallVector<Value>> GraphImporter::importGraph(proto::GraphProto &graph, Scope &scope) {
  if (llvm::Error error = importInitializers(graph, scope))
    return std::move(error);
  if (llvm::Error error = importNodes(*graph.mutable_node(), scope))
    return std::move(error);
  SmallVector<Value> outputs;
  for (const proto::ValueInfoProto &output : graph.output()) {
    Value value = scope.lookup(output.name());
    if (!value)
      return makeError(ErrorKind::Model, "output {0} of graph {1} is not produced by any node", quoted(output.name()),
                       quoted(graph.name()));
    outputs.push_back(value);
  }
  return outputs;
}

template <typename Tensor>
llvm::Error GraphImporter::importInitializer(Tensor &tensor, llvm::StringRef name, Scope &scope) {
  auto value = constants.import(tensor, name);
  if (!value)
    return withContext("initializer " + quoted(name), value.takeError());
  auto op = builder.create<onnx::InitializerOp>(nameLocation(name, builder), value->getShapedType(),
                                                builder.getStringAttr(name), *value);
  return scope.define(name, op.getResult());
}

llvm::Error GraphImporter::importInitializers(proto::GraphProto &graph, Scope &scope) {
  for (proto::TensorProto &tensor : *graph.mutable_initializer())
    if (llvm::Error error = importInitializer(tensor, tensor.name(), scope))
      return error;
  for (proto::SparseTensorProto &tensor : *graph.mutable_sparse_initializer())
    if (llvm::Error error = importInitializer(tensor, tensor.values().name(), scope))
      return error;
  return llvm::Error::success();
}

llvm::Error GraphImporter::importNodes(Nodes &nodes, Scope &scope) {
  auto order = topologicalOrder(nodes);
  if (!order)
    return order.takeError();
  for (int index : *order)
    if (llvm::Error error = importNode(nodes[index], scope))
      return withContext(nodeText(nodes[index]), std::move(error));
  return llvm::Error::success();
}

//===-- Nodes -------------------------------------------------------------------------------------------------===//

llvm::Error GraphImporter::importNode(proto::NodeProto &node, Scope &scope) {
  if (!callStack.empty() && ++expandedNodes > maxExpandedNodes)
    return makeError(ErrorKind::Unsupported, "functions expand to more than {0} nodes", maxExpandedNodes);
  if (proto::FunctionProto *function = functions.find(node))
    return importCall(node, *function, scope);
  return importOperator(node, scope);
}

// The version of the node's operator set, once the operator is known to exist in it.
static llvm::Expected<int64_t> findOpset(const proto::NodeProto &node, const Scope &scope,
                                         const OpsetVersions &modelOpsets) {
  llvm::StringRef domain = normalizedDomain(node.domain());
  std::string shown = domainText(domain);
  if (!newestOpset(domain))
    return makeError(ErrorKind::Unsupported,
                     "is of domain {0}, which is neither one of ONNX for inference nor of a function in the model",
                     shown);
  int64_t opset = scope.opsets->lookup(domain);
  if (opset == 0)
    opset = modelOpsets.lookup(domain);
  if (opset == 0)
    return makeError(ErrorKind::Model, "is of domain {0}, whose operator set the model does not import", shown);
  if (!isKnownOperator(domain, node.op_type())) {
    if (!knowsAllOperators(domain))
      return makeError(ErrorKind::Unsupported, "is an operator of {0} that is not supported", shown);
    return makeError(ErrorKind::Model, "{0} has no operator of this name", shown);
  }
  if (!sinceVersion(domain, node.op_type(), opset))
    return makeError(ErrorKind::Model, "is an operator since version {0} of {1}, but the model imports version {2}",
                     firstVersion(domain, node.op_type()), shown, opset);
  return opset;
}

llvm::Expected<SmallVector<Value>> GraphImporter::importInputs(const proto::NodeProto &node, const Scope &scope) {
  SmallVector<Value> inputs;
  for (const std::string &name : node.input()) {
    Value value = name.empty() ? none : scope.lookup(name);
    if (!value)
      return makeError(ErrorKind::Model,
                       "input {0} is neither an input of the graph, an initializer nor an output of a node",
                       quoted(name));
    inputs.push_back(value);
  }
  return inputs;
}

llvm::Error GraphImporter::importOperator(proto::NodeProto &node, Scope &scope) {
  if (node.op_type().empty())
    return makeError(ErrorKind::Model, "has no operator");
  auto opset = findOpset(node, scope, modelOpsets);
  if (!opset)
    return opset.takeError();
  auto inputs = importInputs(node, scope);
  if (!inputs)
    return inputs.takeError();

  OperationState state(nameLocation(scope.namePrefix + nodeName(node), builder), onnx::NodeOp::getOperationName());
  state.addOperands(*inputs);
  state.addAttribute("op_type", builder.getStringAttr(node.op_type()));
  state.addAttribute("opset", builder.getI64IntegerAttr(*opset));
  if (llvm::StringRef domain = normalizedDomain(node.domain()); !domain.empty())
    state.addAttribute("domain", builder.getStringAttr(domain));
  if (!node.name().empty())
    state.addAttribute("name", builder.getStringAttr(scope.namePrefix + node.name()));
  SmallVector<llvm::StringRef> outputNames(node.output().begin(), node.output().end());
  state.addAttribute("output_names", builder.getStrArrayAttr(outputNames));
  for (const std::string &output : node.output())
    state.addTypes(output.empty() ? Type(builder.getNoneType()) : Type(onnx::ValueType::get(builder.getContext())));
  if (llvm::Error error = importAttributes(node, scope, state))
    return error;

  Operation *op = builder.create(state);
  for (auto [name, result] : llvm::zip_equal(node.output(), op->getResults()))
    if (!name.empty())
      if (llvm::Error error = scope.define(name, result))
        return error;
  return llvm::Error::success();
}

llvm::Error GraphImporter::importAttributes(proto::NodeProto &node, Scope &scope, OperationState &state) {
  llvm::StringSet<> seen;
  SmallVector<NamedAttribute> attributes;
  SmallVector<llvm::StringRef> regionNames;
  for (proto::AttributeProto &given : *node.mutable_attribute()) {
    llvm::StringRef name = given.name();
    if (name.empty())
      return makeError(ErrorKind::Model, "has an attribute without a name");
    if (!seen.insert(name).second)
      return makeError(ErrorKind::Model, "attribute {0} is given twice", quoted(name));
    auto attribute = resolveAttribute(given, scope.call);
    if (!attribute)
      return attribute.takeError();
    if (!*attribute)
      continue;
    proto::AttributeProto::AttributeType type = attributeType(**attribute);
    if (type == proto::AttributeProto::GRAPHS || (type == proto::AttributeProto::GRAPH && *attribute != &given))
      return makeError(ErrorKind::Unsupported, "attribute {0} is {1}", quoted(name),
                       type == proto::AttributeProto::GRAPHS ? "a list of graphs" : "a graph passed to a function");
    if (type == proto::AttributeProto::GRAPH) {
      regionNames.push_back(name);
      if (llvm::Error error = importRegion(*given.mutable_g(), scope, *state.addRegion()))
        return withContext(name, std::move(error));
      continue;
    }
    auto imported = importAttribute(**attribute, nodeName(node), constants, builder);
    if (!imported)
      return withContext("attribute " + quoted(name), imported.takeError());
    attributes.push_back(builder.getNamedAttr(name, *imported));
  }
  if (!attributes.empty())
    state.addAttribute(onnx::NodeOp::kNodeAttrs, builder.getDictionaryAttr(attributes));
  if (!regionNames.empty())
    state.addAttribute("region_names", builder.getStrArrayAttr(regionNames));
  return llvm::Error::success();
}

llvm::Error GraphImporter::importRegion(proto::GraphProto &graph, const Scope &outer, Region &region) {
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&region);
  Scope scope{&outer, outer.opsets, outer.call, outer.namePrefix, {}};
  for (const proto::ValueInfoProto &input : graph.input()) {
    Type type = onnx::ValueType::get(builder.getContext());
    Value argument = block->addArgument(type, nameLocation(input.name(), builder));
    if (llvm::Error error = scope.define(input.name(), argument))
      return error;
  }
  auto outputs = importGraph(graph, scope);
  if (!outputs)
    return outputs.takeError();
  builder.create<onnx::YieldOp>(builder.getUnknownLoc(), *outputs);
  return llvm::Error::success();
}

//===-- Functions ---------------------------------------------------------------------------------------------===//

llvm::Error GraphImporter::importCall(proto::NodeProto &node, proto::FunctionProto &function, Scope &scope) {
  if (llvm::is_contained(callStack, &function))
    return makeError(ErrorKind::Model, "function {0} calls itself", quoted(function.name()));
  if (callStack.size() >= kMaxGraphDepth)
    return makeError(ErrorKind::Model, "functions call each other more than {0} deep", kMaxGraphDepth);
  if (node.input_size() > function.input_size() || node.output_size() > function.output_size())
    return makeError(ErrorKind::Model, "has {0} inputs and {1} outputs, but function {2} has {3} and {4}",
                     node.input_size(), node.output_size(), quoted(function.name()), function.input_size(),
                     function.output_size());
  auto attributes = bindCallAttributes(node, function, scope.call);
  if (!attributes)
    return attributes.takeError();
  auto inputs = importInputs(node, scope);
  if (!inputs)
    return inputs.takeError();
  inputs->resize(function.input_size(), none);

  OpsetVersions opsets = importedOpsets(function.opset_import());
  llvm::StringRef callName = node.name().empty() ? function.name() : node.name();
  Scope body{nullptr, &opsets, &*attributes, scope.namePrefix + callName.str() + "/", {}};
  if (llvm::Error error = importFunctionBody(function, *inputs, body))
    return error;
  for (auto [name, formal] : llvm::zip(node.output(), function.output())) {
    Value value = body.lookup(formal);
    if (!value)
      return makeError(ErrorKind::Model, "output {0} of function {1} is not produced by any node", quoted(formal),
                       quoted(function.name()));
    if (!name.empty())
      if (llvm::Error error = scope.define(name, value))
        return error;
  }
  return llvm::Error::success();
}

llvm::Error GraphImporter::importFunctionBody(proto::FunctionProto &function, ArrayRef<Value> inputs, Scope &body) {
  callStack.push_back(&function);
  auto popCall = llvm::make_scope_exit([&] { callStack.pop_back(); });
  for (auto [formal, value] : llvm::zip_equal(function.input(), inputs))
    if (llvm::Error error = body.define(formal, value))
      return error;
  return importNodes(*function.mutable_node(), body);
}
