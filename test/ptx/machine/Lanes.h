// From a function of scalars to an instruction of 32 lanes.
//
//   uint32_t add(uint32_t a, uint32_t b) { return a + b; }      lanes<add>  // a Handler: rows[0] = add(rows[1],
//   rows[2])
//
// All lanes are computed in one loop that the compiler makes vector code of; those outside of the mask keep their
// result. So the function must be defined for any operands.
#pragma once
#include "test/ptx/machine/Warp.h"
#include <algorithm>
#include <tuple>
#include <utility>

namespace quern::ptx {

/// The values of one row. A predicate's are bits.
template <class T> struct Source {
  const T *values;
  Source(const Warp &warp, uint32_t row) : values(warp.row<T>(row)) {}
  T operator[](unsigned lane) const { return values[lane]; }
};

template <> struct Source<bool> {
  Mask bits;
  Source(const Warp &warp, uint32_t row) : bits(*warp.row<Mask>(row)) {}
  bool operator[](unsigned lane) const { return bits >> lane & 1; }
};

template <class T, class F> void writeLanes(Warp &warp, uint32_t row, Mask mask, F value) {
  T *result = warp.row<T>(row);
  if (mask == ~Mask(0)) {
#pragma omp simd
    for (unsigned lane = 0; lane < kLanes; ++lane)
      result[lane] = value(lane);
    return;
  }
#pragma omp simd
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    T computed = value(lane);
    result[lane] = mask >> lane & 1 ? computed : result[lane];
  }
}

template <class F> void writePredicate(Warp &warp, uint32_t row, Mask mask, F value) {
  Mask bits = 0;
#pragma omp simd reduction(| : bits)
  for (unsigned lane = 0; lane < kLanes; ++lane)
    bits |= Mask(bool(value(lane))) << lane;
  Mask &result = *warp.row<Mask>(row);
  result = (result & ~mask) | (bits & mask);
}

template <auto F, class R, class... Args, size_t... I>
void runLanes(R (*)(Args...), std::index_sequence<I...>, Warp &warp, const Op &op, Mask mask) {
  std::tuple<Source<Args>...> sources{Source<Args>(warp, op.rows[1 + I])...};
  auto value = [&](unsigned lane) { return F(std::get<I>(sources)[lane]...); };
  if constexpr (std::is_same_v<R, bool>)
    writePredicate(warp, op.rows[0], mask, value);
  else
    writeLanes<R>(warp, op.rows[0], mask, value);
}

template <class R, class... Args> constexpr auto indicesOf(R (*)(Args...)) {
  return std::index_sequence_for<Args...>();
}

template <auto F> void lanes(Warp &warp, const Op &op, Mask mask) {
  runLanes<F>(F, indicesOf(F), warp, op, mask);
}

/// Calls `f(lane)` for each lane of the mask, from the lowest.
template <class F> void forEachLane(Mask mask, F f) {
  for (; mask; mask &= mask - 1)
    f(static_cast<unsigned>(__builtin_ctz(mask)));
}

} // namespace quern::ptx
