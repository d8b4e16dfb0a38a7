// What this machine can do at best, measured: the roofs that kernels are held against.
#pragma once
#include "codegen/Target.h"

namespace quern {

/// Float32 operations per second of `threads` cores at `level`, a fused multiply-add counting as two: the best of
/// several runs of independent multiply-adds in registers. 0 where the machine does not run the level. Takes about 50
/// ms.
double measurePeak(const Level &level, int threads = 1);

/// Bytes per second that `threads` cores read at best, in vectors of `level`, from a working set of `bytes`, of which
/// each has its part. 0 where the machine does not run the level. Takes about 50 ms.
double measureReadBandwidth(const Level &level, size_t bytes, int threads = 1);

} // namespace quern
