// erf: near zero x + x P(x^2); beyond, 1 - erfc, where an error of erfc counts for little.
#include "codegen/common/VectorMathCoefficients.h"
#include "codegen/common/VectorMathFamilies.h"

namespace quern {

// erfc(a) = 2^(a P(a) - 2a) for a in [0.92, 3.95]; further out erf rounds to 1. P is smallest, and with it the error of
// the exponent, where erfc is largest. The integer n leaves the exponent before it is rounded: -2a - n is exact.
static Float erfcF32(Float a) {
  const Lanes &lanes = *a.lanes;
  Float exponent = polynomial(a, kErfcExponentF32), twice = a + a;
  auto [n, biased] = roundWithBits(fma(a, exponent, -twice), lanes.bias());
  Float r = fma(a, exponent, -twice - n);
  return fma(polynomial(r, kExp2Tail), r, 1.0) * fromBits(biased << lanes.mantissaBits());
}

// erfc(a) = e^(-a^2) P((a - 2) / (a + 2)) for a in [0.99, 6], a^2 in two parts.
static Float erfcF64(Float a) {
  TwoPart square = twoProduct(a, a);
  Float power = emitExpNegative(-square.hi);
  power = fma(-square.lo, power, power);
  return power * polynomial((a - 2.0) / (a + 2.0), kErfcScaledF64);
}

Float emitErf(Float x) {
  const Lanes &lanes = *x.lanes;
  Float near = fma(x, polynomial(x * x, kErfTail), x);
  Float a = atMost(abs(x), lanes.pick(3.95, 6.0));
  Float far = copySign(1.0 - (lanes.isF64() ? erfcF64(a) : erfcF32(a)), x);
  return select(a < lanes.pick(0.925, 0.995), near, far);
}

} // namespace quern
