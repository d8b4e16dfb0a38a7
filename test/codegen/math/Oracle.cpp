#include "test/codegen/math/Oracle.h"
#include <cmath>
#include <string_view>

namespace quern::test {
namespace {

/// One function for each name of VectorMath.inc.
template <typename T> struct Exact {
  static T Exp(T x, T) { return std::exp(x); }
  static T ExpNegative(T x, T) { return std::exp(x); }
  static T Exp2(T x, T) { return std::exp2(x); }
  static T Expm1(T x, T) { return std::expm1(x); }
  static T Log(T x, T) { return std::log(x); }
  static T Log2(T x, T) { return std::log2(x); }
  static T Log1p(T x, T) { return std::log1p(x); }
  static T Pow(T x, T y) { return std::pow(x, y); }
  static T Sigmoid(T x, T) {
    T e = std::exp(-std::fabs(x));
    return (x < 0 ? e : T(1)) / (1 + e);
  }
  static T Softplus(T x, T) { return (x < 0 ? T(0) : x) + std::log1p(std::exp(-std::fabs(x))); }
  static T Erf(T x, T) { return std::erf(x); }
  static T Tanh(T x, T) { return std::tanh(x); }
  static T Sinh(T x, T) { return std::sinh(x); }
  static T Cosh(T x, T) { return std::cosh(x); }
  static T Asinh(T x, T) { return std::asinh(x); }
  static T Acosh(T x, T) { return std::acosh(x); }
  static T Atanh(T x, T) { return std::atanh(x); }
  static T Sin(T x, T) { return std::sin(x); }
  static T Cos(T x, T) { return std::cos(x); }
  static T Tan(T x, T) { return std::tan(x); }
  static T Asin(T x, T) { return std::asin(x); }
  static T Acos(T x, T) { return std::acos(x); }
  static T Atan(T x, T) { return std::atan(x); }
};

} // namespace

const Oracle oracles[oracleCount] = {
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64)                                                \
  {spelling, operands, ulpsF32, ulpsF64, std::string_view(spelling) == "exp_negative",                                   \
   Exact<double>::Name, Exact<long double>::Name},
#include "codegen/common/VectorMath.inc"
};

} // namespace quern::test
