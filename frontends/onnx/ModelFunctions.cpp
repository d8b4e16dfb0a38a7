#include "frontends/onnx/ModelFunctions.h"

using namespace quern;

OpsetVersions quern::importedOpsets(const google::protobuf::RepeatedPtrField<proto::OperatorSetIdProto> &opsets) {
  OpsetVersions versions;
  for (const proto::OperatorSetIdProto &opset : opsets)
    versions[normalizedDomain(opset.domain())] = opset.version();
  return versions;
}

// Names may hold any byte but cannot be confused: lengths come first.
static std::string functionKey(llvm::StringRef domain, llvm::StringRef name, llvm::StringRef overload) {
  domain = normalizedDomain(domain);
  return llvm::formatv("{0}:{1}:{2}{3}{4}", domain.size(), name.size(), domain, name, overload).str();
}

llvm::Expected<ModelFunctions> ModelFunctions::create(proto::ModelProto &model) {
  ModelFunctions result;
  for (proto::FunctionProto &function : *model.mutable_functions()) {
    std::string key = functionKey(function.domain(), function.name(), function.overload());
    if (!result.functions.try_emplace(key, &function).second)
      return makeError(ErrorKind::Model, "function {0} of domain {1} is defined twice", quoted(function.name()),
                       quoted(function.domain()));
  }
  return result;
}

proto::FunctionProto *ModelFunctions::find(const proto::NodeProto &node) const {
  if (functions.empty())
    return nullptr;
  return functions.lookup(functionKey(node.domain(), node.op_type(), node.overload()));
}

llvm::Expected<proto::AttributeProto *> quern::resolveAttribute(proto::AttributeProto &attribute,
                                                                const CallAttributes *call) {
  if (attribute.ref_attr_name().empty())
    return &attribute;
  if (!call)
    return makeError(ErrorKind::Model, "attribute {0} refers to {1}, but only functions have attributes to refer to",
                     quoted(attribute.name()), quoted(attribute.ref_attr_name()));
  return call->lookup(attribute.ref_attr_name());
}

llvm::Expected<CallAttributes> quern::bindCallAttributes(proto::NodeProto &node, proto::FunctionProto &function,
                                                         const CallAttributes *outer) {
  CallAttributes attributes;
  for (proto::AttributeProto &attribute : *node.mutable_attribute()) {
    auto resolved = resolveAttribute(attribute, outer);
    if (!resolved)
      return resolved.takeError();
    if (!attributes.try_emplace(attribute.name(), *resolved).second)
      return makeError(ErrorKind::Model, "attribute {0} is given twice", quoted(attribute.name()));
  }
  // A reference to what the outer call leaves out leaves the attribute out, so the default applies.
  for (proto::AttributeProto &attribute : *function.mutable_attribute_proto())
    if (proto::AttributeProto *&slot = attributes[attribute.name()]; !slot)
      slot = &attribute;
  return attributes;
}
