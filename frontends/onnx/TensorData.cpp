#include "frontends/onnx/TensorData.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace quern;

static_assert(llvm::endianness::native == llvm::endianness::little, "raw data is used as it lies in the file");

std::string quern::shapeText(llvm::ArrayRef<int64_t> dims) {
  if (dims.empty())
    return "scalar";
  std::string text;
  for (int64_t dim : dims)
    text += (text.empty() ? "" : "x") + std::to_string(dim);
  return text;
}

// Type, dims and count; no elements.
static llvm::Expected<TensorData> describe(int32_t code, llvm::ArrayRef<int64_t> dims) {
  TensorData data;
  data.type = findElementType(code);
  if (!data.type)
    return makeError(ErrorKind::Model, "has element type {0}, which ONNX does not define", code);
  data.dims.assign(dims.begin(), dims.end());
  // The product without zeros is checked too: strides are computed from it.
  int64_t product = 1;
  for (int64_t dim : dims) {
    if (dim < 0)
      return makeError(ErrorKind::Model, "has the negative dimension {0} in {1}", dim, shapeText(dims));
    std::optional<int64_t> next = llvm::checkedMul(product, std::max<int64_t>(dim, 1));
    if (!next)
      return makeError(ErrorKind::Model, "has more than 2^63 elements: {0}", shapeText(dims));
    product = *next;
  }
  if (data.type->bits != 0 && !llvm::checkedMul<int64_t>(product, data.type->bits))
    return makeError(ErrorKind::Model, "has more than 2^63 bits: {0} of {1}", shapeText(dims), data.type->name);
  data.elementCount = llvm::is_contained(dims, 0) ? 0 : product;
  return data;
}

static int64_t byteCount(const TensorData &data) {
  return llvm::divideCeil(static_cast<uint64_t>(data.elementCount) * data.type->bits, 8);
}

static std::string typeText(const TensorData &data) {
  return llvm::formatv("{0} of {1}", data.type->name, shapeText(data.dims)).str();
}

//===-- Typed fields ------------------------------------------------------------------------------------------===//

// A field whose entries have the elements' own form: the field becomes the owner.
template <typename T> static void moveField(google::protobuf::RepeatedField<T> *field, TensorData &data) {
  auto owner = std::make_shared<google::protobuf::RepeatedField<T>>(std::move(*field));
  data.bytes = {reinterpret_cast<const char *>(owner->data()), owner->size() * sizeof(T)};
  data.owner = std::move(owner);
}

// A field of wider entries: the low bytes of each are an element (or a byte of packed elements).
template <typename T> static void narrowField(google::protobuf::RepeatedField<T> *field, TensorData &data) {
  size_t width = std::max(data.type->bits / 8, 1u);
  auto owner = std::make_shared<std::string>();
  owner->resize(field->size() * width);
  for (int i = 0; i < field->size(); ++i)
    std::memcpy(owner->data() + i * width, &field->data()[i], width);
  field->Clear();
  data.bytes = *owner;
  data.owner = std::move(owner);
}

static llvm::Error takeStrings(proto::TensorProto &tensor, TensorData &data) {
  if (tensor.string_data_size() != data.elementCount)
    return makeError(ErrorKind::Model, "has {0} strings in string_data, but its shape {1} needs {2}",
                     tensor.string_data_size(), shapeText(data.dims), data.elementCount);
  data.strings.assign(std::make_move_iterator(tensor.mutable_string_data()->begin()),
                      std::make_move_iterator(tensor.mutable_string_data()->end()));
  return llvm::Error::success();
}

// The one field the type allows. Others are reported by checkFields.
static llvm::StringRef takeTypedField(proto::TensorProto &tensor, TensorData &data) {
  switch (data.type->field) {
  case TypedField::Float:
    moveField(tensor.mutable_float_data(), data);
    return "float_data";
  case TypedField::Int32:
    if (data.type->bits == 32)
      moveField(tensor.mutable_int32_data(), data);
    else
      narrowField(tensor.mutable_int32_data(), data);
    return "int32_data";
  case TypedField::Int64:
    moveField(tensor.mutable_int64_data(), data);
    return "int64_data";
  case TypedField::Double:
    moveField(tensor.mutable_double_data(), data);
    return "double_data";
  case TypedField::UInt64:
    if (data.type->bits == 64)
      moveField(tensor.mutable_uint64_data(), data);
    else
      narrowField(tensor.mutable_uint64_data(), data);
    return "uint64_data";
  case TypedField::String:
    break;
  }
  llvm_unreachable("strings are taken by takeStrings");
}

