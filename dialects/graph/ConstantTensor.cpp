#include "dialects/graph/ConstantTensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include <cstring>

using namespace mlir;
using namespace quern::graph;
using Kind = ElementFormat::Kind;

std::optional<ElementFormat> ElementFormat::of(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    unsigned bits = integer.getWidth();
    if (bits > 64)
      return std::nullopt;
    Kind kind = bits == 1 ? Kind::boolean : integer.isUnsigned() ? Kind::unsignedInteger : Kind::signedInteger;
    return ElementFormat{kind, unsigned(llvm::PowerOf2Ceil((bits + 7) / 8)), bits, nullptr};
  }
  auto real = dyn_cast<FloatType>(element);
  if (!real || real.getWidth() < 8 || real.getWidth() > 64)
    return std::nullopt;
  Kind kind = real.isF64() ? Kind::f64 : real.isF32() ? Kind::f32 : real.isF16() ? Kind::f16 : Kind::otherReal;
  return ElementFormat{kind, real.getWidth() / 8, real.getWidth(), &real.getFloatSemantics()};
}

template <typename T> static T load(const char *at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}
template <typename T> static void store(char *at, T value) { std::memcpy(at, &value, sizeof(T)); }

double ElementFormat::real(const char *at) const {
  switch (kind) {
  case Kind::f64: return load<double>(at);
  case Kind::f32: return load<float>(at);
  case Kind::f16: return double(load<_Float16>(at));
  default: break;
  }
  uint64_t raw = 0;
  std::memcpy(&raw, at, bytes);
  if (semantics == &llvm::APFloat::BFloat()) // the high half of an f32
    return llvm::bit_cast<float>(uint32_t(raw << 16));
  llvm::APFloat value(*semantics, llvm::APInt(bits, raw));
  bool lossy;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lossy);
  return value.convertToDouble();
}

int64_t ElementFormat::integer(const char *at) const {
  uint64_t raw = 0;
  std::memcpy(&raw, at, bytes);
  if (kind == Kind::boolean)
    return raw != 0;
  return kind == Kind::signedInteger ? llvm::SignExtend64(raw, bits)
                                     : int64_t(raw & llvm::maskTrailingOnes<uint64_t>(bits));
}

void ElementFormat::setReal(char *at, double value) const {
  switch (kind) {
  case Kind::f64: return store(at, value);
  case Kind::f32: return store(at, float(value));
  case Kind::f16: return store(at, _Float16(value));
  default: break;
  }
  llvm::APFloat narrow(value);
  bool lossy;
  narrow.convert(*semantics, llvm::APFloat::rmNearestTiesToEven, &lossy);
  uint64_t raw = narrow.bitcastToAPInt().getZExtValue();
  std::memcpy(at, &raw, bytes);
}

void ElementFormat::setInteger(char *at, int64_t value) const {
  uint64_t raw = kind == Kind::boolean ? value != 0 : uint64_t(value) & llvm::maskTrailingOnes<uint64_t>(bits);
  std::memcpy(at, &raw, bytes);
}

//===--- Attributes -------------------------------------------------------------------------===//

/// The elements of a dense attribute one after another: splats repeated, bools a byte each.
static std::shared_ptr<std::vector<char>> unpack(DenseElementsAttr dense, const ElementFormat &format) {
  auto bytes = std::make_shared<std::vector<char>>(dense.getNumElements() * format.bytes);
  ArrayRef<char> raw = dense.getRawData();
  if (format.kind == Kind::boolean) {
    for (auto [i, bit] : llvm::enumerate(dense.getValues<bool>()))
      (*bytes)[i] = bit;
  } else if (dense.isSplat()) {
    for (size_t i = 0; i < bytes->size(); i += format.bytes)
      std::memcpy(bytes->data() + i, raw.data(), format.bytes);
  } else {
    std::memcpy(bytes->data(), raw.data(), bytes->size());
  }
  return bytes;
}

std::optional<ConstantTensor> ConstantTensor::read(ElementsAttr value) {
  auto type = dyn_cast<RankedTensorType>(value.getShapedType());
  std::optional<ElementFormat> format = type ? ElementFormat::of(type.getElementType()) : std::nullopt;
  if (!format)
    return std::nullopt;
  ConstantTensor tensor{type, *format, nullptr, nullptr};
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    bool packed = format->bits < 8 && format->kind != Kind::boolean;
    if (!blob || packed || int64_t(blob->getData().size()) != tensor.count() * format->bytes)
      return std::nullopt;
    tensor.bytes = blob->getData().data();
    return tensor;
  }
  auto dense = dyn_cast<DenseIntOrFPElementsAttr>(value);
  if (!dense)
    return std::nullopt;
  tensor.storage = unpack(dense, *format);
  tensor.bytes = tensor.storage->data();
  return tensor;
}

ElementsAttr quern::graph::makeConstant(RankedTensorType type, const ElementFormat &format,
                                        llvm::function_ref<void(char *)> fill) {
  int64_t count = type.getNumElements();
  if (count > 64) {
    AsmResourceBlob blob = HeapAsmResourceBlob::allocate(count * format.bytes, /*align=*/64, /*dataIsMutable=*/true);
    fill(blob.getMutableData().data());
    return DenseResourceElementsAttr::get(type, "folded", std::move(blob));
  }
  SmallVector<char> bytes(count * format.bytes);
  fill(bytes.data());
  if (format.kind == Kind::boolean)
    return DenseElementsAttr::get(type, ArrayRef(reinterpret_cast<const bool *>(bytes.data()), bytes.size()));
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
}
