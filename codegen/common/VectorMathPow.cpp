// pow: 2^(y log2 x) with the logarithm and the product in two parts.
#include "codegen/common/VectorMathCoefficients.h"
#include "codegen/common/VectorMathFamilies.h"

namespace quern {

static TwoPart product(TwoPart a, TwoPart b) {
  TwoPart p = twoProduct(a.hi, b.hi);
  return {p.hi, fma(a.hi, b.lo, fma(a.lo, b.hi, p.lo))};
}

/// log2 of a positive finite a, to about 2^-8 ulp of its first part. log m = 2 atanh(q), q = (m - 1) / (m + 1), m in
/// [sqrt 1/2, sqrt 2); atanh q = q + q^3 (c0 + q^2 (...)), where all but the parenthesis is in two parts.
static TwoPart preciseLog2(Float a) {
  const Lanes &lanes = *a.lanes;
  auto [k, m] = splitExponent(a, 0.70710678);
  TwoPart q = quotient({m - 1.0, lanes.constant(0.0)}, fastTwoSum(lanes.constant(1.0), m));
  TwoPart square = product(q, q);
  llvm::ArrayRef<double> tail = lanes.pick(kAtanhTail);
  TwoPart inner = fastTwoSum(lanes.constant(tail[0]), square.hi * polynomial(square.hi, tail.drop_front()));
  TwoPart cubic = product(product(q, square), inner);
  TwoPart atanh = fastTwoSum(q.hi, cubic.hi);
  atanh.lo = atanh.lo + (q.lo + cubic.lo);
  llvm::ArrayRef<double> log2e = lanes.pick(kLog2eParts);
  TwoPart log2 = product(atanh, {lanes.constant(2 * log2e[0]), lanes.constant(2 * log2e[1])});
  TwoPart sum = fastTwoSum(k, log2.hi);
  return fastTwoSum(sum.hi, sum.lo + log2.lo);
}

/// 2^(t.hi + t.lo).
static Float exp2Of(TwoPart t) {
  const Lanes &lanes = *t.hi.lanes;
  double low = lanes.pick(-151.0, -1076.0), high = lanes.pick(129.0, 1025.0);
  // Where the first part is clamped (it may be infinite) the second means nothing.
  Float rest = select((t.hi > low) & (t.hi < high), t.lo, 0.0);
  Float hi = atMost(atLeast(t.hi, low), high);
  auto [n, biased] = roundWithBits(hi, 2 * lanes.bias());
  Float r = (hi - n) + rest;
  return scaleByPower(fma(polynomial(r, kExp2Tail), r, 1.0), biased);
}

// The special values are those of C99, F.9.4.4.
Float emitPow(Float x, Float y) {
  const Lanes &lanes = *x.lanes;
  Float a = abs(x), infinity = lanes.infinity();
  TwoPart log2 = preciseLog2(a);
  log2.hi = select(a == 0.0, -infinity, select(a < infinity, log2.hi, a));
  TwoPart exponent = twoProduct(y, log2.hi);
  exponent.lo = fma(y, log2.lo, exponent.lo);
  Float magnitude = exp2Of(exponent);
  magnitude = select((a == 1.0) & !isNaN(y), 1.0, magnitude);
  Float half = y * 0.5;
  Mask isInteger = roundEven(y) == y, isOdd = isInteger & !(roundEven(half) == half);
  magnitude = select((x < 0.0) & (a < infinity) & !isInteger & !isNaN(y), lanes.nan(), magnitude);
  Float result = select(isOdd, copySign(magnitude, x), magnitude);
  return select((x == 1.0) | (y == 0.0), 1.0, result);
}

} // namespace quern