// Elements may lie in one place only, and typed ones in the type's own field.
static llvm::Error checkFields(const proto::TensorProto &tensor, const ElementType &type) {
  struct Field {
    llvm::StringLiteral name;
    int size;
    TypedField field;
  };
  const Field fields[] = {
      {"float_data", tensor.float_data_size(), TypedField::Float},
      {"int32_data", tensor.int32_data_size(), TypedField::Int32},
      {"int64_data", tensor.int64_data_size(), TypedField::Int64},
      {"double_data", tensor.double_data_size(), TypedField::Double},
      {"uint64_data", tensor.uint64_data_size(), TypedField::UInt64},
      {"string_data", tensor.string_data_size(), TypedField::String},
  };
  bool external = tensor.data_location() == proto::TensorProto::EXTERNAL;
  llvm::StringRef place = external ? "external_data" : !tensor.raw_data().empty() ? "raw_data" : "";
  for (const Field &field : fields) {
    if (field.size == 0)
      continue;
    if (!place.empty())
      return makeError(ErrorKind::Model, "has elements in both {0} and {1}", place, field.name);
    if (field.field != type.field)
      return makeError(ErrorKind::Model, "of type {0} has elements in {1}", type.name, field.name);
  }
  if (external && !tensor.raw_data().empty())
    return makeError(ErrorKind::Model, "has elements in both external_data and raw_data");
  if (type.field == TypedField::String && !place.empty())
    return makeError(ErrorKind::Model, "of type string has elements in {0}", place);
  return llvm::Error::success();
}

//===-- External data -----------------------------------------------------------------------------------------===//

namespace {
struct ExternalRange {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};
} // namespace

// Keys other than these (checksum, and what exporters add) say nothing about where the bytes lie.
static llvm::Expected<ExternalRange> parseRange(const proto::TensorProto &tensor) {
  ExternalRange range;
  for (const proto::StringStringEntryProto &entry : tensor.external_data()) {
    if (entry.key() == "location") {
      range.location = entry.value();
    } else if (entry.key() == "offset" || entry.key() == "length") {
      uint64_t number;
      if (llvm::StringRef(entry.value()).getAsInteger(10, number))
        return makeError(ErrorKind::Model, "has external data with {0} {1}, which is no number of bytes", entry.key(),
                         quoted(entry.value()));
      if (entry.key() == "offset")
        range.offset = number;
      else
        range.length = number;
    }
  }
  if (range.location.empty())
    return makeError(ErrorKind::Model, "has external data without a location");
  return range;
}

static llvm::Error takeExternal(const proto::TensorProto &tensor, ModelFolder &folder, TensorData &data) {
  auto range = parseRange(tensor);
  if (!range)
    return range.takeError();
  uint64_t needed = byteCount(data);
  if (range->length && *range->length != needed)
    return makeError(ErrorKind::Model, "has {0} bytes of external data, but {1} needs {2}", *range->length,
                     typeText(data), needed);
  auto file = folder.map(range->location);
  if (!file)
    return file.takeError();
  uint64_t size = (*file)->bytes().size();
  if (range->offset > size || needed > size - range->offset)
    return makeError(ErrorKind::Model, "needs {0} bytes at offset {1} of {2}, which has {3}", needed, range->offset,
                     quoted(range->location), size);
  data.bytes = (*file)->bytes().substr(range->offset, needed);
  data.owner = *file;
  return llvm::Error::success();
}

//===-- Dense and sparse --------------------------------------------------------------------------------------===//

// Any byte but 0 is true in files; from here on a true is 1.
static void normalizeBools(TensorData &data) {
  if (data.type->code != proto::TensorProto::BOOL || llvm::all_of(data.bytes, [](char c) { return c == 0 || c == 1; }))
    return;
  auto owner = std::make_shared<std::string>(data.bytes);
  for (char &c : *owner)
    c = c != 0;
  data.bytes = *owner;
  data.owner = std::move(owner);
}

