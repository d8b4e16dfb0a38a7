// From a template of scalar functions to the handler of one type.
//
//   template <class T> struct Add { static T run(T a, T b); };      integerHandler<Add>({Kind::Signed, 32})
#pragma once
#include "test/ptx/decode/Instruction.h"
#include "test/ptx/machine/Lanes.h"
#include <type_traits>

namespace quern::ptx {

/// Applies a function of 16-bit elements to both halves of 32-bit words.
template <class T, auto F, class... Words> uint32_t onBothHalves(Words... words) {
  auto half = [&](unsigned shift) { return static_cast<uint16_t>(F(static_cast<T>(words >> shift)...)); };
  return half(0) | uint32_t(half(16)) << 16;
}

/// The handler for an integer type of 16, 32 or 64 bits; .b types count as unsigned. Null for others.
template <template <class> class F> Handler integerHandler(Type type) {
  if (type.packed)
    return nullptr;
  bool isSigned = type.isSigned();
  switch (type.bits) {
  case 16:
    return isSigned ? lanes<F<int16_t>::run> : lanes<F<uint16_t>::run>;
  case 32:
    return isSigned ? lanes<F<int32_t>::run> : lanes<F<uint32_t>::run>;
  case 64:
    return isSigned ? lanes<F<int64_t>::run> : lanes<F<uint64_t>::run>;
  default:
    return nullptr;
  }
}

/// As integerHandler, for u16x2 and s16x2 too; F is binary.
template <template <class> class F> Handler binaryIntegerHandler(Type type) {
  if (!type.packed)
    return integerHandler<F>(type);
  return type.isSigned() ? lanes<onBothHalves<int16_t, F<int16_t>::run, uint32_t, uint32_t>>
                         : lanes<onBothHalves<uint16_t, F<uint16_t>::run, uint32_t, uint32_t>>;
}

enum class FloatOperation : uint8_t { Add, Sub, Mul, Div, Fma, Min, Max, Abs, Neg, Sqrt, Rcp };
/// Those of them that round.
#define PTX_ROUNDED(operation)                                                                                         \
  operation(Add) operation(Sub) operation(Mul) operation(Div) operation(Fma) operation(Sqrt) operation(Rcp)

// Where add, min, ... turn when their type is no integer: FloatArithmetic.cpp.
void decodeFloatArithmetic(Instruction &in, Type type, FloatOperation operation);

} // namespace quern::ptx
