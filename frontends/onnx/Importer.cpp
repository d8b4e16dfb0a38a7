#include "frontends/onnx/Importer.h"
#include "dialects/onnx/OnnxOps.h"
#include "frontends/onnx/GraphImporter.h"
#include "frontends/onnx/ImportType.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace quern;

using Values = google::protobuf::RepeatedPtrField<proto::ValueInfoProto>;

//===-- The module --------------------------------------------------------------------------------------------===//

static void setModuleAttributes(ModuleOp module, const proto::ModelProto &model) {
  Builder builder(module.getContext());
  module->setAttr("quern.name", builder.getStringAttr(model.graph().name()));
  const std::pair<llvm::StringLiteral, int64_t> numbers[] = {{"onnx.ir_version", model.ir_version()},
                                                             {"onnx.model_version", model.model_version()}};
  for (auto [name, value] : numbers)
    module->setAttr(name, builder.getI64IntegerAttr(value));
  const std::pair<llvm::StringLiteral, llvm::StringRef> texts[] = {{"onnx.domain", model.domain()},
                                                                   {"onnx.doc", model.doc_string()},
                                                                   {"onnx.producer", model.producer_name()},
                                                                   {"onnx.producer_version", model.producer_version()}};
  for (auto [name, value] : texts)
    if (!value.empty())
      module->setAttr(name, builder.getStringAttr(value));

  SmallVector<NamedAttribute> opsets;
  for (const auto &entry : importedOpsets(model.opset_import()))
    opsets.push_back(builder.getNamedAttr(entry.getKey().empty() ? "ai.onnx" : entry.getKey(),
                                          builder.getI64IntegerAttr(entry.getValue())));
  module->setAttr(onnx::kOpsetAttr, builder.getDictionaryAttr(opsets));

  SmallVector<Attribute> metadata;
  for (const proto::StringStringEntryProto &entry : model.metadata_props())
    metadata.push_back(builder.getStrArrayAttr({entry.key(), entry.value()}));
  if (!metadata.empty())
    module->setAttr(onnx::kMetadataAttr, builder.getArrayAttr(metadata));
}

//===-- Inputs and outputs ------------------------------------------------------------------------------------===//

static llvm::Error checkNames(const Values &values, llvm::StringRef what) {
  llvm::StringSet<> seen;
  for (const proto::ValueInfoProto &value : values) {
    if (value.name().empty())
      return makeError(ErrorKind::Model, "an {0} of the graph has no name", what);
    if (!seen.insert(value.name()).second)
      return makeError(ErrorKind::Model, "{0} {1} is listed twice", what, quoted(value.name()));
  }
  return llvm::Error::success();
}

// What a caller passes: files before IR version 4 list the initializers among the inputs, later ones those whose value
// is a default. Both are constants here.
static SmallVector<const proto::ValueInfoProto *> trueInputs(const proto::GraphProto &graph) {
  llvm::StringSet<> initializers;
  for (const proto::TensorProto &tensor : graph.initializer())
    initializers.insert(tensor.name());
  for (const proto::SparseTensorProto &tensor : graph.sparse_initializer())
    initializers.insert(tensor.values().name());
  SmallVector<const proto::ValueInfoProto *> inputs;
  for (const proto::ValueInfoProto &input : graph.input())
    if (!initializers.contains(input.name()))
      inputs.push_back(&input);
  return inputs;
}

static llvm::Expected<Type> importInputType(const proto::ValueInfoProto &input, MLIRContext *context) {
  std::string what = "input " + quoted(input.name());
  auto type = importType(input.type(), context);
  if (!type)
    return withContext(what, type.takeError());
  if (isa<UnrankedTensorType>(*type))
    return makeError(ErrorKind::Unsupported, "{0} has no shape; its rank must be known", what);
  return type;
}

static NamedAttrList describeValue(const proto::ValueInfoProto &value, DimSymbols &symbols, Builder &builder) {
  NamedAttrList attributes;
  attributes.set(onnx::kNameAttr, builder.getStringAttr(value.name()));
  if (ArrayAttr dims = importDims(value, symbols, builder))
    attributes.set(onnx::kDimsAttr, dims);
  return attributes;
}

static llvm::Expected<NamedAttrList> describeOutput(const proto::ValueInfoProto &output, DimSymbols &symbols,
                                                    Builder &builder) {
  if (output.type().value_case() == proto::TypeProto::VALUE_NOT_SET) {
    NamedAttrList attributes;
    attributes.set(onnx::kNameAttr, builder.getStringAttr(output.name()));
    return attributes;
  }
  auto type = importType(output.type(), builder.getContext());
  if (!type)
    return withContext("output " + quoted(output.name()), type.takeError());
  NamedAttrList attributes = describeValue(output, symbols, builder);
  attributes.set(onnx::kTypeAttr, TypeAttr::get(*type));
  return attributes;
}

//===-- The graph ---------------------------------------------------------------------------------------------===//

