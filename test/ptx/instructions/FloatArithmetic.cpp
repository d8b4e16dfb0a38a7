// add, sub, mul, fma, div, min, max, abs, neg, sqrt and rcp of f32 and f64, rounded to nearest; copysign. Other
// rounding modes are in DirectedRounding.cpp, 16-bit types in HalfArithmetic.cpp.
#include "test/ptx/instructions/FloatArithmetic.h"
#include "test/ptx/instructions/Handlers.h"
#include "test/ptx/instructions/SmallFloat.h"

namespace quern::ptx {
namespace {

float canonical(float value) {
  return value == value ? value : std::bit_cast<float>(0x7fffffffu);
}
double canonical(double value) {
  return value;
}

template <class T, bool IsFtz> T input(T value) {
  return IsFtz ? flush(value) : value;
}

template <class T, bool IsFtz, bool IsSat> T output(T value) {
  if constexpr (IsFtz)
    value = flush(value);
  if constexpr (IsSat)
    return value > T(0) ? value < T(1) ? value : T(1) : T(0); // NaN gives 0
  return canonical(value);
}

template <FloatOperation Operation, class T> T compute(T a, T b) {
  switch (Operation) {
  case FloatOperation::Add:
    return a + b;
  case FloatOperation::Sub:
    return a - b;
  case FloatOperation::Mul:
    return a * b;
  case FloatOperation::Div:
    return a / b;
  default:
    return T(0);
  }
}

template <FloatOperation Operation, class T, bool IsFtz, bool IsSat> T binary(T a, T b) {
  return output<T, IsFtz, IsSat>(compute<Operation>(input<T, IsFtz>(a), input<T, IsFtz>(b)));
}
template <class T, bool IsFtz, bool IsSat> T fma(T a, T b, T c) {
  return output<T, IsFtz, IsSat>(__builtin_elementwise_fma(input<T, IsFtz>(a), input<T, IsFtz>(b), input<T, IsFtz>(c)));
}
template <class T, bool IsFtz, bool IsSat> T squareRoot(T a) {
  return output<T, IsFtz, false>(__builtin_elementwise_sqrt(input<T, IsFtz>(a)));
}
template <class T, bool IsFtz, bool IsSat> T reciprocal(T a) {
  return output<T, IsFtz, false>(T(1) / input<T, IsFtz>(a));
}

/// The handler of one of four instances.
template <class T, template <bool, bool> class Pick> Handler byFlags(bool isFtz, bool isSat) {
  return isFtz   ? isSat ? Pick<true, true>::handler : Pick<true, false>::handler
         : isSat ? Pick<false, true>::handler
                 : Pick<false, false>::handler;
}

template <FloatOperation Operation, class T> struct Picks {
  template <bool IsFtz, bool IsSat> struct Pick {
    static constexpr Handler handler = [] {
      if constexpr (Operation == FloatOperation::Fma)
        return lanes<fma<T, IsFtz, IsSat>>;
      else if constexpr (Operation == FloatOperation::Sqrt)
        return lanes<squareRoot<T, IsFtz, IsSat>>;
      else if constexpr (Operation == FloatOperation::Rcp)
        return lanes<reciprocal<T, IsFtz, IsSat>>;
      else
        return lanes<binary<Operation, T, IsFtz, IsSat>>;
    }();
  };
};

template <class T> Handler roundedToNearest(FloatOperation operation, bool isFtz, bool isSat) {
  switch (operation) {
#define CASE(name)                                                                                                     \
  case FloatOperation::name:                                                                                           \
    return byFlags<T, Picks<FloatOperation::name, T>::template Pick>(isFtz, isSat);
    PTX_ROUNDED(CASE)
#undef CASE
  default:
    return nullptr;
  }
}

/// Without .NaN a NaN loses; -0 is less than +0.
template <class T, bool IsMax, bool IsFtz, bool KeepsNan, bool IsXorSign> T extremum(T a, T b) {
  a = input<T, IsFtz>(a), b = input<T, IsFtz>(b);
  bool negative = std::signbit(a) != std::signbit(b);
  if constexpr (IsXorSign)
    a = std::fabs(a), b = std::fabs(b);
  bool isSmaller = a < b || (a == b && std::signbit(a) && !std::signbit(b));
  T result = isSmaller != IsMax ? a : b;
  result = a == a ? b == b ? result : KeepsNan ? b : a : KeepsNan ? a : b;
  if constexpr (IsXorSign)
    return std::copysign(canonical(result), negative ? T(-1) : T(1));
  return canonical(result);
}

template <class T, bool IsMax> Handler extremumHandler(bool isFtz, bool keepsNan, bool isXorSign) {
  static constexpr Handler handlers[] = {
      lanes<extremum<T, IsMax, false, false, false>>, lanes<extremum<T, IsMax, false, false, true>>,
      lanes<extremum<T, IsMax, false, true, false>>,  lanes<extremum<T, IsMax, false, true, true>>,
      lanes<extremum<T, IsMax, true, false, false>>,  lanes<extremum<T, IsMax, true, false, true>>,
      lanes<extremum<T, IsMax, true, true, false>>,   lanes<extremum<T, IsMax, true, true, true>>,
  };
  return handlers[isFtz * 4 + keepsNan * 2 + isXorSign];
}

template <class T, bool IsFtz> T absolute(T a) {
  return std::fabs(input<T, IsFtz>(a));
}
template <class T, bool IsFtz> T negative(T a) {
  return -input<T, IsFtz>(a);
}

float copySign(float sign, float magnitude) {
  return std::copysign(magnitude, sign);
}
double copySignDouble(double sign, double magnitude) {
  return std::copysign(magnitude, sign);
}

/// 2 ulp, and 0 for a divisor above 2^126: the reciprocal it is made of is subnormal and flushed.
template <bool IsFtz> float divideApproximately(float a, float b) {
  a = input<float, IsFtz>(a), b = input<float, IsFtz>(b);
  bool isHuge = std::fabs(b) > 0x1p126f && std::fabs(b) < std::numeric_limits<float>::infinity();
  float quotient = a / b;
  if (isHuge)
    quotient = std::isinf(a) ? std::numeric_limits<float>::quiet_NaN() : std::copysign(0.0f, quotient);
  return output<float, IsFtz, false>(quotient);
}

void makeExtremum(Instruction &in, Type type, bool isMax) {
  bool isFtz = in.take("ftz"), keepsNan = in.take("NaN"), isXorSign = in.take("xorsign");
  if (isXorSign && !in.take("abs"))
    in.fail(".xorsign needs .abs");
  Handler handler = nullptr;
  if (type == kF32)
    handler = isMax ? extremumHandler<float, true>(isFtz, keepsNan, isXorSign)
                    : extremumHandler<float, false>(isFtz, keepsNan, isXorSign);
  else if (type == kF64 && !isFtz && !keepsNan && !isXorSign)
    handler = isMax ? extremumHandler<double, true>(false, false, false)
                    : extremumHandler<double, false>(false, false, false);
  in.make(handler, {type}, {type, type});
}

void makeSign(Instruction &in, Type type, bool isAbs) {
  bool isFtz = in.take("ftz");
  Handler handler = nullptr;
  if (type == kF32)
    handler = isAbs   ? isFtz ? lanes<absolute<float, true>> : lanes<absolute<float, false>>
                : isFtz ? lanes<negative<float, true>>
                      : lanes<negative<float, false>>;
  else if (type == kF64 && !isFtz)
    handler = isAbs ? lanes<absolute<double, false>> : lanes<negative<double, false>>;
  in.make(handler, {type}, {type});
}

} // namespace

void decodeFloatArithmetic(Instruction &in, Type type, FloatOperation operation) {
  if (type.bits == 16)
    return decodeHalfArithmetic(in, type, operation);
  if (type != kF32 && type != kF64)
    in.unsupported();
  if (operation == FloatOperation::Min || operation == FloatOperation::Max)
    return makeExtremum(in, type, operation == FloatOperation::Max);
  if (operation == FloatOperation::Abs || operation == FloatOperation::Neg)
    return makeSign(in, type, operation == FloatOperation::Abs);
  bool isFtz = in.take("ftz"), isSat = in.take("sat");
  if (operation == FloatOperation::Div && type == kF32) {
    if (in.take("approx"))
      return in.make(isFtz ? lanes<divideApproximately<true>> : lanes<divideApproximately<false>>, {type},
                     {type, type});
    in.take("full"); // 2 ulp at most; exact here
  }
  if ((isFtz || isSat) && type == kF64)
    in.unsupported();
  Rounding rounding = in.modifiers.takeRounding();
  Handler handler;
  if (rounding == Rounding::None || rounding == Rounding::NearestEven) {
    handler = type == kF32 ? roundedToNearest<float>(operation, isFtz, isSat)
                           : roundedToNearest<double>(operation, false, false);
  } else {
    in.op.variant = directedVariant(rounding, isFtz, isSat);
    handler = directedHandler(operation, type);
  }
  switch (operation) {
  case FloatOperation::Fma:
    return in.make(handler, {type}, {type, type, type});
  case FloatOperation::Sqrt:
  case FloatOperation::Rcp:
    return in.make(handler, {type}, {type});
  default:
    return in.make(handler, {type}, {type, type});
  }
}

void decodeFma(Instruction &in) {
  decodeFloatArithmetic(in, in.type(), FloatOperation::Fma);
}

void decodeCopysign(Instruction &in) {
  Type type = in.type();
  in.make(type == kF32 ? lanes<copySign> : type == kF64 ? lanes<copySignDouble> : nullptr, {type}, {type, type});
}

} // namespace quern::ptx
