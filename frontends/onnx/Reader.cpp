#include "frontends/onnx/Reader.h"
#include "frontends/onnx/OpSupport.h"
#include "llvm/Support/Path.h"
#include <google/protobuf/io/coded_stream.h>

using namespace quern;

llvm::StringRef quern::normalizedDomain(llvm::StringRef domain) {
  return domain == "ai.onnx" ? "" : domain;
}

std::string quern::domainText(llvm::StringRef domain) {
  return domain.empty() || domain == "ai.onnx" ? "ai.onnx" : quoted(domain);
}

// A subgraph costs three messages: attribute, graph, node. The rest is for what lies above and below the graphs.
static constexpr int maxMessageDepth = 3 * kMaxGraphDepth + 20;

static int graphDepth(const proto::GraphProto &graph);

static int graphDepth(const google::protobuf::RepeatedPtrField<proto::NodeProto> &nodes) {
  int deepest = 0;
  for (const proto::NodeProto &node : nodes)
    for (const proto::AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        deepest = std::max(deepest, graphDepth(attribute.g()));
      for (const proto::GraphProto &graph : attribute.graphs())
        deepest = std::max(deepest, graphDepth(graph));
    }
  return deepest;
}

// Recursion is bounded by maxMessageDepth.
static int graphDepth(const proto::GraphProto &graph) {
  return 1 + graphDepth(graph.node());
}

static llvm::Error parse(llvm::StringRef bytes, proto::ModelProto &model) {
  if (bytes.empty())
    return makeError(ErrorKind::Model, "is empty, not an ONNX model");
  if (bytes.size() > static_cast<size_t>(INT_MAX))
    return makeError(ErrorKind::Model,
                     "has {0} bytes, but an ONNX file holds at most {1}; save its weights as external data",
                     bytes.size(), INT_MAX);
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t *>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(maxMessageDepth);
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return makeError(ErrorKind::Model,
                     "is not an ONNX model, or is truncated, damaged or nested more than {0} graphs deep",
                     kMaxGraphDepth);
  return llvm::Error::success();
}

// Versions beyond these exist in files of newer ONNX releases only.
static llvm::Error checkOpset(const proto::OperatorSetIdProto &opset) {
  // A domain that is imported but not used does no harm.
  std::optional<int64_t> newest = newestOpset(normalizedDomain(opset.domain()));
  if (!newest)
    return llvm::Error::success();
  std::string domain = domainText(opset.domain());
  if (opset.version() > *newest)
    return makeError(ErrorKind::Unsupported, "imports operator set {0} of {1}; the newest supported is {2}",
                     opset.version(), domain, *newest);
  if (opset.version() < 1)
    return makeError(ErrorKind::Model, "imports operator set {0} of {1}; versions begin at 1", opset.version(), domain);
  return llvm::Error::success();
}

static llvm::Error check(const proto::ModelProto &model) {
  if (!model.has_ir_version() || !model.has_graph())
    return makeError(ErrorKind::Model, "is not an ONNX model: it has no {0}",
                     model.has_graph() ? "ir_version" : "graph");
  if (model.ir_version() > kMaxIrVersion)
    return makeError(ErrorKind::Unsupported, "has IR version {0}; the newest supported is {1}", model.ir_version(),
                     kMaxIrVersion);
  if (model.ir_version() < 1)
    return makeError(ErrorKind::Model, "has IR version {0}; versions begin at 1", model.ir_version());
  if (model.ir_version() >= 3 && model.opset_import().empty())
    return makeError(ErrorKind::Model, "imports no operator set, as IR version {0} must", model.ir_version());
  for (const proto::OperatorSetIdProto &opset : model.opset_import())
    if (llvm::Error error = checkOpset(opset))
      return error;

  int depth = graphDepth(model.graph());
  for (const proto::FunctionProto &function : model.functions()) {
    depth = std::max(depth, 1 + graphDepth(function.node()));
    for (const proto::OperatorSetIdProto &opset : function.opset_import())
      if (llvm::Error error = checkOpset(opset))
        return withContext("function " + quoted(function.name()), std::move(error));
  }
  if (depth > kMaxGraphDepth)
    return makeError(ErrorKind::Model, "nests graphs {0} deep; the limit is {1}", depth, kMaxGraphDepth);
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<Model>> quern::readModelBytes(llvm::StringRef bytes, llvm::StringRef folder) {
  auto model = std::make_unique<Model>(Model{{}, ModelFolder(folder)});
  if (llvm::Error error = parse(bytes, model->proto))
    return std::move(error);
  if (llvm::Error error = check(model->proto))
    return std::move(error);
  return model;
}

llvm::Expected<std::unique_ptr<Model>> quern::readModelFile(llvm::StringRef path) {
  auto file = mapFile(path);
  if (!file)
    return file.takeError();
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  return readModelBytes((*file)->bytes(), folder.empty() ? "." : folder);
}
