#include "frontends/onnx/ImportConstant.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quern;

// The printer writes blob names as they are; anything beyond identifiers could not be parsed again.
static std::string blobName(llvm::StringRef name) {
  std::string result = name.empty() || !(llvm::isAlpha(name.front()) || name.front() == '_') ? "_" : "";
  for (char c : name.take_front(64))
    result += llvm::isAlnum(c) ? c : '_';
  return result;
}

// The alignment that the bytes happen to have, no more than a cache line.
static size_t alignmentOf(llvm::StringRef bytes) {
  return llvm::MinAlign(reinterpret_cast<uintptr_t>(bytes.data()), 64);
}

static ElementsAttr importBlob(TensorData data, ShapedType type, llvm::StringRef name) {
  size_t alignment = alignmentOf(data.bytes);
  llvm::ArrayRef<char> bytes(data.bytes.data(), data.bytes.size());
  AsmResourceBlob blob(
      bytes, alignment, [owner = std::move(data.owner)](void *, size_t, size_t) {}, /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, blobName(name), std::move(blob));
}

// One byte for each of the narrow elements, sign bits cleared.
static std::string unpack(const TensorData &data) {
  unsigned bits = data.type->bits;
  std::string result(data.elementCount, '\0');
  for (int64_t i = 0; i < data.elementCount; ++i) {
    int64_t bit = i * bits;
    result[i] = (static_cast<unsigned char>(data.bytes[bit / 8]) >> (bit % 8)) & ((1u << bits) - 1);
  }
  return result;
}

static ElementsAttr importDense(const TensorData &data, ShapedType type) {
  if (type.getElementType().isInteger(1))
    return DenseElementsAttr::get(type,
                                  llvm::ArrayRef(reinterpret_cast<const bool *>(data.bytes.data()), data.bytes.size()));
  std::string unpacked;
  llvm::StringRef bytes = data.bytes;
  if (data.type->bits < 8)
    bytes = unpacked = unpack(data);
  return DenseElementsAttr::getFromRawBuffer(type, llvm::ArrayRef(bytes.data(), bytes.size()));
}

ElementsAttr quern::importConstant(TensorData data, llvm::StringRef name, MLIRContext *context) {
  Type elementType = data.type->build(context);
  auto type = RankedTensorType::get(data.dims, elementType);
  if (data.type->field == TypedField::String) {
    llvm::SmallVector<llvm::StringRef> strings(data.strings.begin(), data.strings.end());
    return DenseStringElementsAttr::get(type, strings);
  }
  // Dense attributes hold builtin types only.
  bool builtin = isa<BuiltinDialect>(elementType.getDialect());
  if (builtin && data.elementCount <= kMaxDenseElements)
    return importDense(data, type);
  return importBlob(std::move(data), type, name);
}
