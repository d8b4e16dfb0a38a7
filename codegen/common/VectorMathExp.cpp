// exp, exp2, expm1 and what is one step from them: sigmoid.
//
// Cody-Waite: x = n ln 2 + r with ln 2 in two parts, the first so short that its product with n is exact; e^r by a
// minimax polynomial; the power of two by exponent arithmetic.
#include "codegen/common/VectorMathCoefficients.h"
#include "codegen/common/VectorMathFamilies.h"

namespace quern {

// Adding 1.5 2^mantissa leaves no room for a fraction, so the addition rounds, and the integer stands in the low bits.
Rounded roundWithBits(Float x, int bias) {
  double magic = std::ldexp(1.5, x.lanes->mantissaBits()) + bias;
  Float shifted = x + magic;
  return {shifted - magic, bits(shifted)};
}

// The power is split in two halves of normal numbers: the first product is exact, the second rounds once.
Float scaleByPower(Float p, Int biased) {
  int mantissa = p.lanes->mantissaBits();
  Int half = biased >> 1;
  return p * fromBits(half << mantissa) * fromBits((biased - half) << mantissa);
}

// n is rounded from x / ln 2 - 0.139, so that r lies in [-0.25, 0.44]: below 1, where an ulp is half as large, r and
// with it the errors of its rounding and of the polynomial's last steps are smaller too.
Float expScaled(Float x, int halvings) {
  const Lanes &lanes = *x.lanes;
  x = atLeast(x, lanes.pick(-104.5, -746.0));
  x = atMost(x, lanes.pick(89.5, 711.0));
  auto [n, biased] = roundWithBits(fma(x, kLog2eParts.f64[0], -0.139), 2 * lanes.bias() - halvings);
  llvm::ArrayRef<double> ln2 = lanes.pick(kLn2Parts);
  Float r = fma(n, -ln2[1], fma(n, -ln2[0], x));
  Float p = fma(fma(horner(r, kExpTail), r, 1.0), r, 1.0);
  return scaleByPower(p, biased);
}

// e^x - 1 = (2^n - 1) + 2^n r + 2^n (r^2 P(r)), where the first two terms are exact, and so is the error of their sum;
// r itself is in two parts, of which the second goes with the small term.
TwoPart expm1Scaled(Float x, int halvings, bool keepsOne) {
  const Lanes &lanes = *x.lanes;
  auto [n, biased] = roundWithBits(x * kLog2eParts.f64[0], lanes.bias() - halvings);
  llvm::ArrayRef<double> ln2 = lanes.pick(kLn2Parts);
  Float high = fma(n, -ln2[0], x), low = n * -ln2[1];
  Float r = high + low;
  Float small = fma(r * r, horner(r, kExpm1Tail), low);
  Float scale = fromBits(biased << lanes.mantissaBits());
  TwoPart minusOne = fastTwoSum(scale, lanes.constant(-std::ldexp(1.0, -halvings)));
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
  return scaleByPower(fma(horner(r, kExp2Tail), r, 1.0), biased);
}

// Scaled by one half, since 2^n alone would overflow before the result does. The smallest x are their own result; so
// are the zeros, whose sign the sum would lose.
Float emitExpm1(Float x) {
  const Lanes &lanes = *x.lanes;
  Float clamped = atMost(atLeast(x, lanes.pick(-18.0, -38.0)), lanes.pick(89.0, 710.0));
  TwoPart half = expm1Scaled(clamped, 1, /*keepsOne=*/true);
  Float sum = half.hi + half.lo;
  return select(abs(x) < lanes.pick(0x1p-25, 0x1p-54), x, sum + sum);
}

// 1 / (1 + e^-x) for x >= 0 and e^x / (1 + e^x) below, so that the exponential never overflows and its subnormal values
// become the function's. What the denominator loses in rounding, at most half an ulp of 1, is given back to the quotient.
Float emitSigmoid(Float x) {
  Float e = expScaled(-abs(x), 0);
  TwoPart denominator = fastTwoSum(x.lanes->constant(1.0), e);
  Float q = select(x < 0.0, e, x.lanes->constant(1.0)) / denominator.hi;
  return fma(-q, denominator.lo, q);
}

} // namespace quern
