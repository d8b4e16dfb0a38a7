// What kernels of Fourier transforms are made for.
#pragma once
#include <complex>
#include <cstdint>

namespace quern::graph {

/// The largest prime factor of an extent that kernels transform; others become convolutions.
constexpr int64_t kMostRadix = 31;
/// The largest extent that one kernel transforms; of longer ones it would go through memory once for each pass.
constexpr int64_t kMostExtent = 16384;

/// exp(-2 pi i e / n), e >= 0, right to the last bit but one.
std::complex<double> fourierRoot(int64_t exponent, int64_t n);

/// The largest prime factor of a positive number; 1 of 1.
int64_t largestFactor(int64_t number);

} // namespace quern::graph
