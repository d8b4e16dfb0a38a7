// How a Fourier transform is taken apart into passes over its elements.
#pragma once
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace quern {

/// One pass of Stockham's method, by decimation in frequency: of the elements that are left, radix * rest, those `rest`
/// apart are transformed, and turned. `stride` such transforms lie beside each other:
///
///   y[q + stride (radix p + k)] = root(radix rest, p k) * sum over j of root(radix, j k) x[q + stride (p + rest j)]
///   p < rest, q < stride, root(n, e) = exp(-2 pi i e / n)
///
/// The next pass has stride * radix of what `rest` leaves, so that elements end in order without being sorted.
struct FourierPass {
  int64_t radix, rest, stride;
};

/// The cheapest passes for an extent without a prime factor above kMostRadix. `lanes`: elements of a vector.
/// `columns`: vectors lie across transforms, so every pass fills them.
llvm::SmallVector<FourierPass> planFourier(int64_t extent, int64_t lanes, bool columns, int64_t registers);

/// Lanes for loops over `extent` elements: a power of two that is neither more than these nor more than `lanes`.
int64_t lanesFor(int64_t extent, int64_t lanes);

} // namespace quern
