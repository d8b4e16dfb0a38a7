#include "frontends/onnx/ImportAttribute.h"
#include "frontends/onnx/ImportConstant.h"
#include "frontends/onnx/ImportType.h"

using namespace mlir;
using namespace quern;

using proto::AttributeProto;

std::string ConstantCache::uniqueName(llvm::StringRef name) {
  int count = nameCounts[name]++;
  return count == 0 ? name.str() : llvm::formatv("{0}_{1}", name, count).str();
}

llvm::Expected<ElementsAttr> ConstantCache::import(proto::TensorProto &tensor, llvm::StringRef name) {
  if (ElementsAttr found = known.lookup(&tensor))
    return found;
  auto data = takeTensorData(tensor, folder);
  if (!data)
    return data.takeError();
  return known[&tensor] = importConstant(std::move(*data), uniqueName(name), context);
}

llvm::Expected<ElementsAttr> ConstantCache::import(proto::SparseTensorProto &tensor, llvm::StringRef name) {
  if (ElementsAttr found = known.lookup(&tensor))
    return found;
  auto data = takeSparseTensorData(tensor, folder);
  if (!data)
    return data.takeError();
  return known[&tensor] = importConstant(std::move(*data), uniqueName(name), context);
}

AttributeProto::AttributeType quern::attributeType(const AttributeProto &attribute) {
  if (attribute.type() != AttributeProto::UNDEFINED)
    return attribute.type();
  const std::pair<bool, AttributeProto::AttributeType> fields[] = {
      {attribute.has_f(), AttributeProto::FLOAT},
      {attribute.has_i(), AttributeProto::INT},
      {attribute.has_s(), AttributeProto::STRING},
      {attribute.has_t(), AttributeProto::TENSOR},
      {attribute.has_g(), AttributeProto::GRAPH},
      {attribute.has_tp(), AttributeProto::TYPE_PROTO},
      {attribute.has_sparse_tensor(), AttributeProto::SPARSE_TENSOR},
      {attribute.floats_size() > 0, AttributeProto::FLOATS},
      {attribute.ints_size() > 0, AttributeProto::INTS},
      {attribute.strings_size() > 0, AttributeProto::STRINGS},
      {attribute.tensors_size() > 0, AttributeProto::TENSORS},
      {attribute.graphs_size() > 0, AttributeProto::GRAPHS},
      {attribute.type_protos_size() > 0, AttributeProto::TYPE_PROTOS},
      {attribute.sparse_tensors_size() > 0, AttributeProto::SPARSE_TENSORS},
  };
  for (auto [used, type] : fields)
    if (used)
      return type;
  return AttributeProto::UNDEFINED;
}

// Imports each of a repeated field into an array.
template <typename T, typename Import>
static llvm::Expected<Attribute> importArray(google::protobuf::RepeatedPtrField<T> &items, Builder &builder,
                                             Import import) {
  SmallVector<Attribute> attributes;
  for (T &item : items) {
    auto attribute = import(item);
    if (!attribute)
      return withContext("element " + std::to_string(attributes.size()), attribute.takeError());
    attributes.push_back(*attribute);
  }
  return builder.getArrayAttr(attributes);
}

llvm::Expected<Attribute> quern::importAttribute(AttributeProto &attribute, llvm::StringRef owner,
                                                 ConstantCache &constants, Builder &builder) {
  auto importTypeAttr = [&](const proto::TypeProto &type) -> llvm::Expected<Attribute> {
    auto imported = importType(type, builder.getContext());
    if (!imported)
      return imported.takeError();
    return TypeAttr::get(*imported);
  };
  auto importTensor = [&](auto &tensor) -> llvm::Expected<Attribute> {
    auto elements = constants.import(tensor, owner);
    if (!elements)
      return elements.takeError();
    return Attribute(*elements);
  };
  switch (attributeType(attribute)) {
  case AttributeProto::FLOAT:
    return builder.getF32FloatAttr(attribute.f());
  case AttributeProto::INT:
    return builder.getI64IntegerAttr(attribute.i());
  case AttributeProto::STRING:
    return builder.getStringAttr(attribute.s());
  case AttributeProto::FLOATS:
    return builder.getDenseF32ArrayAttr(llvm::ArrayRef(attribute.floats().data(), attribute.floats_size()));
  case AttributeProto::INTS:
    return builder.getDenseI64ArrayAttr(llvm::ArrayRef(attribute.ints().data(), attribute.ints_size()));
  case AttributeProto::STRINGS:
    return importArray(
        *attribute.mutable_strings(), builder,
        [&](const std::string &text) -> llvm::Expected<Attribute> { return builder.getStringAttr(text); });
  case AttributeProto::TENSOR:
    return importTensor(*attribute.mutable_t());
  case AttributeProto::SPARSE_TENSOR:
    return importTensor(*attribute.mutable_sparse_tensor());
  case AttributeProto::TENSORS:
    return importArray(*attribute.mutable_tensors(), builder, importTensor);
  case AttributeProto::SPARSE_TENSORS:
    return importArray(*attribute.mutable_sparse_tensors(), builder, importTensor);
  case AttributeProto::TYPE_PROTO:
    return importTypeAttr(attribute.tp());
  case AttributeProto::TYPE_PROTOS:
    return importArray(*attribute.mutable_type_protos(), builder, importTypeAttr);
  case AttributeProto::GRAPH:
  case AttributeProto::GRAPHS:
    llvm_unreachable("graphs become regions");
  case AttributeProto::UNDEFINED:
    break;
  }
  return makeError(ErrorKind::Model, "has no value");
}
