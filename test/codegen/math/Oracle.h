// What each math function should return, in a format wide enough that its own error does not count.
#pragma once

namespace quern::test {

/// Correct to about 2^-52: for f32 results.
using OracleF32 = double (*)(double x, double y);
/// Correct to about 2^-63: for f64 results.
using OracleF64 = long double (*)(long double x, long double y);

/// One function of VectorMath.inc. `y` is ignored by functions of one operand.
struct Oracle {
  const char *name;
  int operands;
  double ulpsF32, ulpsF64; ///< the bounds promised
  bool negativeOnly;       ///< defined for x <= 0 only
  OracleF32 f32;
  OracleF64 f64;
};
inline constexpr int oracleCount = 0
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64) +1
#include "codegen/common/VectorMath.inc"
    ;
extern const Oracle oracles[oracleCount];

} // namespace quern::test
