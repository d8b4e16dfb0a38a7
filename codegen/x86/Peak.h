// What this machine can do at best, measured: the roofs that kernels are held against.
#pragma once
#include "codegen/Target.h"

namespace quern {

/// Float32 operations per second of one core at `level`, a fused multiply-add counting as two: the best of several
/// runs of independent multiply-adds in registers. 0 where the machine does not run the level. Takes about 50 ms.
double measurePeak(const Level &level);

/// Bytes per second that one core reads at best from a working set of `bytes`. Takes about 50 ms.
double measureReadBandwidth(size_t bytes);

} // namespace quern