llvm::Expected<TensorData> quern::takeTensorData(proto::TensorProto &tensor, ModelFolder &folder) {
  auto data = describe(tensor.data_type(), llvm::ArrayRef(tensor.dims().data(), tensor.dims_size()));
  if (!data)
    return data.takeError();
  if (tensor.has_segment())
    return makeError(ErrorKind::Unsupported, "is stored in segments");
  if (llvm::Error error = checkFields(tensor, *data->type))
    return std::move(error);
  if (data->type->field == TypedField::String) {
    if (llvm::Error error = takeStrings(tensor, *data))
      return std::move(error);
    return data;
  }
  if (tensor.data_location() == proto::TensorProto::EXTERNAL) {
    if (llvm::Error error = takeExternal(tensor, folder, *data))
      return std::move(error);
  } else {
    llvm::StringRef place = "raw_data";
    if (!tensor.raw_data().empty()) {
      auto owner = std::make_shared<std::string>(std::move(*tensor.mutable_raw_data()));
      data->bytes = *owner;
      data->owner = std::move(owner);
    } else {
      place = takeTypedField(tensor, *data);
    }
    if (static_cast<int64_t>(data->bytes.size()) != byteCount(*data))
      return makeError(ErrorKind::Model, "has {0} bytes of elements in {1}, but {2} needs {3}", data->bytes.size(),
                       place, typeText(*data), byteCount(*data));
  }
  normalizeBools(*data);
  return data;
}

// The row-major position of one entry of a sparse tensor. `index` has one number (a position already) or one per dim.
static llvm::Expected<int64_t> linearPosition(llvm::ArrayRef<int64_t> index, const TensorData &dense) {
  llvm::ArrayRef<int64_t> dims = dense.dims;
  if (index.size() == 1)
    dims = dense.elementCount;
  int64_t position = 0;
  for (auto [coordinate, dim] : llvm::zip_equal(index, dims)) {
    if (coordinate < 0 || coordinate >= dim)
      return makeError(ErrorKind::Model, "has the sparse index {0} outside of {1}", shapeText(index),
                       shapeText(dense.dims));
    position = position * dim + coordinate;
  }
  return position;
}

llvm::Expected<TensorData> quern::takeSparseTensorData(proto::SparseTensorProto &tensor, ModelFolder &folder) {
  constexpr int64_t limit = int64_t(1) << 30;
  auto values = takeTensorData(*tensor.mutable_values(), folder);
  if (!values)
    return withContext("values", values.takeError());
  auto indices = takeTensorData(*tensor.mutable_indices(), folder);
  if (!indices)
    return withContext("indices", indices.takeError());
  auto dense = describe(values->type->code, llvm::ArrayRef(tensor.dims().data(), tensor.dims_size()));
  if (!dense)
    return dense.takeError();
  unsigned bits = dense->type->bits;
  if (bits < 8 || byteCount(*dense) > limit)
    return makeError(ErrorKind::Unsupported,
                     "is sparse, {0}, and would have {1} bytes as a dense tensor; the limit is {2}", typeText(*dense),
                     byteCount(*dense), limit);

  int64_t count = values->elementCount;
  int64_t rank = dense->dims.size();
  bool linear = indices->dims.size() == 1 && indices->dims[0] == count;
  bool coordinates = indices->dims.size() == 2 && indices->dims[0] == count && indices->dims[1] == rank && rank > 0;
  if (values->dims.size() != 1 || indices->type->code != proto::TensorProto::INT64 || !(linear || coordinates))
    return makeError(ErrorKind::Model, "has {0} sparse values at indices of {1}; they need i64 of {2} or {2}x{3}",
                     typeText(*values), typeText(*indices), count, rank);

  auto owner = std::make_shared<std::string>(byteCount(*dense), '\0');
  int64_t width = bits / 8;
  int64_t perEntry = linear ? 1 : rank;
  llvm::SmallVector<int64_t> index(perEntry);
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(index.data(), indices->bytes.data() + i * perEntry * sizeof(int64_t), perEntry * sizeof(int64_t));
    auto position = linearPosition(index, *dense);
    if (!position)
      return position.takeError();
    std::memcpy(owner->data() + *position * width, values->bytes.data() + i * width, width);
  }
  dense->bytes = *owner;
  dense->owner = std::move(owner);
  return dense;
}
