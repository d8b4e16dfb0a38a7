// AttributeProto to MLIR attributes, graphs aside.
#pragma once
#include "frontends/onnx/Reader.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace quern {

// Imports tensors and remembers them: a function's body may be expanded many times, but elements can be taken out of a
// message only once.
class ConstantCache {
public:
  ConstantCache(ModelFolder &folder, mlir::MLIRContext *context) : folder(folder), context(context) {}
  llvm::Expected<mlir::ElementsAttr> import(proto::TensorProto &tensor, llvm::StringRef name);
  llvm::Expected<mlir::ElementsAttr> import(proto::SparseTensorProto &tensor, llvm::StringRef name);

private:
  ModelFolder &folder;
  mlir::MLIRContext *context;
  // Many constants of one name (say "value") would each try the blob manager's numbers from 1 on.
  std::string uniqueName(llvm::StringRef name);

  llvm::DenseMap<const void *, mlir::ElementsAttr> known;
  llvm::StringMap<int> nameCounts;
};

// The type of an attribute; files from before IR version 2 do not say it, and it is that of the field in use.
proto::AttributeProto::AttributeType attributeType(const proto::AttributeProto &attribute);

// The form of each type is in OnnxOps.td (onnx.node). `owner` is the node, in the names of blobs. Errors do not name
// the attribute. GRAPH and GRAPHS must not come here.
llvm::Expected<mlir::Attribute> importAttribute(proto::AttributeProto &attribute, llvm::StringRef owner,
                                                ConstantCache &constants, mlir::Builder &builder);

} // namespace quern
