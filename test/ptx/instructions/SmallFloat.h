// Floats narrower than 32 bits, and rounding to them: f16, bf16, tf32. All their values are doubles exactly.
#pragma once
#include "test/ptx/decode/Modifiers.h"
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace quern::ptx {

/// `value` rounded once to a format of `E` exponent and `M` mantissa bits with an IEEE layout of E + M + 1 bits. NaN
/// becomes the hardware's: all bits below the sign are set.
template <unsigned E, unsigned M> uint32_t roundToFormat(double value, Rounding rounding = Rounding::NearestEven) {
  constexpr int kBias = (1 << (E - 1)) - 1, kMaxExponent = kBias, kMinExponent = 1 - kBias;
  constexpr uint32_t kInfinity = ((1u << E) - 1) << M, kNaN = (1u << (E + M)) - 1;
  if (value != value)
    return kNaN;
  uint32_t sign = std::signbit(value) ? 1u << (E + M) : 0;
  double magnitude = std::fabs(value);
  if (magnitude == 0)
    return sign;
  if (std::isinf(magnitude))
    return sign | kInfinity;
  int exponent = std::max(std::ilogb(magnitude), kMinExponent);
  // In units of the last place.
  double scaled = std::ldexp(magnitude, static_cast<int>(M) - exponent), whole = std::floor(scaled);
  double rest = scaled - whole;
  bool up = false;
  switch (rounding) {
  case Rounding::None:
  case Rounding::NearestEven:
    up = rest > 0.5 || (rest == 0.5 && std::fmod(whole, 2) != 0);
    break;
  case Rounding::NearestAway:
    up = rest >= 0.5;
    break;
  case Rounding::Zero:
    break;
  case Rounding::Down:
    up = sign && rest > 0;
    break;
  case Rounding::Up:
    up = !sign && rest > 0;
    break;
  }
  uint64_t mantissa = static_cast<uint64_t>(whole) + up;
  if (mantissa >> (M + 1)) {
    mantissa >>= 1;
    ++exponent;
  }
  if (exponent > kMaxExponent) {
    bool stays =
        rounding == Rounding::Zero || (rounding == Rounding::Down && !sign) || (rounding == Rounding::Up && sign);
    return sign | (stays ? kInfinity - 1 : kInfinity);
  }
  // Without its leading bit; a subnormal has none and its exponent field is 0.
  bool isNormal = mantissa >> M;
  return sign | (isNormal ? uint32_t(exponent + kBias) << M | (mantissa & ((1u << M) - 1)) : mantissa);
}

struct Half {
  uint16_t bits;
  static constexpr uint16_t kExponent = 0x7c00, kInfinity = 0x7c00, kLargest = 0x7bff, kNaN = 0x7fff, kOne = 0x3c00;
  static Half from(double value, Rounding rounding = Rounding::NearestEven) {
    return {static_cast<uint16_t>(roundToFormat<5, 10>(value, rounding))};
  }
  operator float() const { return static_cast<float>(std::bit_cast<_Float16>(bits)); }
};

struct BFloat16 {
  uint16_t bits;
  static constexpr uint16_t kExponent = 0x7f80, kInfinity = 0x7f80, kLargest = 0x7f7f, kNaN = 0x7fff, kOne = 0x3f80;
  static BFloat16 from(double value, Rounding rounding = Rounding::NearestEven) {
    return {static_cast<uint16_t>(roundToFormat<8, 7>(value, rounding))};
  }
  operator float() const { return std::bit_cast<float>(uint32_t(bits) << 16); }
};

/// a + b, rounded to odd: a further rounding to a format of at most 51 bits is then as of the exact sum (Boldo and
/// Melquiond, "Emulation of FMA and correctly rounded sums").
inline double addToOdd(double a, double b) {
  double sum = a + b;
  if (!std::isfinite(sum))
    return sum;
  double bPart = sum - a, error = (a - (sum - bPart)) + (b - bPart);
  if (error != 0 && !(std::bit_cast<uint64_t>(sum) & 1))
    sum = std::nextafter(sum, error > 0 ? std::numeric_limits<double>::infinity()
                                        : -std::numeric_limits<double>::infinity());
  return sum;
}

/// Subnormals to zero, which keeps its sign.
inline float flush(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  return std::bit_cast<float>(bits & 0x7f800000 ? bits : bits & 0x80000000);
}
inline double flush(double value) {
  return value;
}

} // namespace quern::ptx
