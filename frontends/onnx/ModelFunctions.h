// The functions that a model defines for itself, and a call's attributes.
#pragma once
#include "frontends/onnx/Reader.h"
#include "llvm/ADT/StringMap.h"

namespace quern {

// Domain ("" for the default one) to imported version.
using OpsetVersions = llvm::StringMap<int64_t>;
OpsetVersions importedOpsets(const google::protobuf::RepeatedPtrField<proto::OperatorSetIdProto> &opsets);

class ModelFunctions {
public:
  // Errors: Model for two functions with one domain, name and overload.
  static llvm::Expected<ModelFunctions> create(proto::ModelProto &model);
  // The function that a node calls, null when it is an operator. A model's function hides an operator of its name.
  proto::FunctionProto *find(const proto::NodeProto &node) const;

private:
  llvm::StringMap<proto::FunctionProto *> functions;
};

// The attributes that a function's body may refer to by ref_attr_name: the call's own, else the defaults.
using CallAttributes = llvm::StringMap<proto::AttributeProto *>;

// `attribute` itself, or what it refers to; null when it refers to one that the call leaves out.
// `call` is null outside of functions. Errors: Model for a reference there.
llvm::Expected<proto::AttributeProto *> resolveAttribute(proto::AttributeProto &attribute, const CallAttributes *call);

// Errors: Model for a call's reference outside of a function, and for an attribute given twice.
llvm::Expected<CallAttributes> bindCallAttributes(proto::NodeProto &node, proto::FunctionProto &function,
                                                  const CallAttributes *outer);

} // namespace quern
