// add, sub, mul, mad, div, rem, abs, neg, min, max, sad, dp4a, and the extended-precision forms with a carry.
#include "test/ptx/instructions/Handlers.h"
#include <limits>

namespace quern::ptx {
namespace {

template <class T> using U = std::make_unsigned_t<T>;
// Twice as wide.
template <class T>
using Wide =
    std::conditional_t<sizeof(T) == 2, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>,
                       std::conditional_t<sizeof(T) == 4, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>,
                                          std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>>>;

template <class T> struct Add {
  static T run(T a, T b) { return U<T>(a) + U<T>(b); }
};
template <class T> struct Sub {
  static T run(T a, T b) { return U<T>(a) - U<T>(b); }
};
template <class T> struct MulLo {
  static T run(T a, T b) { return static_cast<T>(uint64_t(a) * uint64_t(b)); }
};
template <class T> struct MulHi {
  static T run(T a, T b) { return static_cast<T>((Wide<T>(a) * Wide<T>(b)) >> (sizeof(T) * 8)); }
};
template <class T> struct MadLo {
  static T run(T a, T b, T c) { return static_cast<T>(uint64_t(a) * uint64_t(b) + uint64_t(c)); }
};
template <class T> struct MadHi {
  static T run(T a, T b, T c) { return Add<T>::run(MulHi<T>::run(a, b), c); }
};
// Division by zero and the smallest by -1 have no defined value; these are the hardware's.
template <class T> struct Div {
  static T run(T a, T b) {
    if (b == 0)
      return static_cast<T>(-1);
    return std::is_signed_v<T> && b == T(-1) ? static_cast<T>(-U<T>(a)) : static_cast<T>(a / b);
  }
};
template <class T> struct Rem {
  static T run(T a, T b) {
    if (b == 0)
      return a;
    return std::is_signed_v<T> && b == T(-1) ? T(0) : static_cast<T>(a % b);
  }
};
template <class T> struct Abs {
  static T run(T a) { return a < 0 ? static_cast<T>(-U<T>(a)) : a; }
};
template <class T> struct Neg {
  static T run(T a) { return static_cast<T>(-U<T>(a)); }
};
template <class T> struct Min {
  static T run(T a, T b) { return a < b ? a : b; }
};
template <class T> struct Max {
  static T run(T a, T b) { return a > b ? a : b; }
};
template <class T> struct Sad {
  static T run(T a, T b, T c) { return Add<T>::run(c, static_cast<T>(a < b ? U<T>(b) - U<T>(a) : U<T>(a) - U<T>(b))); }
};

template <class To, class From> To mulWide(From a, From b) {
  return static_cast<To>(a) * static_cast<To>(b);
}
template <class To, class From> To madWide(From a, From b, To c) {
  return static_cast<To>(U<To>(static_cast<To>(a) * static_cast<To>(b)) + U<To>(c));
}

int32_t saturate(int64_t value) {
  return static_cast<int32_t>(std::min<int64_t>(std::max<int64_t>(value, INT32_MIN), INT32_MAX));
}
int32_t addSaturated(int32_t a, int32_t b) {
  return saturate(int64_t(a) + b);
}
int32_t subSaturated(int32_t a, int32_t b) {
  return saturate(int64_t(a) - b);
}
int32_t madHiSaturated(int32_t a, int32_t b, int32_t c) {
  return saturate(int64_t(MulHi<int32_t>::run(a, b)) + c);
}

template <class T> constexpr T low24(T a) {
  return std::is_signed_v<T> ? static_cast<T>(U<T>(a) << 8) >> 8 : a & 0xffffff;
}
template <class T> T mul24Lo(T a, T b) {
  return static_cast<T>(int64_t(low24(a)) * int64_t(low24(b)));
}
template <class T> T mul24Hi(T a, T b) {
  return static_cast<T>((int64_t(low24(a)) * int64_t(low24(b))) >> 16);
}
template <class T> T mad24Lo(T a, T b, T c) {
  return Add<T>::run(mul24Lo(a, b), c);
}
template <class T> T mad24Hi(T a, T b, T c) {
  return Add<T>::run(mul24Hi(a, b), c);
}

template <class A, class B> int32_t dp4a(uint32_t a, uint32_t b, int32_t c) {
  uint32_t sum = c;
  for (unsigned shift = 0; shift < 32; shift += 8)
    sum += int32_t(static_cast<A>(a >> shift)) * int32_t(static_cast<B>(b >> shift));
  return sum;
}
template <class A, class B, unsigned First> int32_t dp2a(uint32_t a, uint32_t b, int32_t c) {
  return c +
         uint32_t(static_cast<std::conditional_t<std::is_signed_v<A>, int16_t, uint16_t>>(a)) *
             uint32_t(int32_t(static_cast<B>(b >> First))) +
         uint32_t(static_cast<std::conditional_t<std::is_signed_v<A>, int16_t, uint16_t>>(a >> 16)) *
             uint32_t(int32_t(static_cast<B>(b >> (First + 8))));
}

/// rows[0] = a op b op carry; the carry out goes to the warp's flags when op.variant says so.
enum CarryUse : uint8_t { CarryIn = 1, CarryOut = 2 };
template <class T, int Sign, bool IsHi> void multiplyAddCarry(Warp &warp, const Op &op, Mask mask) {
  const T *a = warp.row<T>(op.rows[1]), *b = warp.row<T>(op.rows[2]), *c = warp.row<T>(op.rows[3]);
  T *d = warp.row<T>(op.rows[0]);
  forEachLane(mask, [&](unsigned lane) {
    unsigned __int128 product = (unsigned __int128)a[lane] * b[lane];
    T term = static_cast<T>(IsHi ? product >> (sizeof(T) * 8) : product);
    bool carry = op.variant & CarryIn && warp.carry >> lane & 1;
    unsigned __int128 sum =
        Sign > 0 ? (unsigned __int128)c[lane] + term + carry : (unsigned __int128)c[lane] - term - carry;
    d[lane] = static_cast<T>(sum);
    if (op.variant & CarryOut)
      warp.carry = (warp.carry & ~(1u << lane)) | Mask(sum >> (sizeof(T) * 8) & 1) << lane;
  });
}

/// add, sub with .cc, addc, subc: 1 * a + b, and a - 1 * b.
void makeCarry(Instruction &in, int sign, bool isCarryIn) {
  Type type = in.type();
  in.op.variant = (isCarryIn ? CarryIn : 0) | (in.take("cc") ? CarryOut : 0);
  in.expectOperands(3);
  in.op.rows = {in.result(in.operands[0], type), in.constantRow(1, type),
                in.source(in.operands[sign > 0 ? 1 : 2], type), in.source(in.operands[sign > 0 ? 2 : 1], type)};
  bool wide = type.bits == 64;
  if (sign > 0)
    in.emit(wide ? multiplyAddCarry<uint64_t, 1, false> : multiplyAddCarry<uint32_t, 1, false>);
  else
    in.emit(wide ? multiplyAddCarry<uint64_t, -1, false> : multiplyAddCarry<uint32_t, -1, false>);
}

bool hasCarryOut(const Instruction &in) {
  for (std::string_view modifier : in.modifiers.left())
    if (modifier == "cc")
      return true;
  return false;
}

void makeAddOrSub(Instruction &in, bool isAdd) {
  if (hasCarryOut(in))
    return makeCarry(in, isAdd ? 1 : -1, false);
  Type type = in.type();
  if (!type.isInteger())
    return decodeFloatArithmetic(in, type, isAdd ? FloatOperation::Add : FloatOperation::Sub);
  if (in.take("sat")) {
    if (type != kS32)
      in.unsupported();
    return in.make(isAdd ? lanes<addSaturated> : lanes<subSaturated>, {type}, {type, type});
  }
  in.make(isAdd ? binaryIntegerHandler<Add>(type) : binaryIntegerHandler<Sub>(type), {type}, {type, type});
}

/// The type twice as wide as that of the operands.
Type widened(Type type) {
  return {type.kind, static_cast<uint8_t>(type.bits * 2)};
}

void makeMad(Instruction &in, bool isCarryIn) {
  Type type = in.type();
  if (!type.isInteger())
    return decodeFloatArithmetic(in, type, FloatOperation::Fma);
  bool isCarry = isCarryIn || hasCarryOut(in), sat = in.take("sat"), isSigned = type.isSigned();
  int part = in.modifiers.takeOneOf({"lo", "hi", "wide"});
  if (part < 0)
    in.fail("needs .lo, .hi or .wide");
  if (isCarry) {
    in.op.variant = (isCarryIn ? CarryIn : 0) | (in.take("cc") ? CarryOut : 0);
    if (part == 2 || (part == 1 && isSigned))
      in.unsupported();
    bool wide = type.bits == 64;
    Handler lo = wide ? multiplyAddCarry<uint64_t, 1, false> : multiplyAddCarry<uint32_t, 1, false>;
    Handler hi = wide ? multiplyAddCarry<uint64_t, 1, true> : multiplyAddCarry<uint32_t, 1, true>;
    return in.make(part == 0 ? lo : hi, {type}, {type, type, type});
  }
  if (sat) {
    if (type != kS32 || part != 1)
      in.unsupported();
    return in.make(lanes<madHiSaturated>, {type}, {type, type, type});
  }
  if (part < 2)
    return in.make(part == 0 ? integerHandler<MadLo>(type) : integerHandler<MadHi>(type), {type}, {type, type, type});
  Handler handler = type.bits == 16   ? isSigned ? lanes<madWide<int32_t, int16_t>> : lanes<madWide<uint32_t, uint16_t>>
                      : type.bits == 32 ? isSigned ? lanes<madWide<int64_t, int32_t>> : lanes<madWide<uint64_t, uint32_t>>
                                        : nullptr;
  in.make(handler, {widened(type)}, {type, type, widened(type)});
}

} // namespace

void decodeAdd(Instruction &in) {
  makeAddOrSub(in, true);
}
void decodeSub(Instruction &in) {
  makeAddOrSub(in, false);
}
void decodeAddc(Instruction &in) {
  makeCarry(in, 1, true);
}
void decodeSubc(Instruction &in) {
  makeCarry(in, -1, true);
}
void decodeMad(Instruction &in) {
  makeMad(in, false);
}
void decodeMadc(Instruction &in) {
  makeMad(in, true);
}

void decodeMul(Instruction &in) {
  Type type = in.type();
  if (!type.isInteger())
    return decodeFloatArithmetic(in, type, FloatOperation::Mul);
  bool isSigned = type.isSigned();
  switch (in.modifiers.takeOneOf({"lo", "hi", "wide"})) {
  case 0:
    return in.make(integerHandler<MulLo>(type), {type}, {type, type});
  case 1:
    return in.make(integerHandler<MulHi>(type), {type}, {type, type});
  case 2: {
    Handler handler = type.bits == 16 ? isSigned ? lanes<mulWide<int32_t, int16_t>> : lanes<mulWide<uint32_t, uint16_t>>
                      : type.bits == 32
                          ? isSigned ? lanes<mulWide<int64_t, int32_t>> : lanes<mulWide<uint64_t, uint32_t>>
                          : nullptr;
    return in.make(handler, {widened(type)}, {type, type});
  }
  default:
    in.fail("needs .lo, .hi or .wide");
  }
}

void decodeMul24(Instruction &in) {
  Type type = in.type();
  bool hi = in.take("hi") || !in.take("lo"), isSigned = type.isSigned();
  if (type.bits != 32)
    in.unsupported();
  in.make(isSigned ? hi ? lanes<mul24Hi<int32_t>> : lanes<mul24Lo<int32_t>>
          : hi ? lanes<mul24Hi<uint32_t>>
                   : lanes<mul24Lo<uint32_t>>,
          {type}, {type, type});
}

void decodeMad24(Instruction &in) {
  Type type = in.type();
  bool hi = in.take("hi") || !in.take("lo"), isSigned = type.isSigned();
  if (type.bits != 32)
    in.unsupported();
  in.make(isSigned ? hi ? lanes<mad24Hi<int32_t>> : lanes<mad24Lo<int32_t>>
          : hi ? lanes<mad24Hi<uint32_t>>
                   : lanes<mad24Lo<uint32_t>>,
          {type}, {type, type, type});
}

void decodeDiv(Instruction &in) {
  Type type = in.type();
  if (!type.isInteger())
    return decodeFloatArithmetic(in, type, FloatOperation::Div);
  in.make(integerHandler<Div>(type), {type}, {type, type});
}

void decodeRem(Instruction &in) {
  Type type = in.type();
  in.make(type.isInteger() ? integerHandler<Rem>(type) : nullptr, {type}, {type, type});
}

void decodeAbs(Instruction &in) {
  Type type = in.type();
  if (!type.isInteger())
    return decodeFloatArithmetic(in, type, FloatOperation::Abs);
  in.make(type.isSigned() ? integerHandler<Abs>(type) : nullptr, {type}, {type});
}

void decodeNeg(Instruction &in) {
  Type type = in.type();
  if (!type.isInteger())
    return decodeFloatArithmetic(in, type, FloatOperation::Neg);
  in.make(type.isSigned() ? integerHandler<Neg>(type) : nullptr, {type}, {type});
}

void decodeMin(Instruction &in) {
  Type type = in.type();
  if (!type.isInteger())
    return decodeFloatArithmetic(in, type, FloatOperation::Min);
  in.make(binaryIntegerHandler<Min>(type), {type}, {type, type});
}

void decodeMax(Instruction &in) {
  Type type = in.type();
  if (!type.isInteger())
    return decodeFloatArithmetic(in, type, FloatOperation::Max);
  in.make(binaryIntegerHandler<Max>(type), {type}, {type, type});
}

void decodeSad(Instruction &in) {
  Type type = in.type();
  in.make(type.isInteger() ? integerHandler<Sad>(type) : nullptr, {type}, {type, type, type});
}

void decodeDp4a(Instruction &in) {
  Type a = in.type(), b = in.type();
  Handler handler = a.isSigned()   ? b.isSigned() ? lanes<dp4a<int8_t, int8_t>> : lanes<dp4a<int8_t, uint8_t>>
                      : b.isSigned() ? lanes<dp4a<uint8_t, int8_t>>
                                   : lanes<dp4a<uint8_t, uint8_t>>;
  in.make(handler, {kS32}, {kB32, kB32, kS32});
}

void decodeDp2a(Instruction &in) {
  bool hi = in.take("hi") || !in.take("lo");
  Type a = in.type(), b = in.type();
  auto pick = [&]<class A, class B>(A, B) -> Handler { return hi ? lanes<dp2a<A, B, 16>> : lanes<dp2a<A, B, 0>>; };
  Handler handler = a.isSigned()   ? b.isSigned() ? pick(int8_t(), int8_t()) : pick(int8_t(), uint8_t())
                      : b.isSigned() ? pick(uint8_t(), int8_t())
                                   : pick(uint8_t(), uint8_t());
  in.make(handler, {kS32}, {kB32, kB32, kS32});
}

} // namespace quern::ptx
