// Which levels the machine that runs the compiler has, and what it can do at best, measured: the roofs that kernels are
// held against.
#pragma once
#include "codegen/Target.h"

namespace quern {

/// Whether the CPU and the operating system of this machine run code of `level`.
bool runsOnThisMachine(const Level &level);

/// The target of all levels of this machine's architecture; null where Quern compiles for none of it.
const Target *targetOfThisMachine();

/// Float32 operations per second of `threads` cores at `level`, a fused multiply-add counting as two: the best of
/// several runs of independent multiply-adds in registers. 0 where the machine does not run the level. Takes about 50
/// ms.
double measurePeak(const Level &level, int threads = 1);

/// Bytes per second that `threads` cores read at best, in vectors of `level`, from a working set of `bytes`, of which
/// each has its part. 0 where the machine does not run the level. Takes about 50 ms.
double measureReadBandwidth(const Level &level, size_t bytes, int threads = 1);

} // namespace quern
