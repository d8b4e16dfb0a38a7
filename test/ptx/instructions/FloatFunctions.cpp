// rcp, sqrt, rsqrt, ex2, lg2, sin, cos, tanh.
//
// The .approx forms are computed in double and rounded, so within the error that the PTX ISA documents. Where that
// error is much more than an ulp (sin, cos, tanh) the result is rounded to what the hardware keeps, so that a kernel
// which needs more precision shows it here too.
#include "test/ptx/instructions/FloatArithmetic.h"
#include "test/ptx/instructions/SmallFloat.h"

namespace quern::ptx {
namespace {

/// sin.approx and cos.approx: absolute error 2^-20.5 in [-pi, pi].
double keepAbsolute(double value) {
  return std::nearbyint(value * 0x1p21) * 0x1p-21;
}

/// tanh.approx: relative error 2^-11.
double keepRelative(double value) {
  int exponent;
  double fraction = std::frexp(value, &exponent);
  return std::isfinite(value) ? std::ldexp(std::nearbyint(fraction * 0x1p11), exponent - 11) : value;
}

double rcp(double x) {
  return 1 / x;
}
double squareRoot(double x) {
  return std::sqrt(x);
}
double rsqrt(double x) {
  return 1 / std::sqrt(x);
}
double ex2(double x) {
  return std::exp2(x);
}
double lg2(double x) {
  return std::log2(x);
}
double sine(double x) {
  return keepAbsolute(std::sin(x));
}
double cosine(double x) {
  return keepAbsolute(std::cos(x));
}
double hyperbolicTangent(double x) {
  return keepRelative(std::tanh(x));
}

using Function = double (*)(double);

/// f32: always flushes what ex2, sqrt, ... document, with .ftz all subnormals.
template <Function F> void runSingle(Warp &warp, const Op &op, Mask mask) {
  bool ftz = isFtz(op.variant);
  forEachLane(mask, [&](unsigned lane) {
    float in = warp.row<float>(op.rows[1])[lane];
    float value = static_cast<float>(F(ftz ? flush(in) : in));
    value = ftz ? flush(value) : value;
    warp.row<float>(op.rows[0])[lane] = value == value ? value : std::bit_cast<float>(0x7fffffffu);
  });
}

/// rcp.approx.ftz.f64 and rsqrt.approx.f64 keep the upper 32 bits of the argument and of the result.
template <Function F> void runDouble(Warp &warp, const Op &op, Mask mask) {
  constexpr uint64_t kUpper = 0xffffffff00000000;
  forEachLane(mask, [&](unsigned lane) {
    double in = std::bit_cast<double>(warp.row<uint64_t>(op.rows[1])[lane] & kUpper), value = F(in);
    warp.row<uint64_t>(op.rows[0])[lane] = std::bit_cast<uint64_t>(value) & kUpper;
  });
}

template <Function F, class Format, class Word> void runHalf(Warp &warp, const Op &op, Mask mask) {
  forEachLane(mask, [&](unsigned lane) {
    Word in = warp.row<Word>(op.rows[1])[lane];
    uint32_t result = 0;
    for (unsigned shift = 0; shift < sizeof(Word) * 8; shift += 16) {
      uint16_t bits = Format::from(F(float(Format{static_cast<uint16_t>(in >> shift)}))).bits;
      if (isFtz(op.variant) && !(bits & Format::kExponent))
        bits &= 0x8000;
      result |= uint32_t(bits) << shift;
    }
    warp.row<Word>(op.rows[0])[lane] = static_cast<Word>(result);
  });
}

template <Function F> Handler halfHandler(Type type) {
  if (type.kind == Kind::BFloat)
    return type.packed ? runHalf<F, BFloat16, uint32_t> : runHalf<F, BFloat16, uint16_t>;
  return type.packed ? runHalf<F, Half, uint32_t> : runHalf<F, Half, uint16_t>;
}

template <Function F> void makeFunction(Instruction &in, bool hasDouble, bool hasHalf) {
  Type type = in.type();
  if (!in.take("approx"))
    in.fail("needs .approx");
  in.op.variant = directedVariant(Rounding::None, in.take("ftz"), false);
  Handler handler = type == kF32                 ? runSingle<F>
                    : type == kF64 && hasDouble  ? runDouble<F>
                    : type.bits == 16 && hasHalf ? halfHandler<F>(type)
                                                 : nullptr;
  in.make(handler, {type}, {type});
}

bool isApproximate(const Instruction &in) {
  for (std::string_view modifier : in.modifiers.left())
    if (modifier == "approx")
      return true;
  return false;
}

} // namespace

void decodeRcp(Instruction &in) {
  if (isApproximate(in))
    return makeFunction<rcp>(in, true, false);
  decodeFloatArithmetic(in, in.type(), FloatOperation::Rcp);
}

void decodeSqrt(Instruction &in) {
  if (isApproximate(in))
    return makeFunction<squareRoot>(in, false, false);
  decodeFloatArithmetic(in, in.type(), FloatOperation::Sqrt);
}

void decodeRsqrt(Instruction &in) {
  makeFunction<rsqrt>(in, true, false);
}
void decodeEx2(Instruction &in) {
  makeFunction<ex2>(in, false, true);
}
void decodeLg2(Instruction &in) {
  makeFunction<lg2>(in, false, false);
}
void decodeSin(Instruction &in) {
  makeFunction<sine>(in, false, false);
}
void decodeCos(Instruction &in) {
  makeFunction<cosine>(in, false, false);
}
void decodeTanh(Instruction &in) {
  makeFunction<hyperbolicTangent>(in, false, true);
}

} // namespace quern::ptx
