// log, log2, log1p and what is one step from them: softplus.
//
// x = 2^k (1 + f) with f in [-1/4, 1/2]; log(1 + f) = f + f^2 P(f) by a minimax polynomial. Where k ln 2 and log(1 + f)
// cancel (k = -1, f > 0) their sum is exact, so one addition is error enough.
#include "codegen/common/VectorMathCoefficients.h"
#include "codegen/common/VectorMathFamilies.h"
#include <optional>

namespace quern {

static double fieldBias(const Lanes &lanes) { return std::ldexp(1.0, lanes.mantissaBits()) + lanes.bias(); }

// A subnormal x is first made normal. Adding the distance from `low` to 1 to the bits makes the exponent field that of
// the power to divide by. The field becomes a float by standing in the low bits of 2^mantissa.
Split splitExponent(Float x, double low) {
  const Lanes &lanes = *x.lanes;
  int mantissa = lanes.mantissaBits();
  Mask subnormal = x < lanes.pick(0x1p-126, 0x1p-1022);
  x = select(subnormal, x * std::ldexp(1.0, mantissa), x);
  Float bias = select(subnormal, fieldBias(lanes) + mantissa, fieldBias(lanes));
  Int moved = bits(x) + (lanes.bitsOf(1.0) - lanes.bitsOf(low));
  Int field = (moved >> mantissa) | lanes.bitsOf(std::ldexp(1.0, mantissa));
  Float m = fromBits((moved & lanes.integer((uint64_t(1) << mantissa) - 1)) + lanes.bitsOf(low));
  return {fromBits(field) - bias, m};
}

/// k ln 2 + log(1 + f), f in [-1/4, 1/2], + `low` where there is one.
static Float logOfParts(Float k, Float f, std::optional<Float> low = std::nullopt) {
  const Lanes &lanes = *f.lanes;
  llvm::ArrayRef<double> ln2 = lanes.pick(kLn2);
  Float tail = polynomial(f, kLog1pTail);
  // ln 2 as one f32 is right to 2^-29; as one f64 only to 2^-54, so its second part is added.
  if (lanes.isF64())
    low = low ? fma(k, ln2[1], *low) : k * ln2[1];
  Float log = low ? f + fma(f * f, tail, *low) : fma(f * f, tail, f);
  return fma(k, ln2[0], log);
}

/// A logarithm of `argument` where it is positive and finite, and the special values elsewhere.
static Float withLogSpecials(Float argument, Float result, double zero) {
  const Lanes &lanes = *result.lanes;
  result = select(argument < lanes.infinity(), result, argument);
  result = select(argument < zero, lanes.nan(), result);
  return select(argument == zero, -lanes.infinity(), result);
}

Float emitLog(Float x) {
  auto [k, m] = splitExponent(x, 0.75);
  return withLogSpecials(x, logOfParts(k, m - 1.0), 0.0);
}

// log2(1 + f) with f log2(e) in two parts: the rounding of that product would be the larger half of the error.
Float emitLog2(Float x) {
  auto [k, m] = splitExponent(x, 0.75);
  llvm::ArrayRef<double> log2e = x.lanes->pick(kLog2eParts);
  Float f = m - 1.0;
  Float head = f * log2e[0];
  Float rest = fma(f, log2e[1], fma(f, log2e[0], -head));
  rest = fma(f * f * polynomial(f, kLog1pTail), log2e[0], rest);
  return withLogSpecials(x, k + (head + rest), 0.0);
}

// The exponent is that of 1 + x as rounded; f = x 2^-k + (2^-k - 1) is then formed from x itself, with one rounding.
// 2^-k is kept four times as large, because 2^-128 is no normal number. Where f is 1/2 or -1/4 but for the rounding of
// 1 + x, k = 0 makes it exact and k = 1 or -1 does not: so the sum counts as rounded towards 1 (one bit down if x >=
// 0).
namespace {
struct Log1pParts {
  Float k, f;
  Float scale; ///< 4 2^-k
};
} // namespace

static Log1pParts splitLog1p(Float x) {
  const Lanes &lanes = *x.lanes;
  int mantissa = lanes.mantissaBits();
  Int isNegative = bits(x) >> (lanes.intType.getIntOrFloatBitWidth() - 1);
  Int toField = lanes.bitsOf(1.0) - lanes.bitsOf(0.75) - lanes.integer(1);
  Int field = (bits(x + 1.0) + isNegative + toField) >> mantissa;
  Float scale = fromBits((lanes.integer(2 * lanes.bias() + 2) - field) << mantissa);
  Float f = fma(x * scale, 0.25, fma(scale, 0.25, -1.0));
  Float k = fromBits(field | lanes.bitsOf(std::ldexp(1.0, mantissa))) - fieldBias(lanes);
  return {k, f, scale};
}

Float log1pFinite(Float x) {
  Log1pParts parts = splitLog1p(x);
  return logOfParts(parts.k, parts.f);
}

// log(1 + f + e) = log(1 + f) + e / (1 + f), where e is so small that 1 - 0.8 f is a good enough reciprocal.
Float log1pFinite(TwoPart x, Float doublings) {
  Log1pParts parts = splitLog1p(x.hi);
  Float low = x.lo * parts.scale * fma(parts.f, -0.2, 0.25);
  return logOfParts(parts.k + doublings, parts.f, low);
}

Float emitLog1p(Float x) {
  return copySign(withLogSpecials(x, log1pFinite(x), -1.0), x);
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|): nothing overflows and the small results keep their precision.
Float emitSoftplus(Float x) {
  Float tail = log1pFinite(emitExpNegative(-abs(x)));
  return select(x < 0.0, 0.0, x) + tail;
}

} // namespace quern
