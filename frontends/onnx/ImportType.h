// TypeProto to MLIR types, and the names of dimensions.
#pragma once
#include "frontends/onnx/Reader.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"

namespace quern {

// The symbols of a graph's dimensions. A name in the file is shared by all who use it; a dimension without a name
// (dim_param "" or "?", dim_value -1, or neither) gets one of its own, made from the value's name and the axis.
class DimSymbols {
public:
  // Reserves every name in the types of these values, so that made-up names cannot meet one.
  void reserve(const google::protobuf::RepeatedPtrField<proto::ValueInfoProto> &values);
  // The name of dimension `axis` of `value`; "" when it is static.
  std::string name(const proto::TensorShapeProto::Dimension &dim, llvm::StringRef value, int axis);

private:
  llvm::StringSet<> taken;
};

// Tensor (of unknown rank without a shape), !onnx.seq, !onnx.optional or !onnx.map. Errors: Model for an unknown
// element type, a dimension below -1 or a size beyond int64; Unsupported for sparse tensors and opaque types.
llvm::Expected<mlir::Type> importType(const proto::TypeProto &type, mlir::MLIRContext *context);

// The onnx.dims of a value: null unless it is a tensor of known rank.
mlir::ArrayAttr importDims(const proto::ValueInfoProto &value, DimSymbols &symbols, mlir::Builder &builder);

} // namespace quern
