// What the families of vector math offer the dispatch (the emitters of VectorMath.inc) and each other.
#pragma once
#include "codegen/common/Lanes.h"

namespace quern {

#define QUERN_MATH_1(emitter) Float emitter(Float x);
#define QUERN_MATH_2(emitter) Float emitter(Float x, Float y);
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64) QUERN_MATH_##operands(emitter)
#include "codegen/common/VectorMath.inc"
#undef QUERN_MATH_1
#undef QUERN_MATH_2

/// x rounded to the nearest integer n, for |x| < 2^(mantissa bits - 2), and a word whose low bits are n + bias.
struct Rounded {
  Float n;
  Int biased;
};
Rounded roundWithBits(Float x, int bias);
/// The same for x * factor, rounded once.
Rounded roundWithBits(Float x, double factor, int bias);

/// p 2^n with one rounding even where the result is subnormal; `biased` holds n + 2 bias of the format and
/// -2 bias < n < 2 bias.
Float scaleByPower(Float p, Int biased);

/// e^x 2^-halvings, for x of any size.
Float expScaled(Float x, int halvings);

/// (e^(m x) - 1) 2^-halvings in two parts, m = 1 or 2, for x between -bits ln 2 and the overflow of the result. Beyond
/// 2^(mantissa bits) the 1 is rounded away unless `keepsOne`.
TwoPart expm1Scaled(Float x, int m, int halvings, bool keepsOne);

/// x = 2^k m for positive finite x, m in [low, 2 low).
struct Split {
  Float k, m;
};
Split splitExponent(Float x, double low);

/// log(1 + x) for finite x > -1.
Float log1pFinite(Float x);
/// log(1 + x.hi + x.lo) + doublings ln 2.
Float log1pFinite(TwoPart x, Float doublings);

} // namespace quern
