// tanh, sinh, cosh by e^x - 1 in two parts; their inverses by log(1 + x).
#include "codegen/common/VectorMathFamilies.h"

namespace quern {

// tanh(a) = Q / (Q + 1), Q = (e^2a - 1) / 2 in two parts, for the whole range: no second formula near zero. The
// division is corrected by its remainder. 1 - (1 + Q) is exact, since both are multiples of the sum's ulp, which is at
// most 1 while tanh differs from 1.
Float emitTanh(Float x) {
  const Lanes &lanes = *x.lanes;
  Float a = atMost(abs(x), lanes.pick(9.1, 19.1));
  TwoPart q = expm1Scaled(a, 2, 1, /*keepsOne=*/false);
  Float numerator = q.hi + q.lo;
  Float denominator = numerator + 1.0;
  Float lost = ((1.0 - denominator) + q.hi) + q.lo;
  Float reciprocal = 1.0 / denominator;
  Float quotient = numerator * reciprocal;
  Float remainder = fma(-quotient, denominator, q.hi) + fma(-quotient, lost, q.lo);
  quotient = fma(remainder, reciprocal, quotient);
  return fromBits(bits(quotient) | (bits(x) & lanes.bitsOf(-0.0)));
}

// sinh(a) = (E + E / (E + 1)) / 2; here E = 4 Q, since E overflows before the result does. Q / (4 Q + 1) is added as
// Q u, u = 1 / (4 Q + 1), and Q as 2 Q less Q rounded, which is exact.
Float emitSinh(Float x) {
  const Lanes &lanes = *x.lanes;
  Float a = abs(x);
  TwoPart quarter = expm1Scaled(atMost(a, lanes.pick(89.6, 710.7)), 1, 2, /*keepsOne=*/true);
  Float q = quarter.hi + quarter.lo;
  Float u = 1.0 / fma(q, 4.0, 1.0);
  Float sum = fma(quarter.hi, 2.0, -q) + fma(q, u, quarter.lo + quarter.lo);
  return select(a < lanes.pick(0x1p-13, 0x1p-27), x, copySign(sum + sum, x));
}

// cosh(a) = v + 1 / (4 v), v = e^a / 2.
Float emitCosh(Float x) {
  Float v = expScaled(abs(x), 1);
  return v + 0.25 / v;
}

// asinh(a) = log(1 + a + a^2 / (1 + sqrt(1 + a^2))); log 2a where a^2 would overflow.
Float emitAsinh(Float x) {
  const Lanes &lanes = *x.lanes;
  Float a = abs(x), square = a * a;
  Mask large = a > lanes.pick(0x1p30, 0x1p60);
  TwoPart y = fastTwoSum(a, select(large, 0.0, square / (sqrt(square + 1.0) + 1.0)));
  Float result = log1pFinite(y, select(large, 1.0, 0.0));
  return copySign(select(a < lanes.infinity(), result, a), x);
}

// acosh(1 + t) = log(1 + t + sqrt(t (t + 2))); log 2x where t^2 would overflow.
Float emitAcosh(Float x) {
  const Lanes &lanes = *x.lanes;
  Float t = x - 1.0;
  Mask large = x > lanes.pick(0x1p30, 0x1p60);
  TwoPart y = fastTwoSum(select(large, x, sqrt(fma(t, t, t + t))), select(large, 0.0, t));
  Float result = log1pFinite(y, select(large, 1.0, 0.0));
  result = select(x < lanes.infinity(), result, x);
  return select(x < 1.0, lanes.nan(), result);
}

// atanh(a) = log(1 + 2a / (1 - a)) / 2.
Float emitAtanh(Float x) {
  const Lanes &lanes = *x.lanes;
  Float a = abs(x);
  Float zero = lanes.constant(0.0);
  Float result = log1pFinite(quotient({a + a, zero}, fastTwoSum(lanes.constant(1.0), -a)), zero) * 0.5;
  result = select(a < 1.0, result, select(a == 1.0, lanes.infinity(), lanes.nan()));
  return select(a < lanes.pick(0x1p-13, 0x1p-27), x, copySign(result, x));
}

} // namespace quern
