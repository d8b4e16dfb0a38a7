// sin, cos, tan, and asin, acos, atan.
#include "codegen/common/VectorMathCoefficients.h"
#include "codegen/common/VectorMathFamilies.h"
#include "codegen/common/VectorMathReduction.h"

namespace quern {

namespace {
/// Each as a large and a small term; their sum is the only large rounding.
struct SinCos {
  TwoPart sin, cos;
};
} // namespace

// sin(r + e) = r + (e w + r^3 P(r^2)) and cos(r + e) = w + (error of w + r^4 P(r^2) - r e), w = 1 - r^2 / 2: the small
// terms are collected first.
static SinCos sinCosOf(TwoPart r) {
  Float square = r.hi * r.hi;
  Float half = square * 0.5;
  TwoPart w = fastTwoSum(r.hi.lanes->constant(1.0), -half);
  Float sinRest = fma(r.hi * square, polynomial(square, kSinTail), r.lo * w.hi);
  Float cosRest = fma(square * square, polynomial(square, kCosTail), fma(-r.hi, r.lo, w.lo));
  return {{r.hi, sinRest}, {w.hi, cosRest}};
}

/// `value` with its sign changed where bit 1 of `quadrant` is set.
static Float negateByQuadrant(Float value, Int quadrant) {
  const Lanes &lanes = *value.lanes;
  int toSign = lanes.intType.getIntOrFloatBitWidth() - 2;
  return fromBits(bits(value) ^ ((quadrant << toSign) & lanes.bitsOf(-0.0)));
}

static Mask isOdd(Int quadrant) {
  const Lanes &lanes = *quadrant.lanes;
  return (quadrant & lanes.integer(1)) != lanes.integer(0);
}

Float emitSin(Float x) {
  QuarterTurns turns = reduceQuarterTurns(x);
  auto [sin, cos] = sinCosOf(turns.rest);
  Mask odd = isOdd(turns.count);
  Float value = select(odd, cos.hi, sin.hi) + select(odd, cos.lo, sin.lo);
  Float result = negateByQuadrant(value, turns.count);
  return select(x == 0.0, x, result);
}

Float emitCos(Float x) {
  QuarterTurns turns = reduceQuarterTurns(x);
  auto [sin, cos] = sinCosOf(turns.rest);
  Mask odd = isOdd(turns.count);
  Float value = select(odd, sin.hi, cos.hi) + select(odd, sin.lo, cos.lo);
  return negateByQuadrant(value, turns.count + x.lanes->integer(1));
}

Float emitTan(Float x) {
  QuarterTurns turns = reduceQuarterTurns(x);
  auto [sin, cos] = sinCosOf(turns.rest);
  Mask odd = isOdd(turns.count);
  TwoPart numerator = fastTwoSum(select(odd, -cos.hi, sin.hi), select(odd, -cos.lo, sin.lo));
  TwoPart denominator = fastTwoSum(select(odd, sin.hi, cos.hi), select(odd, sin.lo, cos.lo));
  TwoPart q = quotient(numerator, denominator);
  return select(x == 0.0, x, q.hi + q.lo);
}

// asin(y) = y + y^3 P(y^2) for |y| <= 1/2; beyond, asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2)), where 1 - a is exact. An
// error of asin(y) counts double there, so its two terms are taken from pi/2 one after the other.
namespace {
struct AsinParts {
  Mask large;
  Float y, tail; ///< of asin(|x|), or of asin(sqrt((1 - |x|) / 2)) where large
};
} // namespace

static AsinParts asinParts(Float x) {
  Float a = abs(x);
  Mask large = a > 0.5;
  Float square = select(large, fma(a, -0.5, 0.5), a * a);
  Float y = select(large, sqrt(square), a);
  return {large, y, y * square * polynomial(square, kAsinTail)};
}

/// hi + lo - 2 (y + tail)
static Float lessTwice(double hi, double lo, const AsinParts &parts) {
  TwoPart head = fastTwoSum(parts.y.lanes->constant(hi), parts.y * -2.0);
  return head.hi + (head.lo - fma(parts.tail, 2.0, -lo));
}

Float emitAsin(Float x) {
  llvm::ArrayRef<double> piHalf = x.lanes->pick(kPiHalfParts);
  AsinParts parts = asinParts(x);
  return copySign(select(parts.large, lessTwice(piHalf[0], piHalf[1], parts), parts.y + parts.tail), x);
}

Float emitAcos(Float x) {
  llvm::ArrayRef<double> piHalf = x.lanes->pick(kPiHalfParts);
  AsinParts parts = asinParts(x);
  Float value = parts.y + parts.tail;
  Float beyond = select(x < 0.0, lessTwice(2 * piHalf[0], 2 * piHalf[1], parts), value + value);
  Float within = piHalf[0] - (copySign(value, x) - piHalf[1]);
  return select(parts.large, beyond, within);
}

// atan(a) = atan(c) + atan((a - c) / (1 + a c)) with c = 0, 1 or infinity, whichever leaves at most tan(pi/8).
Float emitAtan(Float x) {
  const Lanes &lanes = *x.lanes;
  llvm::ArrayRef<double> piHalf = lanes.pick(kPiHalfParts);
  Float a = abs(x), one = lanes.constant(1.0);
  Mask middle = a > 0.41421356, far = a > 2.41421356;
  Float numerator = select(far, -one, select(middle, a - 1.0, a));
  Float denominator = select(far, a, select(middle, a + 1.0, one));
  Float y = numerator / denominator;
  Float square = y * y;
  Float rest = fma(y * square, polynomial(square, kAtanTail), select(middle, select(far, piHalf[1], 0.5 * piHalf[1]), 0.0));
  Float start = select(far, piHalf[0], select(middle, 0.5 * piHalf[0], 0.0));
  return copySign(start + (y + rest), x);
}

} // namespace quern
