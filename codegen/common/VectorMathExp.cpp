// exp, exp2, expm1 and what is one step from them: sigmoid.
//
// Cody-Waite: x = n ln 2 + r with ln 2 in two parts, the first so short that its product with n is exact; e^r by a
// minimax polynomial; the power of two by exponent arithmetic.
#include "codegen/common/VectorMathCoefficients.h"
#include "codegen/common/VectorMathFamilies.h"

namespace quern {

// Adding 1.5 2^mantissa leaves no room for a fraction, so the addition rounds, and the integer stands in the low bits.
static double roundingTerm(const Lanes &lanes, int bias) { return std::ldexp(1.5, lanes.mantissaBits()) + bias; }

Rounded roundWithBits(Float x, int bias) {
  double term = roundingTerm(*x.lanes, bias);
  Float shifted = x + term;
  return {shifted - term, bits(shifted)};
}

Rounded roundWithBits(Float x, double factor, int bias) {
  double term = roundingTerm(*x.lanes, bias);
  Float shifted = fma(x, factor, term);
  return {shifted - term, bits(shifted)};
}

// The power is split in two halves of normal numbers: the first product is exact, the second rounds once.
Float scaleByPower(Float p, Int biased) {
  int mantissa = p.lanes->mantissaBits();
  Int half = biased >> 1;
  return p * fromBits(half << mantissa) * fromBits((biased - half) << mantissa);
}

// n is rounded from x / ln 2 - 0.139, so that r lies in [-0.25, 0.44]: below 1, where an ulp is half as large, r and
// with it the errors of its rounding and of the polynomial's last steps are smaller too.
namespace {
struct Power {
  Float p; ///< e^r
  Int biased;
};
} // namespace

static Power expPower(Float x, int bias) {
  auto [n, biased] = roundWithBits(fma(x, kLog2eParts.f64[0], -0.139), bias);
  llvm::ArrayRef<double> ln2 = x.lanes->pick(kLn2Parts);
  Float r = fma(n, -ln2[1], fma(n, -ln2[0], x));
  return {fma(fma(polynomial(r, kExpTail), r, 1.0), r, 1.0), biased};
}

/// Below this e^x rounds to 0.
static double leastExponent(const Lanes &lanes) { return lanes.pick(-104.5, -746.0); }

Float expScaled(Float x, int halvings) {
  const Lanes &lanes = *x.lanes;
  x = atMost(atLeast(x, leastExponent(lanes)), lanes.pick(89.5, 711.0));
  auto [p, biased] = expPower(x, 2 * lanes.bias() - halvings);
  return scaleByPower(p, biased);
}

// With n <= 0 one power suffices, raised so far that it is normal: p 2^(n + raise) is exact, the last product rounds.
Float emitExpNegative(Float x) {
  const Lanes &lanes = *x.lanes;
  int raise = lanes.bias() / 2;
  auto [p, biased] = expPower(atLeast(x, leastExponent(lanes)), lanes.bias() + raise);
  return p * fromBits(biased << lanes.mantissaBits()) * std::ldexp(1.0, -raise);
}

// With x = n ln 2 / m + r: e^(m x) - 1 = (2^n - 1) + 2^n m r + 2^n m^2 r^2 P(m r), where the first two terms are exact,
// and so is the error of their sum; r itself is in two parts, of which the second goes with the small term.
TwoPart expm1Scaled(Float x, int m, int halvings, bool keepsOne) {
  const Lanes &lanes = *x.lanes;
  int raise = m / 2 - halvings;
  auto [n, biased] = roundWithBits(x, m * kLog2eParts.f64[0], lanes.bias() + raise);
  llvm::ArrayRef<double> ln2 = lanes.pick(kLn2Parts);
  Float high = fma(n, -ln2[0] / m, x), low = n * (-ln2[1] / m);
  Float r = high + low;
  llvm::SmallVector<double> tail(lanes.pick(kExpm1Tail));
  for (auto [k, c] : llvm::enumerate(tail))
    c = std::ldexp(c, (m / 2) * (int(k) + 1));
  Float small = fma(r * r, polynomial(r, tail), low);
  Float scale = fromBits(biased << lanes.mantissaBits()); // m 2^n 2^-halvings
  Float power = m == 2 ? scale * 0.5 : scale;
  TwoPart minusOne = fastTwoSum(power, lanes.constant(-std::ldexp(1.0, -halvings)));
  TwoPart sum = fastTwoSum(minusOne.hi, scale * high);
  return {sum.hi, fma(scale, small, keepsOne ? sum.lo + minusOne.lo : sum.lo)};
}

Float emitExp(Float x) { return expScaled(x, 0); }

Float emitExp2(Float x) {
  const Lanes &lanes = *x.lanes;
  x = atLeast(x, lanes.pick(-151.0, -1076.0));
  x = atMost(x, lanes.pick(129.0, 1025.0));
  auto [n, biased] = roundWithBits(x, 2 * lanes.bias());
  Float r = x - n;
  return scaleByPower(fma(polynomial(r, kExp2Tail), r, 1.0), biased);
}

// Scaled by one half, since 2^n alone would overflow before the result does. The smallest x are their own result; so
// are the zeros, whose sign the sum would lose.
Float emitExpm1(Float x) {
  const Lanes &lanes = *x.lanes;
  Float clamped = atMost(atLeast(x, lanes.pick(-18.0, -38.0)), lanes.pick(89.0, 710.0));
  TwoPart half = expm1Scaled(clamped, 1, 1, /*keepsOne=*/true);
  Float sum = half.hi + half.lo;
  return select(abs(x) < lanes.pick(0x1p-25, 0x1p-54), x, sum + sum);
}

// 1 / (1 + e^-x) for x >= 0 and e^x / (1 + e^x) below, so that the exponential never overflows and its subnormal values
// become the function's. What the denominator loses in rounding, at most half an ulp of 1, is given back to the
// quotient.
Float emitSigmoid(Float x) {
  Float e = emitExpNegative(-abs(x));
  TwoPart denominator = fastTwoSum(x.lanes->constant(1.0), e);
  Float q = select(x < 0.0, e, x.lanes->constant(1.0)) / denominator.hi;
  return fma(-q, denominator.lo, q);
}

} // namespace quern