// An empty @main with the graph's inputs for arguments.
static llvm::Expected<func::FuncOp> createMain(ModuleOp module, ArrayRef<const proto::ValueInfoProto *> inputs,
                                               DimSymbols &symbols) {
  OpBuilder builder(module.getBodyRegion());
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  for (const proto::ValueInfoProto *input : inputs) {
    auto type = importInputType(*input, builder.getContext());
    if (!type)
      return type.takeError();
    types.push_back(*type);
    attributes.push_back(describeValue(*input, symbols, builder).getDictionary(builder.getContext()));
  }
  auto main = builder.create<func::FuncOp>(builder.getUnknownLoc(), "main", builder.getFunctionType(types, {}));
  main.setAllArgAttrs(attributes);
  main.addEntryBlock();
  return main;
}

// Ends @main with the graph's outputs and gives it their types.
static llvm::Error finishMain(func::FuncOp main, ArrayRef<Value> outputs, const Values &declared, DimSymbols &symbols) {
  OpBuilder builder = OpBuilder::atBlockEnd(&main.getBody().front());
  SmallVector<DictionaryAttr> attributes;
  for (const proto::ValueInfoProto &output : declared) {
    auto described = describeOutput(output, symbols, builder);
    if (!described)
      return described.takeError();
    attributes.push_back(described->getDictionary(builder.getContext()));
  }
  builder.create<func::ReturnOp>(builder.getUnknownLoc(), outputs);
  main.setFunctionType(builder.getFunctionType(main.getArgumentTypes(), ValueRange(outputs).getTypes()));
  main.setAllResultAttrs(attributes);
  return llvm::Error::success();
}

static llvm::Error importMain(ModuleOp module, Model &model) {
  proto::GraphProto &graph = *model.proto.mutable_graph();
  if (llvm::Error error = checkNames(graph.input(), "input"))
    return error;
  if (llvm::Error error = checkNames(graph.output(), "output"))
    return error;
  if (graph.output().empty())
    return makeError(ErrorKind::Model, "the graph has no outputs");
  auto functions = ModelFunctions::create(model.proto);
  if (!functions)
    return functions.takeError();

  DimSymbols symbols;
  symbols.reserve(graph.input());
  symbols.reserve(graph.output());
  SmallVector<const proto::ValueInfoProto *> inputs = trueInputs(graph);
  auto main = createMain(module, inputs, symbols);
  if (!main)
    return main.takeError();

  OpBuilder builder = OpBuilder::atBlockBegin(&main->getBody().front());
  Value none = builder.create<onnx::NoneOp>(builder.getUnknownLoc(), builder.getNoneType());
  OpsetVersions opsets = importedOpsets(model.proto.opset_import());
  // IR versions 1 and 2 have no opset_import; their operators are of version 1.
  if (model.proto.ir_version() < 3)
    opsets.try_emplace("", 1);
  Scope scope{nullptr, &opsets, nullptr, "", {}};
  for (auto [input, argument] : llvm::zip_equal(inputs, main->getArguments()))
    if (llvm::Error error = scope.define(input->name(), argument))
      return error;
  GraphImporter importer(model, std::move(*functions), builder, none);
  auto outputs = importer.importGraph(graph, scope);
  if (!outputs)
    return outputs.takeError();
  if (none.use_empty())
    none.getDefiningOp()->erase();
  return finishMain(*main, *outputs, graph.output(), symbols);
}

// The door of this phase. What fails here is the importer's fault.
static llvm::Error verifyModule(ModuleOp module) {
  std::string text;
  ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &diagnostic) {
    if (text.empty())
      text = diagnostic.str();
    return success();
  });
  if (succeeded(verify(module)))
    return llvm::Error::success();
  return makeError(ErrorKind::Internal, "the imported module is not valid: {0}", text);
}

static llvm::Expected<OwningOpRef<ModuleOp>> importModel(llvm::Expected<std::unique_ptr<Model>> model,
                                                         MLIRContext &context) {
  if (!model)
    return model.takeError();
  context.loadDialect<onnx::OnnxDialect, func::FuncDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  setModuleAttributes(*module, (*model)->proto);
  if (llvm::Error error = importMain(*module, **model))
    return std::move(error);
  if (llvm::Error error = verifyModule(*module))
    return std::move(error);
  return module;
}

// Puts the model's name before the message.
static llvm::Expected<OwningOpRef<ModuleOp>> named(llvm::StringRef name, llvm::Expected<OwningOpRef<ModuleOp>> module) {
  if (module)
    return module;
  std::string text = quoted(name);
  return withContext(llvm::StringRef(text).drop_front().drop_back(), module.takeError());
}

llvm::Expected<OwningOpRef<ModuleOp>> quern::importOnnxFile(llvm::StringRef path, MLIRContext &context) {
  return named(path, importModel(readModelFile(path), context));
}

llvm::Expected<OwningOpRef<ModuleOp>> quern::importOnnxBytes(llvm::StringRef bytes, llvm::StringRef name,
                                                             llvm::StringRef folder, MLIRContext &context) {
  return named(name, importModel(readModelBytes(bytes, folder), context));
}
