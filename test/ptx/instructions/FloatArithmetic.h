// What the files of float arithmetic share.
#pragma once
#include "test/ptx/instructions/Handlers.h"

namespace quern::ptx {

/// f16, bf16 and their pairs.
void decodeHalfArithmetic(Instruction &in, Type type, FloatOperation operation);

/// Op::variant of an instruction that rounds by a mode that is known when it is decoded.
inline uint8_t directedVariant(Rounding rounding, bool isFtz, bool isSat) {
  return static_cast<uint8_t>(rounding) | isFtz << 3 | isSat << 4;
}
inline Rounding roundingOf(uint8_t variant) {
  return static_cast<Rounding>(variant & 7);
}
inline bool isFtz(uint8_t variant) {
  return variant & 8;
}
inline bool isSat(uint8_t variant) {
  return variant & 16;
}

/// Rounds by the variant's mode; f32 and f64. Null for an operation that has no rounding.
Handler directedHandler(FloatOperation operation, Type type);
/// From an integer type to f32 or f64, or from f64 to f32, rounded by the variant's mode.
Handler directedConversion(Type to, Type from);

} // namespace quern::ptx
