// Arithmetic of f16, bf16 and their pairs: in double, rounded once.
#include "test/ptx/instructions/FloatArithmetic.h"
#include "test/ptx/instructions/SmallFloat.h"

namespace quern::ptx {
namespace {

enum : uint8_t { kFtz = 1, kSat = 2, kRelu = 4, kNan = 8, kXorSign = 16 };

template <class F> bool isNan(uint16_t bits) {
  return (bits & 0x7fff) > F::kInfinity;
}
template <class F> uint16_t flushBits(uint16_t bits, uint8_t flags) {
  return flags & kFtz && !(bits & F::kExponent) ? bits & 0x8000 : bits;
}

template <class F, FloatOperation Operation> uint16_t extremum(uint16_t a, uint16_t b, uint8_t flags) {
  uint16_t sign = 0;
  if (flags & kXorSign) {
    sign = (a ^ b) & 0x8000;
    a &= 0x7fff, b &= 0x7fff;
  }
  if (isNan<F>(a) || isNan<F>(b)) {
    if (flags & kNan || (isNan<F>(a) && isNan<F>(b)))
      return F::kNaN;
    return sign | (isNan<F>(a) ? b : a);
  }
  // Sign and magnitude to two's complement, where -0 is less than +0.
  auto order = [](uint16_t x) { return x & 0x8000 ? -int(x & 0x7fff) - 1 : int(x); };
  bool takesA = (order(a) < order(b)) == (Operation == FloatOperation::Min);
  return sign | (takesA ? a : b);
}

template <class F, FloatOperation Operation> uint16_t element(uint16_t x, uint16_t y, uint16_t z, uint8_t flags) {
  if constexpr (Operation == FloatOperation::Neg || Operation == FloatOperation::Abs) {
    x = flushBits<F>(x, flags);
    return Operation == FloatOperation::Neg ? x ^ 0x8000 : x & 0x7fff;
  }
  x = flushBits<F>(x, flags), y = flushBits<F>(y, flags), z = flushBits<F>(z, flags);
  if constexpr (Operation == FloatOperation::Min || Operation == FloatOperation::Max)
    return extremum<F, Operation>(x, y, flags);
  double a = float(F{x}), b = float(F{y}), c = float(F{z}), value = 0;
  if constexpr (Operation == FloatOperation::Add)
    value = addToOdd(a, b);
  if constexpr (Operation == FloatOperation::Sub)
    value = addToOdd(a, -b);
  if constexpr (Operation == FloatOperation::Mul)
    value = a * b;
  if constexpr (Operation == FloatOperation::Fma)
    value = addToOdd(a * b, c);
  uint16_t result = flushBits<F>(F::from(value).bits, flags);
  if (flags & kSat)
    result = isNan<F>(result) || result & 0x8000 ? 0 : std::min(result, F::kOne);
  if (flags & kRelu && result & 0x8000 && !isNan<F>(result))
    result = 0;
  return result;
}

template <class F, FloatOperation Operation, class Word> void run(Warp &warp, const Op &op, Mask mask) {
  const Word *a = warp.row<Word>(op.rows[1]), *b = warp.row<Word>(op.rows[2]), *c = warp.row<Word>(op.rows[3]);
  Word *d = warp.row<Word>(op.rows[0]);
  forEachLane(mask, [&](unsigned lane) {
    uint32_t result = 0;
    for (unsigned shift = 0; shift < sizeof(Word) * 8; shift += 16)
      result |= uint32_t(element<F, Operation>(a[lane] >> shift, b[lane] >> shift, c[lane] >> shift, op.variant))
                << shift;
    d[lane] = static_cast<Word>(result);
  });
}

template <class F, class Word> Handler handlerOf(FloatOperation operation) {
  switch (operation) {
#define CASE(name)                                                                                                     \
  case FloatOperation::name:                                                                                           \
    return run<F, FloatOperation::name, Word>;
    CASE(Add)
    CASE(Sub)
    CASE(Mul)
    CASE(Fma)
    CASE(Min)
    CASE(Max)
    CASE(Abs)
    CASE(Neg)
#undef CASE
  default:
    return nullptr;
  }
}

} // namespace

void decodeHalfArithmetic(Instruction &in, Type type, FloatOperation operation) {
  static constexpr std::pair<std::string_view, uint8_t> kFlags[] = {
      {"ftz", kFtz}, {"sat", kSat}, {"relu", kRelu}, {"NaN", kNan}, {"xorsign", kXorSign}};
  for (const auto &[name, flag] : kFlags)
    if (in.take(name))
      in.op.variant |= flag;
  if (in.op.variant & kXorSign && !in.take("abs"))
    in.fail(".xorsign needs .abs");
  Rounding rounding = in.modifiers.takeRounding();
  bool isBFloat = type.kind == Kind::BFloat;
  if (rounding > Rounding::NearestEven || (isBFloat && in.op.variant & (kFtz | kSat)))
    in.unsupported();
  Handler handler =
      isBFloat      ? type.packed ? handlerOf<BFloat16, uint32_t>(operation) : handlerOf<BFloat16, uint16_t>(operation)
           : type.packed ? handlerOf<Half, uint32_t>(operation)
                    : handlerOf<Half, uint16_t>(operation);
  switch (operation) {
  case FloatOperation::Fma:
    return in.make(handler, {type}, {type, type, type});
  case FloatOperation::Abs:
  case FloatOperation::Neg:
    return in.make(handler, {type}, {type});
  default:
    return in.make(handler, {type}, {type, type});
  }
}

} // namespace quern::ptx
