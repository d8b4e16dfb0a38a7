// f32 and f64 arithmetic that rounds to zero, down or up: the processor's own, in its mode. This file is compiled so
// that no operation moves out of the mode it stands in.
#include "test/ptx/instructions/FloatArithmetic.h"
#include "test/ptx/instructions/SmallFloat.h"
#include <cfenv>

namespace quern::ptx {
namespace {

class RoundingMode {
public:
  explicit RoundingMode(Rounding rounding) {
    static constexpr int modes[] = {FE_TONEAREST, FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD, FE_TONEAREST};
    std::fesetround(modes[static_cast<int>(rounding)]);
  }
  ~RoundingMode() { std::fesetround(FE_TONEAREST); }
};

template <FloatOperation Operation, class T> T compute(T a, T b, T c) {
  switch (Operation) {
  case FloatOperation::Add:
    return a + b;
  case FloatOperation::Sub:
    return a - b;
  case FloatOperation::Mul:
    return a * b;
  case FloatOperation::Div:
    return a / b;
  case FloatOperation::Fma:
    return std::fma(a, b, c);
  case FloatOperation::Sqrt:
    return std::sqrt(a);
  case FloatOperation::Rcp:
    return T(1) / a;
  default:
    return T(0);
  }
}

template <FloatOperation Operation, class T> void run(Warp &warp, const Op &op, Mask mask) {
  constexpr unsigned kSources = Operation == FloatOperation::Fma                                        ? 3
                                : Operation == FloatOperation::Sqrt || Operation == FloatOperation::Rcp ? 1
                                                                                                        : 2;
  bool ftz = isFtz(op.variant), sat = isSat(op.variant);
  RoundingMode mode(roundingOf(op.variant));
  forEachLane(mask, [&](unsigned lane) {
    T in[3] = {};
    for (unsigned s = 0; s < kSources; ++s) {
      in[s] = warp.row<T>(op.rows[1 + s])[lane];
      in[s] = ftz ? flush(in[s]) : in[s];
    }
    T value = compute<Operation>(in[0], in[1], in[2]);
    value = ftz ? flush(value) : value;
    if (sat)
      value = value > T(0) ? value < T(1) ? value : T(1) : T(0);
    if constexpr (sizeof(T) == 4)
      value = value == value ? value : std::bit_cast<float>(0x7fffffffu);
    warp.row<T>(op.rows[0])[lane] = value;
  });
}

template <class To, class From> void convert(Warp &warp, const Op &op, Mask mask) {
  RoundingMode mode(roundingOf(op.variant));
  forEachLane(mask, [&](unsigned lane) {
    // Not constant to the compiler, which would round it to nearest.
    volatile To value = static_cast<To>(warp.row<From>(op.rows[1])[lane]);
    warp.row<To>(op.rows[0])[lane] = value;
  });
}

template <class T> Handler handlerOf(FloatOperation operation) {
  switch (operation) {
#define CASE(name)                                                                                                     \
  case FloatOperation::name:                                                                                           \
    return run<FloatOperation::name, T>;
    PTX_ROUNDED(CASE)
#undef CASE
  default:
    return nullptr;
  }
}

template <class To> Handler conversionTo(Type from) {
  if (from == kF64)
    return convert<To, double>;
  if (!from.isInteger())
    return nullptr;
  bool isSigned = from.isSigned();
  switch (from.bits) {
  case 8:
    return isSigned ? convert<To, int8_t> : convert<To, uint8_t>;
  case 16:
    return isSigned ? convert<To, int16_t> : convert<To, uint16_t>;
  case 32:
    return isSigned ? convert<To, int32_t> : convert<To, uint32_t>;
  default:
    return isSigned ? convert<To, int64_t> : convert<To, uint64_t>;
  }
}

} // namespace

Handler directedHandler(FloatOperation operation, Type type) {
  return type == kF32 ? handlerOf<float>(operation) : handlerOf<double>(operation);
}

Handler directedConversion(Type to, Type from) {
  return to == kF32 ? conversionTo<float>(from) : to == kF64 ? conversionTo<double>(from) : nullptr;
}

} // namespace quern::ptx
