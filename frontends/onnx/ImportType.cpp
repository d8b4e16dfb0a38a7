#include "frontends/onnx/ImportType.h"
#include "dialects/onnx/OnnxOps.h"
#include "frontends/onnx/ElementType.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace quern;

using Dimension = proto::TensorShapeProto::Dimension;

static bool isStatic(const Dimension &dim) {
  return dim.has_dim_value() && dim.dim_value() >= 0;
}

static bool isNamed(const Dimension &dim) {
  return dim.has_dim_param() && !dim.dim_param().empty() && dim.dim_param() != "?";
}

void DimSymbols::reserve(const google::protobuf::RepeatedPtrField<proto::ValueInfoProto> &values) {
  for (const proto::ValueInfoProto &value : values)
    for (const Dimension &dim : value.type().tensor_type().shape().dim())
      if (isNamed(dim))
        taken.insert(dim.dim_param());
}

std::string DimSymbols::name(const Dimension &dim, llvm::StringRef value, int axis) {
  if (isStatic(dim))
    return "";
  if (isNamed(dim))
    return dim.dim_param();
  std::string base = value.str() + "_" + std::to_string(axis);
  std::string candidate = base;
  for (int suffix = 1; !taken.insert(candidate).second; ++suffix)
    candidate = base + "_" + std::to_string(suffix);
  return candidate;
}

static llvm::Expected<Type> importElementType(int32_t code, MLIRContext *context) {
  const ElementType *type = findElementType(code);
  if (!type)
    return makeError(ErrorKind::Model, "has element type {0}, which ONNX does not define", code);
  return type->build(context);
}

static llvm::Expected<Type> importTensorType(const proto::TypeProto::Tensor &tensor, MLIRContext *context) {
  auto element = importElementType(tensor.elem_type(), context);
  if (!element)
    return element.takeError();
  if (!tensor.has_shape())
    return UnrankedTensorType::get(*element);
  SmallVector<int64_t> dims;
  int64_t bits = 128; // of the widest element
  for (auto [axis, dim] : llvm::enumerate(tensor.shape().dim())) {
    if (dim.has_dim_value() && dim.dim_value() < -1)
      return makeError(ErrorKind::Model, "has dimension {0} at axis {1}; a size is at least 0, and -1 means unknown",
                       dim.dim_value(), axis);
    dims.push_back(isStatic(dim) ? dim.dim_value() : ShapedType::kDynamic);
    std::optional<int64_t> next = llvm::checkedMul(bits, isStatic(dim) ? std::max<int64_t>(dim.dim_value(), 1) : 1);
    if (!next)
      return makeError(ErrorKind::Model, "has dimension {0} at axis {1}, which makes it larger than any memory",
                       dim.dim_value(), axis);
    bits = *next;
  }
  return RankedTensorType::get(dims, *element);
}

// Nested types recurse as deep as the reader's limit on messages.
llvm::Expected<Type> quern::importType(const proto::TypeProto &type, MLIRContext *context) {
  auto nested = [&](const proto::TypeProto &inner, auto make) -> llvm::Expected<Type> {
    auto element = importType(inner, context);
    if (!element)
      return element.takeError();
    return make(*element);
  };
  switch (type.value_case()) {
  case proto::TypeProto::kTensorType:
    return importTensorType(type.tensor_type(), context);
  case proto::TypeProto::kSequenceType:
    return nested(type.sequence_type().elem_type(),
                  [](Type element) { return onnx::SequenceType::get(element.getContext(), element); });
  case proto::TypeProto::kOptionalType:
    return nested(type.optional_type().elem_type(),
                  [](Type element) { return onnx::OptionalType::get(element.getContext(), element); });
  case proto::TypeProto::kMapType: {
    auto key = importElementType(type.map_type().key_type(), context);
    if (!key)
      return key.takeError();
    return nested(type.map_type().value_type(), [&](Type value) { return onnx::MapType::get(context, *key, value); });
  }
  case proto::TypeProto::kSparseTensorType:
    return makeError(ErrorKind::Unsupported, "is a sparse tensor; only constants may be sparse");
  case proto::TypeProto::kOpaqueType:
    return makeError(ErrorKind::Unsupported, "is of the opaque type {0}", quoted(type.opaque_type().name()));
  case proto::TypeProto::VALUE_NOT_SET:
    break;
  }
  return makeError(ErrorKind::Model, "has no type");
}

ArrayAttr quern::importDims(const proto::ValueInfoProto &value, DimSymbols &symbols, Builder &builder) {
  if (!value.type().has_tensor_type() || !value.type().tensor_type().has_shape())
    return nullptr;
  SmallVector<Attribute> names;
  for (auto [axis, dim] : llvm::enumerate(value.type().tensor_type().shape().dim()))
    names.push_back(builder.getStringAttr(symbols.name(dim, value.name(), axis)));
  return builder.getArrayAttr(names);
}
