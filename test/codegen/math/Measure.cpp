#include "test/codegen/math/Measure.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace quern::test {

// A compiled function takes each memref as its descriptor's fields: pointer, aligned pointer, offset, size, stride.
#define MEMREF(type) type *, type *, int64_t, int64_t, int64_t
#define FIELDS(pointer) pointer, pointer, 0, batchLength, 1
#define PARAMETERS_1(type) MEMREF(const type), MEMREF(type)
#define PARAMETERS_2(type) MEMREF(const type), MEMREF(const type), MEMREF(type)
#define CALL_1(function) function(FIELDS(x), FIELDS(result))
#define CALL_2(function) function(FIELDS(x), FIELDS(y), FIELDS(result))

#define DEFINE(type, variant, Name, spelling, operands)                                                                \
  extern "C" void variant##_##Name(PARAMETERS_##operands(type)) __asm__(#variant "_" spelling);                        \
  static void batch_##variant##_##Name(const type *x, [[maybe_unused]] const type *y, type *result) {                  \
    CALL_##operands(variant##_##Name);                                                                                 \
  }
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64)                                                \
  DEFINE(float, f32_16, Name, spelling, operands)                                                                      \
  DEFINE(float, f32_8, Name, spelling, operands)                                                                       \
  DEFINE(float, f32_1, Name, spelling, operands)                                                                       \
  DEFINE(double, f64_8, Name, spelling, operands)                                                                      \
  DEFINE(double, f64_4, Name, spelling, operands)
#include "codegen/common/VectorMath.inc"

const Variant<float> variantsF32[] = {
    {"f32_16", true, {
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64) batch_f32_16_##Name,
#include "codegen/common/VectorMath.inc"
    }},
    {"f32_8", false, {
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64) batch_f32_8_##Name,
#include "codegen/common/VectorMath.inc"
    }},
    {"f32_1", false, {
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64) batch_f32_1_##Name,
#include "codegen/common/VectorMath.inc"
    }},
};
const Variant<double> variantsF64[] = {
    {"f64_8", true, {
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64) batch_f64_8_##Name,
#include "codegen/common/VectorMath.inc"
    }},
    {"f64_4", false, {
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64) batch_f64_4_##Name,
#include "codegen/common/VectorMath.inc"
    }},
};

bool runsHere(bool needsAvx512) {
  return needsAvx512 ? __builtin_cpu_supports("x86-64-v4") : __builtin_cpu_supports("x86-64-v3");
}

/// Exact is wider than T, so its own exponent tells the ulp even next to a power of two.
template <typename T, typename Exact> static double ulpsOf(T got, Exact exact) {
  using Limits = std::numeric_limits<T>;
  constexpr double wrong = std::numeric_limits<double>::infinity();
  T rounded = T(exact);
  if (std::isnan(exact) || std::isnan(got))
    return std::isnan(exact) && std::isnan(got) ? 0 : wrong;
  if (got == 0 && std::signbit(got) != std::signbit(exact))
    return wrong;
  if (std::isinf(rounded) && got == rounded)
    return 0;
  if (std::isinf(exact))
    return wrong;
  Exact beyond = std::ldexp(Exact(1), Limits::max_exponent);
  Exact value = std::isinf(got) ? std::copysign(beyond, Exact(got)) : Exact(got);
  int exponent = Limits::min_exponent;
  if (exact != 0) {
    int own;
    std::frexp(exact, &own);
    exponent = own > exponent ? own : exponent;
  }
  return double(std::fabs(value - exact) / std::ldexp(Exact(1), exponent - Limits::digits));
}
double ulps(float got, double exact) { return ulpsOf(got, exact); }
double ulps(double got, long double exact) { return ulpsOf(got, exact); }

template <typename T, typename Function>
static void compareAll(Function exact, const T *x, const T *y, const T *got, size_t count, Worst &worst) {
  for (size_t i = 0; i < count; ++i) {
    double error = ulps(got[i], exact(x[i], y[i]));
    if (error > worst.ulps)
      worst = {error, double(x[i]), double(y[i]), double(got[i])};
  }
}
void compare(const Oracle &oracle, const float *x, const float *y, const float *got, size_t count, Worst &worst) {
  compareAll(oracle.f32, x, y, got, count, worst);
}
void compare(const Oracle &oracle, const double *x, const double *y, const double *got, size_t count, Worst &worst) {
  compareAll(oracle.f64, x, y, got, count, worst);
}

template <typename T> static void measureBatch(Batch<T> batch, const Oracle &oracle, const T *x, const T *y, Worst &worst) {
  alignas(64) static thread_local T result[batchLength], own[batchLength];
  std::transform(x, x + batchLength, own, [&](T v) { return inDomain(oracle, v); });
  batch(own, y, result);
  compare(oracle, own, y, result, batchLength, worst);
}
void measure(Batch<float> batch, const Oracle &oracle, const float *x, const float *y, Worst &worst) {
  measureBatch(batch, oracle, x, y, worst);
}
void measure(Batch<double> batch, const Oracle &oracle, const double *x, const double *y, Worst &worst) {
  measureBatch(batch, oracle, x, y, worst);
}

} // namespace quern::test
