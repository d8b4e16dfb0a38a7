// cvt: between integers, floats, and to pairs of 16-bit floats.
#include "test/ptx/instructions/FloatArithmetic.h"
#include "test/ptx/instructions/SmallFloat.h"

namespace quern::ptx {
namespace {

// Of Op::variant, beside directedVariant.
constexpr uint8_t kRelu = 32, kSatFinite = 64;

// Integer to integer.

template <class To, class From> To convertInteger(From a) {
  return static_cast<To>(a);
}
template <class To, class From> To saturateInteger(From a) {
  __int128 low = std::numeric_limits<To>::min(), high = std::numeric_limits<To>::max(), value = a;
  return static_cast<To>(value < low ? low : value > high ? high : value);
}

// Float to integer: by way of double, which holds every float exactly.

template <class Float> double widen(Float value) {
  return static_cast<float>(value);
}
double widen(double value) {
  return value;
}
double widen(float value) {
  return value;
}

double roundToInteger(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::Zero:
    return std::trunc(value);
  case Rounding::Down:
    return std::floor(value);
  case Rounding::Up:
    return std::ceil(value);
  case Rounding::None:
    return value;
  default:
    return std::nearbyint(value);
  }
}

/// NaN becomes 0, or 2^63 of 64 bits, and what is outside of the range its nearest end.
template <class To, class Float> void floatToInteger(Warp &warp, const Op &op, Mask mask) {
  constexpr auto kLow = static_cast<double>(std::numeric_limits<To>::min()),
                 kHigh = static_cast<double>(std::numeric_limits<To>::max());
  constexpr auto kNaN = sizeof(To) == 8 ? static_cast<To>(uint64_t(1) << 63) : To(0);
  const Float *from = warp.row<Float>(op.rows[1]);
  forEachLane(mask, [&](unsigned lane) {
    double value = widen(from[lane]);
    if (isFtz(op.variant))
      value = flush(static_cast<float>(value));
    value = roundToInteger(value, roundingOf(op.variant));
    // kHigh of 64 bits is rounded up to a power of two, which itself is out of range.
    warp.row<To>(op.rows[0])[lane] = value != value   ? kNaN
                                     : value <= kLow  ? std::numeric_limits<To>::min()
                                     : value >= kHigh ? std::numeric_limits<To>::max()
                                                      : static_cast<To>(value);
  });
}

// Integer to float, rounded to nearest.

template <class To, class From> To integerToFloat(From a) {
  return static_cast<To>(a);
}
/// To 16 bits: the double keeps what rounding needs, since its own rounding is to odd.
template <class Format, class From> uint16_t integerToHalf(From a) {
  double high = static_cast<double>(a),
         low = static_cast<double>(static_cast<__int128>(a) - static_cast<__int128>(high));
  return Format::from(addToOdd(high, low)).bits;
}

// Float to float.

template <class To> To narrow(double value, Rounding rounding);
template <> Half narrow(double value, Rounding rounding) {
  return Half::from(value, rounding);
}
template <> BFloat16 narrow(double value, Rounding rounding) {
  return BFloat16::from(value, rounding);
}
template <> float narrow(double value, Rounding rounding) {
  return std::bit_cast<float>(roundToFormat<8, 23>(value, rounding));
}
template <> double narrow(double value, Rounding) {
  return value;
}

/// `value` in the destination's format, with the op's rounding, .sat, .relu and .satfinite.
template <class To> To finish(double value, uint8_t variant, Rounding rounding) {
  if (isSat(variant))
    value = value > 0 ? std::min(value, 1.0) : 0;
  if (variant & kRelu && value <= 0) // -0 becomes 0
    value = 0;
  To result = narrow<To>(value, rounding);
  if constexpr (sizeof(To) == 2)
    if (variant & kSatFinite && (result.bits & 0x7fff) == To::kInfinity)
      result.bits -= 1;
  return result;
}

template <class To, class From> void floatToFloat(Warp &warp, const Op &op, Mask mask) {
  Rounding rounding = roundingOf(op.variant);
  // Of one type: .rni and its kin make a whole number.
  constexpr bool isSame = std::is_same_v<To, From>;
  const From *from = warp.row<From>(op.rows[1]);
  forEachLane(mask, [&](unsigned lane) {
    double value = widen(from[lane]);
    if (isFtz(op.variant) && sizeof(From) == 4)
      value = flush(static_cast<float>(value));
    if (isSame)
      value = roundToInteger(value, rounding);
    To result = finish<To>(value, op.variant, isSame ? Rounding::NearestEven : rounding);
    if constexpr (std::is_same_v<To, float>)
      result = isFtz(op.variant) ? flush(result) : result;
    warp.row<To>(op.rows[0])[lane] = result;
  });
}

// The common ones, as whole vectors.
float halfToFloat(_Float16 a) {
  return static_cast<float>(a);
}
_Float16 floatToHalf(float a) {
  return a == a ? static_cast<_Float16>(a) : std::bit_cast<_Float16>(Half::kNaN);
}
double floatToDouble(float a) {
  return a;
}

uint32_t toTf32(float value, Rounding rounding, bool relu) {
  if (relu && value <= 0)
    value = 0;
  // A float with the last 13 bits of its mantissa zero.
  uint32_t bits = roundToFormat<8, 10>(value, rounding);
  return value == value ? bits << 13 : 0x7fffffff;
}
void floatToTf32(Warp &warp, const Op &op, Mask mask) {
  forEachLane(mask, [&](unsigned lane) {
    warp.row<uint32_t>(op.rows[0])[lane] =
        toTf32(warp.row<float>(op.rows[1])[lane], roundingOf(op.variant), op.variant & kRelu);
  });
}

/// cvt.rn.f16x2.f32 d, a, b: a is the upper half.
template <class Format> void floatsToPair(Warp &warp, const Op &op, Mask mask) {
  Rounding rounding = roundingOf(op.variant);
  forEachLane(mask, [&](unsigned lane) {
    uint32_t high = finish<Format>(warp.row<float>(op.rows[1])[lane], op.variant, rounding).bits;
    uint32_t low = finish<Format>(warp.row<float>(op.rows[2])[lane], op.variant, rounding).bits;
    warp.row<uint32_t>(op.rows[0])[lane] = high << 16 | low;
  });
}

/// Calls `f` with a value of the C++ type of an integer type.
template <class F> Handler withInteger(Type type, F f) {
  switch (type.bits) {
  case 8:
    return type.isSigned() ? f(int8_t()) : f(uint8_t());
  case 16:
    return type.isSigned() ? f(int16_t()) : f(uint16_t());
  case 32:
    return type.isSigned() ? f(int32_t()) : f(uint32_t());
  case 64:
    return type.isSigned() ? f(int64_t()) : f(uint64_t());
  default:
    return nullptr;
  }
}
template <class F> Handler withFloat(Type type, F f) {
  if (type == kF32)
    return f(float());
  if (type == kF64)
    return f(double());
  return type == kF16 ? f(Half()) : type == kBF16 ? f(BFloat16()) : nullptr;
}

Handler fromInteger(Type to, Type from, bool isSaturating, Rounding rounding) {
  if (to.isInteger())
    return withInteger(to, [&]<class To>(To) {
      return withInteger(from, [&]<class From>(From) -> Handler {
        return isSaturating ? lanes<saturateInteger<To, From>> : lanes<convertInteger<To, From>>;
      });
    });
  if (rounding > Rounding::NearestEven)
    return directedConversion(to, from);
  return withInteger(from, [&]<class From>(From) -> Handler {
    if (to == kF32)
      return lanes<integerToFloat<float, From>>;
    if (to == kF64)
      return lanes<integerToFloat<double, From>>;
    return to == kF16 ? lanes<integerToHalf<Half, From>> : to == kBF16 ? lanes<integerToHalf<BFloat16, From>> : nullptr;
  });
}

Handler fromFloat(Type to, Type from, uint8_t variant) {
  if (to.isInteger())
    return withInteger(to, [&]<class To>(To) {
      return withFloat(from, [&]<class From>(From) -> Handler { return floatToInteger<To, From>; });
    });
  bool isPlain = variant == directedVariant(Rounding::None, false, false) ||
                 variant == directedVariant(Rounding::NearestEven, false, false);
  if (isPlain && to == kF32 && from == kF16)
    return lanes<halfToFloat>;
  if (isPlain && to == kF16 && from == kF32)
    return lanes<floatToHalf>;
  if (isPlain && to == kF64 && from == kF32)
    return lanes<floatToDouble>;
  if (to == kTf32)
    return from == kF32 ? floatToTf32 : nullptr;
  return withFloat(to, [&]<class To>(To) {
    return withFloat(from, [&]<class From>(From) -> Handler { return floatToFloat<To, From>; });
  });
}

void checkRounding(Instruction &in, Type to, Type from, Rounding toInteger, Rounding rounding) {
  bool isWhole = !from.isInteger() && (to.isInteger() || to == from);
  if (toInteger != Rounding::None && !isWhole)
    in.fail("an integer rounding is for float to integer, or to the same float");
  if (rounding != Rounding::None && (isWhole || (to.isInteger() && from.isInteger())))
    in.fail("a float rounding does not apply");
  if (!from.isInteger() && to.isInteger() && toInteger == Rounding::None)
    in.fail("needs .rni, .rzi, .rmi or .rpi");
  bool isNarrowing = !isWhole && !to.isInteger() && (from.isInteger() || to.bits < from.bits || to == kTf32);
  if (isNarrowing && rounding == Rounding::None)
    in.fail("needs .rn, .rz, .rm or .rp");
}

} // namespace

