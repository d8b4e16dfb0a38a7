// setp, set, selp, slct, testp.
#include "test/ptx/instructions/Handlers.h"
#include "test/ptx/instructions/SmallFloat.h"

namespace quern::ptx {
namespace {

enum class Comparison : uint8_t { Eq, Ne, Lt, Le, Gt, Ge, Equ, Neu, Ltu, Leu, Gtu, Geu, Num, Nan };
enum class Combination : uint8_t { None, And, Or, Xor };

template <Comparison C, class T> bool compare(T a, T b) {
  bool unordered = a != a || b != b;
  switch (C) {
  case Comparison::Eq:
    return a == b;
  case Comparison::Ne: // of floats: ordered
    return !unordered && a != b;
  case Comparison::Lt:
    return a < b;
  case Comparison::Le:
    return a <= b;
  case Comparison::Gt:
    return a > b;
  case Comparison::Ge:
    return a >= b;
  case Comparison::Equ:
    return unordered || a == b;
  case Comparison::Neu:
    return unordered || a != b;
  case Comparison::Ltu:
    return unordered || a < b;
  case Comparison::Leu:
    return unordered || a <= b;
  case Comparison::Gtu:
    return unordered || a > b;
  case Comparison::Geu:
    return unordered || a >= b;
  case Comparison::Num:
    return !unordered;
  case Comparison::Nan:
    return unordered;
  }
}

template <Comparison C> bool compareFlushed(float a, float b) {
  return compare<C>(flush(a), flush(b));
}
template <Comparison C, class Format> bool compareHalf(uint16_t a, uint16_t b) {
  return compare<C>(float(Format{a}), float(Format{b}));
}
template <Comparison C, class Format, unsigned Shift> bool compareHalfOfPair(uint32_t a, uint32_t b) {
  return compareHalf<C, Format>(static_cast<uint16_t>(a >> Shift), static_cast<uint16_t>(b >> Shift));
}
template <Comparison C> struct Compare {
  template <class T> struct Of {
    static bool run(T a, T b) { return compare<C>(a, b); }
  };
};

/// What setp and set share: rows[0] = a C b as a predicate. `isUpper` is the upper half of a pair.
template <Comparison C> Handler comparisonHandler(Type type, bool ftz, bool isUpper) {
  if (type.isInteger())
    return type.packed ? nullptr : integerHandler<Compare<C>::template Of>(type);
  if (type == kF32)
    return ftz ? lanes<compareFlushed<C>> : lanes<compare<C, float>>;
  if (type == kF64)
    return lanes<compare<C, double>>;
  bool isBFloat = type.kind == Kind::BFloat;
  if (type.bits != 16)
    return nullptr;
  if (!type.packed)
    return isBFloat ? lanes<compareHalf<C, BFloat16>> : lanes<compareHalf<C, Half>>;
  if (isUpper)
    return isBFloat ? lanes<compareHalfOfPair<C, BFloat16, 16>> : lanes<compareHalfOfPair<C, Half, 16>>;
  return isBFloat ? lanes<compareHalfOfPair<C, BFloat16, 0>> : lanes<compareHalfOfPair<C, Half, 0>>;
}

Handler comparisonHandler(Comparison comparison, Type type, bool ftz, bool isUpper) {
  switch (comparison) {
#define CASE(name)                                                                                                     \
  case Comparison::name:                                                                                               \
    return comparisonHandler<Comparison::name>(type, ftz, isUpper);
    CASE(Eq)
    CASE(Ne) CASE(Lt) CASE(Le) CASE(Gt) CASE(Ge) CASE(Equ) CASE(Neu) CASE(Ltu) CASE(Leu) CASE(Gtu) CASE(Geu) CASE(Num)
        CASE(Nan)
#undef CASE
  }
  return nullptr;
}

/// The comparison of an opcode; lo, ls, hi, hs are those of unsigned integers.
Comparison takeComparison(Instruction &in) {
  int found = in.modifiers.takeOneOf({"eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu",
                                      "num", "nan", "lo", "ls", "hi", "hs"});
  static constexpr Comparison kUnsigned[] = {Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge};
  if (found < 0)
    in.fail("has no comparison");
  return found < 14 ? static_cast<Comparison>(found) : kUnsigned[found - 14];
}

template <Combination C, bool IsNegated> bool combine(bool compared, bool with) {
  compared = compared != IsNegated;
  return C == Combination::And ? compared && with : C == Combination::Or ? compared || with : compared != with;
}
bool negate(bool a) {
  return !a;
}

template <bool IsNegated> Handler combinationHandler(Combination combination) {
  switch (combination) {
  case Combination::And:
    return lanes<combine<Combination::And, IsNegated>>;
  case Combination::Or:
    return lanes<combine<Combination::Or, IsNegated>>;
  default:
    return lanes<combine<Combination::Xor, IsNegated>>;
  }
}

/// A predicate row of (a C b) combined with operand 3, if there is a combination.
uint32_t emitComparison(Instruction &in, Comparison comparison, Combination combination, Type type, bool ftz,
                        bool isUpper) {
  Handler handler = comparisonHandler(comparison, type, ftz, isUpper);
  if (!handler)
    in.unsupported();
  uint32_t row = in.scratch(kPred);
  in.emitRows(handler, {row, in.source(in.operands[1], type), in.source(in.operands[2], type)});
  if (combination == Combination::None)
    return row;
  uint32_t combined = in.scratch(kPred);
  in.emitRows(combinationHandler<false>(combination), {combined, row, in.source(in.operands[3], kPred)});
  return combined;
}

bool copyPredicate(bool a) {
  return a;
}

template <class To> To select(To a, To b, bool p) {
  return p ? a : b;
}
template <class To, class By> To selectBySign(To a, To b, By c) {
  return c >= By(0) ? a : b;
}
template <class To> To truth(bool p) {
  return p ? static_cast<To>(~To(0)) : To(0);
}
float truthFloat(bool p) {
  return p ? 1.0f : 0.0f;
}
template <class Format> uint16_t truthHalf(bool p) {
  return p ? Format::kOne : 0;
}
template <class Format> uint32_t truthPair(bool low, bool high) {
  return (low ? Format::kOne : 0) | uint32_t(high ? Format::kOne : 0) << 16;
}
uint32_t truthMasks(bool low, bool high) {
  return (low ? 0xffffu : 0) | (high ? 0xffff0000u : 0);
}

void makeSetOfPair(Instruction &in, Comparison comparison, Combination combination, Type to, Type type, bool ftz) {
  uint32_t low = emitComparison(in, comparison, combination, type, ftz, false);
  uint32_t high = emitComparison(in, comparison, combination, type, ftz, true);
  Handler handler = to == kF16x2      ? lanes<truthPair<Half>>
                    : to == kBF16x2   ? lanes<truthPair<BFloat16>>
                    : to.bytes() == 4 ? lanes<truthMasks>
                                      : nullptr;
  if (!handler)
    in.unsupported();
  in.emitRows(handler, {in.result(in.operands[0], to), low, high});
}

enum class Property { Finite, Infinite, Number, NotANumber, Normal, Subnormal };
template <Property P, class T> bool test(T a) {
  switch (P) {
  case Property::Finite:
    return std::isfinite(a);
  case Property::Infinite:
    return std::isinf(a);
  case Property::Number:
    return a == a;
  case Property::NotANumber:
    return a != a;
  case Property::Normal:
    return std::isnormal(a) || a == 0;
  case Property::Subnormal:
    return std::fpclassify(a) == FP_SUBNORMAL;
  }
}
template <class T> Handler testHandler(int property) {
  static constexpr Handler handlers[] = {lanes<test<Property::Finite, T>>, lanes<test<Property::Infinite, T>>,
                                         lanes<test<Property::Number, T>>, lanes<test<Property::NotANumber, T>>,
                                         lanes<test<Property::Normal, T>>, lanes<test<Property::Subnormal, T>>};
  return handlers[property];
}

template <class By> Handler slctHandler(Type to) {
  return to.bytes() == 2   ? lanes<selectBySign<uint16_t, By>>
         : to.bytes() == 4 ? lanes<selectBySign<uint32_t, By>>
                           : lanes<selectBySign<uint64_t, By>>;
}

} // namespace

/// setp.C{.and|or|xor} p{|q}, a, b{, {!}c}: p = (a C b) op c, q = !(a C b) op c. Of a pair, q is the upper half's.
void decodeSetp(Instruction &in) {
  Comparison comparison = takeComparison(in);
  auto combination = static_cast<Combination>(in.modifiers.takeOneOf({"and", "or", "xor"}) + 1);
  bool ftz = in.take("ftz");
  Type type = in.type();
  in.expectOperands(combination == Combination::None ? 3 : 4);
  bool isPair = in.operands[0].kind == Operand::Kind::Pair;
  const Operand &p = isPair ? in.operands[0].elements[0] : in.operands[0];
  if (type.packed && !isPair)
    in.fail("a comparison of pairs needs two results");
  if (!isPair && combination == Combination::None)
    return in.make(comparisonHandler(comparison, type, ftz, false), {kPred}, {type, type});
  uint32_t low = emitComparison(in, comparison, combination, type, ftz, false);
  if (isPair) {
    const Operand &q = in.operands[0].elements[1];
    uint32_t high;
    if (type.packed) {
      high = emitComparison(in, comparison, combination, type, ftz, true);
    } else {
      uint32_t plain = emitComparison(in, comparison, Combination::None, type, ftz, false);
      high = in.scratch(kPred);
      if (combination == Combination::None)
        in.emitRows(lanes<negate>, {high, plain});
      else
        in.emitRows(combinationHandler<true>(combination), {high, plain, in.source(in.operands[3], kPred)});
    }
    in.emitRows(lanes<copyPredicate>, {in.result(q, kPred), high});
  }
  in.emitRows(lanes<copyPredicate>, {in.result(p, kPred), low});
}

void decodeSet(Instruction &in) {
  Comparison comparison = takeComparison(in);
  auto combination = static_cast<Combination>(in.modifiers.takeOneOf({"and", "or", "xor"}) + 1);
  bool ftz = in.take("ftz");
  Type to = in.type(), type = in.type();
  in.expectOperands(combination == Combination::None ? 3 : 4);
  if (type.packed)
    return makeSetOfPair(in, comparison, combination, to, type, ftz);
  uint32_t predicate = emitComparison(in, comparison, combination, type, ftz, false);
  Handler handler = to == kF32                        ? lanes<truthFloat>
                    : to == kF16                      ? lanes<truthHalf<Half>>
                    : to == kBF16                     ? lanes<truthHalf<BFloat16>>
                    : to.isInteger() && to.bits == 32 ? lanes<truth<uint32_t>>
                    : to.isInteger() && to.bits == 16 ? lanes<truth<uint16_t>>
                                                      : nullptr;
  if (!handler)
    in.unsupported();
  in.emitRows(handler, {in.result(in.operands[0], to), predicate});
}

void decodeSelp(Instruction &in) {
  Type type = in.type();
  Handler handler = type == kPred       ? nullptr
                    : type.bytes() == 2 ? lanes<select<uint16_t>>
                    : type.bytes() == 4 ? lanes<select<uint32_t>>
                    : type.bytes() == 8 ? lanes<select<uint64_t>>
                                        : nullptr;
  in.make(handler, {type}, {type, type, kPred});
}

void decodeSlct(Instruction &in) {
  bool ftz = in.take("ftz");
  Type to = in.type(), by = in.type();
  if (to.bytes() < 2 || (by != kS32 && by != kF32) || ftz)
    in.unsupported();
  in.make(by == kF32 ? slctHandler<float>(to) : slctHandler<int32_t>(to), {to}, {to, to, by});
}

void decodeTestp(Instruction &in) {
  int property = in.modifiers.takeOneOf({"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  Type type = in.type();
  if (property < 0)
    in.fail("has no property");
  in.make(type == kF32   ? testHandler<float>(property)
          : type == kF64 ? testHandler<double>(property)
                         : nullptr,
          {kPred}, {type});
}

} // namespace quern::ptx
