// Logic, shifts, bit fields, counts, byte permutes.
#include "test/ptx/instructions/Handlers.h"
#include <bit>

namespace quern::ptx {
namespace {

template <class T> struct And {
  static T run(T a, T b) { return a & b; }
};
template <class T> struct Or {
  static T run(T a, T b) { return a | b; }
};
template <class T> struct Xor {
  static T run(T a, T b) { return a ^ b; }
};
template <class T> struct Not {
  static T run(T a) { return ~a; }
};
template <class T> struct Cnot {
  static T run(T a) { return a == 0; }
};
bool andPredicates(bool a, bool b) {
  return a && b;
}
bool orPredicates(bool a, bool b) {
  return a || b;
}
bool xorPredicates(bool a, bool b) {
  return a != b;
}
bool notPredicate(bool a) {
  return !a;
}

// Shift amounts of the width and more are allowed: all bits leave.
template <class T> struct Shl {
  static T run(T a, uint32_t by) { return by < sizeof(T) * 8 ? static_cast<T>(uint64_t(a) << by) : T(0); }
};
template <class T> struct Shr {
  static T run(T a, uint32_t by) {
    constexpr uint32_t kBits = sizeof(T) * 8;
    if constexpr (std::is_signed_v<T>)
      return a >> (by < kBits ? by : kBits - 1);
    return by < kBits ? static_cast<T>(a >> (by % kBits)) : T(0);
  }
};

template <bool IsLeft, bool IsWrap> uint32_t funnel(uint32_t low, uint32_t high, uint32_t by) {
  by = IsWrap ? by & 31 : std::min(by, 32u);
  uint64_t both = uint64_t(high) << 32 | low;
  return static_cast<uint32_t>(IsLeft ? (both << by) >> 32 : both >> by);
}

template <class T> struct Bfe {
  static T run(T a, uint32_t position, uint32_t length) {
    using U = std::make_unsigned_t<T>;
    constexpr uint32_t kBits = sizeof(T) * 8;
    position &= 0xff, length &= 0xff;
    if (length == 0)
      return 0;
    bool isSigned = std::is_signed_v<T>;
    uint32_t signBit = std::min(position + length - 1, kBits - 1);
    U sign = isSigned && U(a) >> signBit & 1 ? ~U(0) : U(0);
    U field = position < kBits ? U(a) >> position : sign;
    // Above the field, and above the value itself, there are copies of the sign.
    uint32_t held = position < kBits ? std::min(length, kBits - position) : 0;
    U mask = held >= kBits ? ~U(0) : (U(1) << held) - 1;
    return static_cast<T>((field & mask) | (sign & ~mask));
  }
};

template <class T> T bfi(T a, T b, uint32_t position, uint32_t length) {
  constexpr uint32_t kBits = sizeof(T) * 8;
  position &= 0xff, length &= 0xff;
  if (position >= kBits || length == 0)
    return b;
  T mask = length >= kBits ? ~T(0) : (T(1) << length) - 1;
  return (b & ~(mask << position)) | (a & mask) << position;
}

template <class T> uint32_t bfind(T a) {
  using U = std::make_unsigned_t<T>;
  U bits = a < 0 ? ~U(a) : U(a);
  return bits ? sizeof(T) * 8 - 1 - std::countl_zero(bits) : ~0u;
}
template <class T> uint32_t bfindShift(T a) {
  uint32_t position = bfind(a);
  return position == ~0u ? position : sizeof(T) * 8 - 1 - position;
}

template <class T> T brev(T a) {
  T result = 0;
  for (unsigned i = 0; i < sizeof(T) * 8; ++i)
    result |= (a >> i & 1) << (sizeof(T) * 8 - 1 - i);
  return result;
}
template <class T> uint32_t popc(T a) {
  return std::popcount(a);
}
template <class T> uint32_t clz(T a) {
  return std::countl_zero(a);
}

/// The n-th set bit from `base`, upwards for n > 0, downwards for n < 0; for 0, `base` itself if set.
uint32_t fns(uint32_t mask, uint32_t base, int32_t n) {
  if (n == 0)
    return base < 32 && mask >> base & 1 ? base : ~0u;
  int step = n > 0 ? 1 : -1, left = std::abs(n);
  for (int64_t at = base; at >= 0 && at < 32; at += step)
    if (mask >> at & 1 && --left == 0)
      return static_cast<uint32_t>(at);
  return ~0u;
}

uint8_t byteOf(uint32_t a, uint32_t b, unsigned index) {
  return static_cast<uint8_t>((uint64_t(b) << 32 | a) >> (index & 7) * 8);
}
uint32_t prmt(uint32_t a, uint32_t b, uint32_t selectors) {
  uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    unsigned selector = selectors >> i * 4;
    uint8_t byte = byteOf(a, b, selector);
    if (selector & 8)
      byte = byte & 0x80 ? 0xff : 0;
    result |= uint32_t(byte) << i * 8;
  }
  return result;
}
enum class Permute { F4e, B4e, Rc8, Ecl, Ecr, Rc16 };
template <Permute P> uint32_t permute(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t n = c & 3, selectors = 0;
  for (unsigned i = 0; i < 4; ++i) {
    unsigned chosen = P == Permute::F4e   ? n + i
                      : P == Permute::B4e ? (n - i) & 7
                      : P == Permute::Rc8 ? n
                      : P == Permute::Ecl ? std::max(i, n)
                      : P == Permute::Ecr ? std::min(i, n)
                                          : (n & 1) * 2 + (i & 1);
    selectors |= chosen << i * 4;
  }
  return prmt(a, b, selectors);
}

void lop3(Warp &warp, const Op &op, Mask mask) {
  const uint32_t *a = warp.row<uint32_t>(op.rows[1]), *b = warp.row<uint32_t>(op.rows[2]),
                 *c = warp.row<uint32_t>(op.rows[3]);
  uint32_t terms[8];
  for (unsigned i = 0; i < 8; ++i)
    terms[i] = op.variant >> i & 1 ? ~0u : 0;
  writeLanes<uint32_t>(warp, op.rows[0], mask, [&](unsigned lane) {
    uint32_t x = a[lane], y = b[lane], z = c[lane];
    return (~x & ~y & ~z & terms[0]) | (~x & ~y & z & terms[1]) | (~x & y & ~z & terms[2]) | (~x & y & z & terms[3]) |
           (x & ~y & ~z & terms[4]) | (x & ~y & z & terms[5]) | (x & y & ~z & terms[6]) | (x & y & z & terms[7]);
  });
}

template <template <class> class F> void makeLogic(Instruction &in, Handler predicates) {
  Type type = in.type();
  in.make(type == kPred ? predicates : type.isInteger() ? integerHandler<F>(type) : nullptr, {type}, {type, type});
}

template <template <class> class F> void makeShift(Instruction &in) {
  Type type = in.type();
  in.make(type.isInteger() ? integerHandler<F>(type) : nullptr, {type}, {type, kU32});
}

void makeCount(Instruction &in, Handler narrow, Handler wide) {
  Type type = in.type();
  in.make(type.bits == 32 ? narrow : type.bits == 64 ? wide : nullptr, {kU32}, {type});
}

} // namespace