void decodeCvt(Instruction &in) {
  Rounding toInteger = in.modifiers.takeRounding(true), rounding = in.modifiers.takeRounding();
  bool ftz = in.take("ftz"), sat = in.take("sat");
  bool relu = in.take("relu"), satFinite = in.take("satfinite");
  Type to = in.type(), from = in.type();
  if (to.packed) {
    in.op.variant = directedVariant(rounding, ftz, sat) | (relu ? kRelu : 0) | (satFinite ? kSatFinite : 0);
    if (from != kF32 || rounding == Rounding::None || ftz || (to != kF16x2 && to != kBF16x2))
      in.unsupported();
    return in.make(to == kF16x2 ? floatsToPair<Half> : floatsToPair<BFloat16>, {to}, {kF32, kF32});
  }
  checkRounding(in, to, from, toInteger, rounding);
  if (ftz && to != kF32 && from != kF32)
    in.fail(".ftz is for f32");
  Rounding used = toInteger != Rounding::None ? toInteger : rounding;
  in.op.variant = directedVariant(used, ftz, sat) | (relu ? kRelu : 0) | (satFinite ? kSatFinite : 0);
  Handler handler = from.isInteger() ? fromInteger(to, from, sat, rounding) : fromFloat(to, from, in.op.variant);
  in.expectOperands(2);
  in.op.rows[1] = in.narrowedSource(in.operands[1], from);
  uint32_t row = in.op.rows[0] = in.narrowResult(in.operands[0], to);
  in.emit(handler);
  in.widenResult(in.operands[0], to, row);
}

} // namespace quern::ptx
