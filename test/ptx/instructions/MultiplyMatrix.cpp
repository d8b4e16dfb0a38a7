// mma.sync.aligned.m16n8kK.row.col: D = A * B + C by one warp, A of 16 x K, B of K x 8, C and D of 16 x 8.
//
// With g = lane / 4, q = lane % 4, and E elements of A in one register (PTX ISA, "Matrix fragments for mma.m16n8k..."):
//   register r of A holds row g + 8 * (r % 2), columns q * E + 4 * E * (r / 2) and the E - 1 that follow;
//   register r of B holds column g, the rows alike: q * E + 4 * E * r, ...;
//   element i of C and D is (g + 8 * (i / 2), 2 * q + i % 2).
#include "test/ptx/instructions/Handlers.h"
#include "test/ptx/instructions/SmallFloat.h"

namespace quern::ptx {
namespace {

constexpr unsigned kM = 16, kN = 8, kMostK = 32;

enum class Element : uint8_t { F16, BF16, Tf32, S8, U8 };

constexpr unsigned perRegister(Element e) {
  return e == Element::Tf32 ? 1 : e == Element::S8 || e == Element::U8 ? 4 : 2;
}

double valueOf(Element element, uint32_t word, unsigned i) {
  switch (element) {
  case Element::F16:
    return float(Half{static_cast<uint16_t>(word >> i * 16)});
  case Element::BF16:
    return float(BFloat16{static_cast<uint16_t>(word >> i * 16)});
  case Element::Tf32: // the multiplier does not look at the last 13 bits
    return std::bit_cast<float>(word & 0xffffe000);
  case Element::S8:
    return static_cast<int8_t>(word >> i * 8);
  case Element::U8:
    return static_cast<uint8_t>(word >> i * 8);
  }
  return 0;
}

// Op::variant: the element types of A and B, and the flags.
constexpr unsigned kBShift = 3;
enum : uint8_t { kSatFinite = 64 };

struct Product {
  double a[kM][kMostK], b[kMostK][kN], sum[kM][kN];
};

void loadFactors(Warp &warp, const Op &op, unsigned aRow, unsigned bRow, unsigned k, Product &p) {
  auto aType = static_cast<Element>(op.variant & 7), bType = static_cast<Element>(op.variant >> kBShift & 7);
  unsigned e = perRegister(aType), bRegisters = k / (4 * e);
  for (unsigned r = 0; r < 2 * bRegisters; ++r) {
    const uint32_t *words = warp.row<uint32_t>(op.rows[aRow + r]);
    for (unsigned lane = 0; lane < kLanes; ++lane)
      for (unsigned i = 0; i < e; ++i)
        p.a[lane / 4 + 8 * (r % 2)][lane % 4 * e + 4 * e * (r / 2) + i] = valueOf(aType, words[lane], i);
  }
  for (unsigned r = 0; r < bRegisters; ++r) {
    const uint32_t *words = warp.row<uint32_t>(op.rows[bRow + r]);
    for (unsigned lane = 0; lane < kLanes; ++lane)
      for (unsigned i = 0; i < e; ++i)
        p.b[lane % 4 * e + 4 * e * r + i][lane / 4] = valueOf(bType, words[lane], i);
  }
}

void multiply(unsigned k, Product &p) {
  for (unsigned m = 0; m < kM; ++m)
    for (unsigned step = 0; step < k; ++step)
      for (unsigned n = 0; n < kN; ++n)
        p.sum[m][n] += p.a[m][step] * p.b[step][n];
}

double &elementOf(Product &p, unsigned lane, unsigned i) {
  return p.sum[lane / 4 + 8 * (i / 2)][lane % 4 * 2 + i % 2];
}

// How accumulators lie in registers: Registers of them, each of some elements.
struct F32 {
  static constexpr unsigned kRegisters = 4, kElements = 1;
  static double read(uint32_t word, unsigned) { return std::bit_cast<float>(word); }
  static uint32_t write(double value, bool) { return std::bit_cast<uint32_t>(static_cast<float>(value)); }
};
struct F16 {
  static constexpr unsigned kRegisters = 2, kElements = 2;
  static double read(uint32_t word, unsigned i) { return float(Half{static_cast<uint16_t>(word >> i * 16)}); }
  static uint32_t write(double value, bool) { return Half::from(value).bits; }
};
struct S32 {
  static constexpr unsigned kRegisters = 4, kElements = 1;
  static double read(uint32_t word, unsigned) { return static_cast<int32_t>(word); }
  static uint32_t write(double value, bool saturates) {
    if (saturates)
      value = std::min(std::max(value, double(INT32_MIN)), double(INT32_MAX));
    return static_cast<uint32_t>(static_cast<int64_t>(value));
  }
};

/// rows: D, A, B, C. op.immediate: K.
template <class C, class D> void run(Warp &warp, const Op &op, Mask mask) {
  if (!warp.gather(mask, ~Mask(0)))
    return;
  auto k = static_cast<unsigned>(op.immediate);
  unsigned bRegisters = k / (4 * perRegister(static_cast<Element>(op.variant & 7)));
  unsigned aRow = D::kRegisters, bRow = aRow + 2 * bRegisters, cRow = bRow + bRegisters;
  Product p;
  loadFactors(warp, op, aRow, bRow, k, p);
  for (unsigned r = 0; r < C::kRegisters; ++r)
    for (unsigned lane = 0; lane < kLanes; ++lane)
      for (unsigned i = 0; i < C::kElements; ++i)
        elementOf(p, lane, r * C::kElements + i) = C::read(warp.row<uint32_t>(op.rows[cRow + r])[lane], i);
  multiply(k, p);
  for (unsigned r = 0; r < D::kRegisters; ++r)
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      uint32_t word = 0;
      for (unsigned i = 0; i < D::kElements; ++i)
        word |= D::write(elementOf(p, lane, r * D::kElements + i), op.variant & kSatFinite) << i * 16;
      warp.row<uint32_t>(op.rows[r])[lane] = word;
    }
}

/// The shapes there are: element type, K.
constexpr std::pair<Element, unsigned> kShapes[] = {
    {Element::F16, 8},  {Element::F16, 16}, {Element::BF16, 8}, {Element::BF16, 16}, {Element::Tf32, 4},
    {Element::Tf32, 8}, {Element::S8, 16},  {Element::S8, 32},  {Element::U8, 16},   {Element::U8, 32},
};

Element elementType(Instruction &in, Type type) {
  if (type == kF16)
    return Element::F16;
  if (type == kBF16)
    return Element::BF16;
  if (type == kTf32)
    return Element::Tf32;
  if (type.bits != 8 || !type.isInteger())
    in.unsupported();
  return type.isSigned() ? Element::S8 : Element::U8;
}

void addRegisters(Instruction &in, unsigned operand, unsigned count, Type type, unsigned &row) {
  const Operand &vector = in.operands[operand];
  if (vector.kind != Operand::Kind::Vector || vector.elements.size() != count)
    in.fail("operand " + std::to_string(operand) + " needs " + std::to_string(count) + " registers");
  for (const Operand &element : vector.elements)
    in.op.rows[row++] = operand == 0 ? in.result(element, type) : in.source(element, type);
}

Handler handlerOf(Type d, Type c, bool isInteger, bool isHalf) {
  if (isInteger)
    return d == kS32 && c == kS32 ? run<S32, S32> : nullptr;
  if (d == kF32 && c == kF32)
    return run<F32, F32>;
  if (!isHalf)
    return nullptr;
  if (d == kF16)
    return c == kF16 ? run<F16, F16> : c == kF32 ? run<F32, F16> : nullptr;
  return d == kF32 && c == kF16 ? run<F16, F32> : nullptr;
}

} // namespace

