// Reduction of an angle to a count of quarter turns and a rest.
#pragma once
#include "codegen/common/Lanes.h"

namespace quern {

/// x = count pi/2 + rest; only the two low bits of count mean anything. |rest| <= pi/4 but for a rounding; it is a NaN
/// where x is infinite or a NaN.
struct QuarterTurns {
  Int count;
  TwoPart rest;
};

/// For x of any size. The lanes must be ones where an scf.if may stand.
QuarterTurns reduceQuarterTurns(Float x);

} // namespace quern
