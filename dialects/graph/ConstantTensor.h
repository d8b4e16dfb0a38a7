// The elements of a constant as bytes that can be read and written one by one.
#pragma once
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/FunctionExtras.h"
#include <memory>

namespace quern::graph {

/// How one element lies in memory: whole bytes, little-endian; a bool is a byte of 0 or 1.
struct ElementFormat {
  enum class Kind { boolean, signedInteger, unsignedInteger, f64, f32, f16, otherReal } kind;
  unsigned bytes, bits;
  const llvm::fltSemantics *semantics; // of otherReal

  /// Nothing for strings and other types that have no numbers.
  static std::optional<ElementFormat> of(mlir::Type element);
  bool isReal() const { return kind >= Kind::f64; }
  double real(const char *at) const;
  /// Unsigned 64-bit values wrap into negative ones.
  int64_t integer(const char *at) const;
  /// Rounds to nearest even.
  void setReal(char *at, double value) const;
  /// Keeps the low bits.
  void setInteger(char *at, int64_t value) const;
};

/// A constant read for evaluation. The bytes belong to the attribute, or to `storage` where they had to be unpacked.
struct ConstantTensor {
  mlir::RankedTensorType type;
  ElementFormat format;
  const char *bytes;
  std::shared_ptr<std::vector<char>> storage;

  /// Nothing for elements without numbers, for those narrower than a byte in a blob, and for a blob that is gone.
  static std::optional<ConstantTensor> read(mlir::ElementsAttr value);
  int64_t count() const { return type.getNumElements(); }
  const char *at(int64_t i) const { return bytes + i * int64_t(format.bytes); }
  double real(int64_t i) const { return format.isReal() ? format.real(at(i)) : double(format.integer(at(i))); }
  int64_t integer(int64_t i) const { return format.integer(at(i)); }
};

/// A constant being made: `fill` writes count * bytes of the format. At most 64 elements become a dense attribute, more
/// a dense_resource blob.
mlir::ElementsAttr makeConstant(mlir::RankedTensorType type, const ElementFormat &format,
                                llvm::function_ref<void(char *)> fill);

} // namespace quern::graph
