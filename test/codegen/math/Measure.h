// Runs the compiled math functions and measures their errors.
#pragma once
#include "test/codegen/math/Oracle.h"
#include <cstddef>
#include <cstdint>

namespace quern::test {

inline constexpr size_t batchLength = 4096; ///< elements of one call of a compiled function

/// result[i] = f(x[i]) or f(x[i], y[i]) for one batch.
template <typename T> using Batch = void (*)(const T *x, const T *y, T *result);

/// One compilation of all functions of one format.
template <typename T> struct Variant {
  const char *name; ///< "f32_16": format and lanes
  bool needsAvx512;
  Batch<T> functions[oracleCount];
};
extern const Variant<float> variantsF32[3];
extern const Variant<double> variantsF64[2];
/// False where this machine lacks the variant's instructions.
bool runsHere(bool needsAvx512);

/// The worst of what was measured.
struct Worst {
  double ulps = 0; ///< infinite where a NaN, a zero's sign or an infinity is wrong
  double x = 0, y = 0, got = 0;
};

/// |got - exact| in units in the last place of `exact` in the format, at least its smallest subnormal. An infinity
/// counts as the power of two beyond the largest number.
double ulps(float got, double exact);
double ulps(double got, long double exact);

/// Raises `worst` by what some machine computed: got[i] of x[i] and y[i].
void compare(const Oracle &oracle, const float *x, const float *y, const float *got, size_t count, Worst &worst);
void compare(const Oracle &oracle, const double *x, const double *y, const double *got, size_t count, Worst &worst);

/// The nearest input that the function is defined for.
template <typename T> T inDomain(const Oracle &oracle, T x) { return oracle.negativeOnly && x > 0 ? -x : x; }

/// Runs one batch and raises `worst`.
void measure(Batch<float> function, const Oracle &oracle, const float *x, const float *y, Worst &worst);
void measure(Batch<double> function, const Oracle &oracle, const double *x, const double *y, Worst &worst);

} // namespace quern::test
