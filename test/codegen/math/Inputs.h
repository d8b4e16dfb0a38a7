// What the math functions are tried on: special values, thresholds and a sample over all bit patterns.
#pragma once
#include "test/codegen/math/Measure.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace quern::test {

/// Values about which some function changes its formula, its sign or its result's kind; neighbours are added.
inline constexpr double landmarks[] = {
    0, 0x1p-149, 0x1p-126, 0x1p-25, 0x1p-24, 0x1p-13, 0.25, 0.41421356, 0.5, 0.70710678, 0.75, 0.925, 1, 1.5,
    1.5707963, 2, 2.41421356, 3.1415927, 3.95, 6, 9.1, 17.5, 19.1, 37, 87.336, 88.0, 88.72284, 89.4, 103.97, 104.5,
    127, 128, 149, 150, 708.3964, 709.78, 710.47, 744.4, 745.13, 746, 1022, 1024, 1074, 1076, 0x1p17, 0x1p24,
    0x1p27, 0x1p30, 0x1p53, 0x1p60, 0x1p64, 0x1p127, 0x1.fffffep127, 0x1p1000, 0x1.6ac5b262ca1ffp849,
    0x1.fffffffffffffp1023, 0x1p-1022, 0x1p-1074};

template <typename T> std::vector<T> specials() {
  std::vector<T> values = {std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN()};
  for (double landmark : landmarks) {
    T below = T(landmark), above = T(landmark);
    for (int step = 0; step < 4; ++step) {
      values.insert(values.end(), {below, above});
      below = std::nextafter(below, T(0));
      above = std::nextafter(above, std::numeric_limits<T>::infinity());
    }
  }
  for (size_t i = 0, end = values.size(); i < end; ++i)
    values.push_back(-values[i]);
  return values;
}

template <typename T> T randomBits(std::mt19937_64 &random) {
  using Word = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  return std::bit_cast<T>(Word(random()));
}

/// Sizes at which functions bend: most random bit patterns are far too large or small for that.
template <typename T> T randomModerate(std::mt19937_64 &random) {
  std::uniform_real_distribution<T> mantissa(-1, 1), exponent(-14, 10);
  return mantissa(random) * std::exp2(exponent(random));
}

/// As many of x as of y, whole batches of them.
template <typename T> struct Inputs {
  std::vector<T> x, y;
  void add(T first, T second) {
    x.push_back(first);
    y.push_back(second);
  }
  void pad() {
    while (x.size() % batchLength)
      add(1, 1);
  }
};

template <typename T> Inputs<T> unaryInputs(size_t count) {
  Inputs<T> inputs;
  std::mt19937_64 random(1);
  for (T value : specials<T>())
    inputs.add(value, 0);
  for (size_t i = 0; i < count; ++i)
    inputs.add(i % 2 ? randomBits<T>(random) : randomModerate<T>(random), 0);
  // f32: a walk over all bit patterns.
  if constexpr (sizeof(T) == 4)
    for (uint64_t word = 0; word < uint64_t(1) << 32; word += 4099)
      inputs.add(std::bit_cast<float>(uint32_t(word)), 0);
  inputs.pad();
  return inputs;
}

/// Pairs whose power is neither 0 nor infinite: a base, and an exponent below the base's overflow.
template <typename T> Inputs<T> binaryInputs(size_t count) {
  Inputs<T> inputs;
  std::mt19937_64 random(2);
  std::uniform_real_distribution<T> nearOne(T(0.5), T(2)), size(-1, 1);
  for (T x : specials<T>())
    for (T y : specials<T>())
      inputs.add(x, y);
  for (size_t i = 0; i < count; ++i) {
    T x = i % 4 == 0 ? nearOne(random) : i % 4 == 1 ? randomModerate<T>(random) : randomBits<T>(random);
    T limit = T(std::numeric_limits<T>::max_exponent + std::numeric_limits<T>::digits);
    T y = size(random) * limit / std::max(std::fabs(std::log2(std::fabs(x))), T(1e-30));
    inputs.add(x, i % 3 ? y : std::nearbyint(y));
  }
  inputs.pad();
  return inputs;
}

/// For functions of one operand or of two; the same in every call.
template <typename T> const Inputs<T> &inputsFor(int operands) {
  static const Inputs<T> unary = unaryInputs<T>(1 << 20), binary = binaryInputs<T>(1 << 20);
  return operands == 1 ? unary : binary;
}

} // namespace quern::test