void decodeAnd(Instruction &in) {
  makeLogic<And>(in, lanes<andPredicates>);
}
void decodeOr(Instruction &in) {
  makeLogic<Or>(in, lanes<orPredicates>);
}
void decodeXor(Instruction &in) {
  makeLogic<Xor>(in, lanes<xorPredicates>);
}

void decodeNot(Instruction &in) {
  Type type = in.type();
  in.make(type == kPred ? lanes<notPredicate> : type.isInteger() ? integerHandler<Not>(type) : nullptr, {type}, {type});
}

void decodeCnot(Instruction &in) {
  Type type = in.type();
  in.make(type.isInteger() ? integerHandler<Cnot>(type) : nullptr, {type}, {type});
}

void decodeShl(Instruction &in) {
  makeShift<Shl>(in);
}
void decodeShr(Instruction &in) {
  makeShift<Shr>(in);
}

void decodeShf(Instruction &in) {
  int direction = in.modifiers.takeOneOf({"l", "r"}), mode = in.modifiers.takeOneOf({"clamp", "wrap"});
  if (direction < 0 || mode < 0)
    in.fail("needs .l or .r and .clamp or .wrap");
  Handler handler = direction == 0 ? mode ? lanes<funnel<true, true>> : lanes<funnel<true, false>>
                    : mode ? lanes<funnel<false, true>>
                                   : lanes<funnel<false, false>>;
  Type type = in.type();
  in.make(handler, {type}, {type, type, kU32});
}

void decodeBfe(Instruction &in) {
  Type type = in.type();
  in.make(type.isInteger() && type.bits >= 32 ? integerHandler<Bfe>(type) : nullptr, {type}, {type, kU32, kU32});
}

void decodeBfi(Instruction &in) {
  Type type = in.type();
  in.make(type.bits == 32   ? lanes<bfi<uint32_t>>
          : type.bits == 64 ? lanes<bfi<uint64_t>>
                            : nullptr,
          {type}, {type, type, kU32, kU32});
}

void decodeBfind(Instruction &in) {
  bool shift = in.take("shiftamt");
  Type type = in.type();
  auto pick = [&]<class T>(T) -> Handler { return shift ? lanes<bfindShift<T>> : lanes<bfind<T>>; };
  Handler handler = type.bits == 32   ? type.isSigned() ? pick(int32_t()) : pick(uint32_t())
                      : type.bits == 64 ? type.isSigned() ? pick(int64_t()) : pick(uint64_t())
                                        : nullptr;
  in.make(handler, {kU32}, {type});
}

void decodeBrev(Instruction &in) {
  Type type = in.type();
  in.make(type.bits == 32 ? lanes<brev<uint32_t>> : type.bits == 64 ? lanes<brev<uint64_t>> : nullptr, {type}, {type});
}

void decodePopc(Instruction &in) {
  makeCount(in, lanes<popc<uint32_t>>, lanes<popc<uint64_t>>);
}
void decodeClz(Instruction &in) {
  makeCount(in, lanes<clz<uint32_t>>, lanes<clz<uint64_t>>);
}

void decodeFns(Instruction &in) {
  in.type();
  in.make(lanes<fns>, {kB32}, {kB32, kB32, kS32});
}

void decodePrmt(Instruction &in) {
  static constexpr Handler modes[] = {lanes<permute<Permute::F4e>>, lanes<permute<Permute::B4e>>,
                                      lanes<permute<Permute::Rc8>>, lanes<permute<Permute::Ecl>>,
                                      lanes<permute<Permute::Ecr>>, lanes<permute<Permute::Rc16>>};
  Type type = in.type();
  int mode = in.modifiers.takeOneOf({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
  in.make(mode < 0 ? lanes<prmt> : modes[mode], {type}, {type, type, kB32});
}

void decodeLop3(Instruction &in) {
  Type type = in.type();
  in.expectOperands(5);
  in.op.rows = {in.result(in.operands[0], type), in.source(in.operands[1], type), in.source(in.operands[2], type),
                in.source(in.operands[3], type)};
  in.op.variant = in.constant(in.operands[4]);
  in.emit(lop3);
}

} // namespace quern::ptx