void decodeMma(Instruction &in) {
  bool isWarp = in.take("sync") && in.take("aligned") && in.take("row") && in.take("col");
  int shape = in.modifiers.takeOneOf({"m16n8k4", "m16n8k8", "m16n8k16", "m16n8k32"});
  bool satFinite = in.take("satfinite");
  if (!isWarp || shape < 0)
    in.unsupported();
  unsigned k = 4u << shape;
  Type d = in.type(), aType = in.type(), bType = in.type(), c = in.type();
  Element a = elementType(in, aType), b = elementType(in, bType);
  bool isInteger = perRegister(a) == 4;
  if (std::find(std::begin(kShapes), std::end(kShapes), std::pair(a, k)) == std::end(kShapes) ||
      (isInteger ? perRegister(b) != 4 : a != b) || (satFinite && !isInteger))
    in.unsupported();
  in.expectOperands(4);
  unsigned bRegisters = k / (4 * perRegister(a)), row = 0;
  auto accumulators = [](Type type) { return type == kF16 ? 2u : 4u; };
  addRegisters(in, 0, accumulators(d), kB32, row);
  addRegisters(in, 1, 2 * bRegisters, kB32, row);
  addRegisters(in, 2, bRegisters, kB32, row);
  addRegisters(in, 3, accumulators(c), c == kF32 ? kF32 : kB32, row);
  in.op.immediate = k;
  in.op.variant = static_cast<uint8_t>(a) | static_cast<uint8_t>(b) << kBShift | (satFinite ? kSatFinite : 0);
  in.emit(handlerOf(d, c, isInteger, a == Element::F16));
}

} // namespace quern::ptx
