#include "codegen/common/VectorMathReduction.h"
#include "codegen/common/VectorMathCoefficients.h"
#include "codegen/common/VectorMathFamilies.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace quern {

// Cody-Waite with pi/2 in three parts of a whole mantissa each. The FMA with the first is exact. The product with the
// second is taken in two parts and subtracted without error (`first` is a multiple of its ulp); what is left over goes,
// with the last part of pi/2, into the low part of the rest.
static QuarterTurns reduceModerate(Float x) {
  const Lanes &lanes = *x.lanes;
  llvm::ArrayRef<double> piHalf = lanes.pick(kPiHalfParts);
  auto [n, count] = roundWithBits(x * kTwoOverPi, 0);
  Float first = fma(n, -piHalf[0], x);
  TwoPart product = twoProduct(n, lanes.constant(piHalf[1]));
  TwoPart second = fastTwoSum(first, -product.hi);
  return {count, fastTwoSum(second.hi, fma(n, -piHalf[2], second.lo - product.lo))};
}

// The rest is Payne and Hanek's reduction (1983) in fixed point, on lanes of 64-bit integers whose values stay below
// 2^32 where they are multiplied (the product of a vector that x86 has). With |x| = M 2^E, M an integer of `limbs`
// words, the fraction of |x| 2/pi / 4 is that of M times a window of the bits of 2/pi that E selects: words before it
// make whole turns, words behind it are too small.
namespace {
struct Window {
  int limbs, words; ///< of M; of 2/pi used
  int kept;         ///< words of the fraction that are kept
  int tableWords;   ///< as many as the largest exponent reaches
};
} // namespace
constexpr Window kWindowF32 = {1, 3, 2, 8}, kWindowF64 = {2, 6, 4, 40};

static Int shiftLeft(Int a, Int count) {
  return {a.lanes, a.lanes->builder.create<arith::ShLIOp>(a.lanes->loc, a.value, count.value)};
}
static Int product(Int a, Int b) {
  return {a.lanes, a.lanes->builder.create<arith::MulIOp>(a.lanes->loc, a.value, b.value)};
}
static Int lowWord(Int a) { return a & a.lanes->integer(0xFFFFFFFF); }

/// words[index], words[index + 1], ... (`count` of them), by halving the table: bit after bit of the index chooses
/// between a word and the one 2^bit further on.
static SmallVector<Int> wordsFrom(const Lanes &wide, Int index, int count, int tableWords) {
  SmallVector<Int> words;
  for (uint32_t word : llvm::ArrayRef(kTwoOverPiWords).take_front(tableWords))
    words.push_back(wide.integer(word));
  for (int bit = llvm::Log2_32_Ceil(tableWords) - 1; bit >= 0; --bit) {
    Mask further = (index & wide.integer(1 << bit)) != wide.integer(0);
    int needed = std::min<int>(words.size(), count + (1 << bit) - 1);
    for (int i = 0; i < needed; ++i)
      if (i + (1 << bit) < int(words.size()))
        words[i] = select(further, words[i + (1 << bit)], words[i]);
    words.resize(needed, wide.integer(0));
  }
  return words;
}

/// The first `kept` words of the fraction of M 2^E 2/pi / 4, most significant first.
static SmallVector<Int> fractionOfTurn(const Window &window, ArrayRef<Int> limbs, Int exponent) {
  const Lanes &wide = *exponent.lanes;
  SmallVector<Int> table = wordsFrom(wide, exponent >> 5, window.words + 1, window.tableWords);
  Int shift = exponent & wide.integer(31);
  SmallVector<Int> part;
  for (int i = 0; i < window.words; ++i)
    part.push_back(shiftLeft((table[i] << 32) | table[i + 1], shift) >> 32);
  SmallVector<Int> columns(window.words, wide.integer(0));
  for (int i = 0; i < window.words; ++i)
    for (int j = 0; j < window.limbs; ++j) {
      Int p = product(limbs[j], part[i]);
      if (i - j >= 0)
        columns[i - j] = columns[i - j] + lowWord(p);
      if (i - j >= 1)
        columns[i - j - 1] = columns[i - j - 1] + (p >> 32);
    }
  for (int i = window.words - 1; i > 0; --i)
    columns[i - 1] = columns[i - 1] + (columns[i] >> 32);
  for (Int &column : columns)
    column = lowWord(column);
  columns.resize(window.kept, wide.integer(0));
  return columns;
}

/// An integer below 2^52 as a float, minus `offset`.
static Float toFloat(Int a, double offset = 0) {
  return fromBits(a | a.lanes->bitsOf(0x1p52)) - (0x1p52 + offset);
}

/// Words of a fraction of a turn -> count and rest in f64 lanes, for the positive angle.
static QuarterTurns fromFraction(ArrayRef<Int> words) {
  const Lanes &wide = *words.front().lanes;
  Int rounded = words[0] + wide.integer(1 << 29);
  Float sum = toFloat(rounded & wide.integer((1 << 30) - 1), 0x1p29) * 0x1p-30;
  SmallVector<Float> rest;
  for (auto [i, word] : llvm::enumerate(words.drop_front()))
    rest.push_back(toFloat(word) * std::ldexp(1.0, -62 - 32 * int(i)));
  TwoPart turns = fastTwoSum(sum, rest[0]);
  for (Float word : llvm::ArrayRef(rest).drop_front())
    turns.lo = turns.lo + word;
  turns = fastTwoSum(turns.hi, turns.lo);
  TwoPart angle = twoProduct(turns.hi, wide.constant(kPiHalfPartsF64[0]));
  angle.lo = fma(turns.hi, kPiHalfPartsF64[1], fma(turns.lo, kPiHalfPartsF64[0], angle.lo));
  return {rounded >> 30, fastTwoSum(angle.hi, angle.lo)};
}

/// f64 lanes -> the lanes of x.
static QuarterTurns narrowed(const Lanes &lanes, QuarterTurns turns) {
  if (lanes.isF64())
    return {{&lanes, turns.count.value}, {{&lanes, turns.rest.hi.value}, {&lanes, turns.rest.lo.value}}};
  OpBuilder &b = lanes.builder;
  Value hi = b.create<arith::TruncFOp>(lanes.loc, lanes.type, turns.rest.hi.value);
  Value back = b.create<arith::ExtFOp>(lanes.loc, turns.rest.hi.value.getType(), hi);
  Float difference = turns.rest.hi - Float{turns.rest.hi.lanes, back};
  Value lo = b.create<arith::TruncFOp>(lanes.loc, lanes.type, difference.value);
  Value count = b.create<arith::TruncIOp>(lanes.loc, lanes.shaped(lanes.intType), turns.count.value);
  return {{&lanes, count}, {{&lanes, hi}, {&lanes, lo}}};
}

static QuarterTurns reduceHuge(Float x) {
  const Lanes &lanes = *x.lanes;
  const Window &window = lanes.isF64() ? kWindowF64 : kWindowF32;
  Lanes wide(lanes.builder, lanes.loc, lanes.shaped(lanes.builder.getF64Type()));
  Value word = bits(abs(x)).value;
  if (!lanes.isF64())
    word = lanes.builder.create<arith::ExtUIOp>(lanes.loc, wide.shaped(wide.intType), word);
  Int magnitude{&wide, word};
  int mantissa = lanes.mantissaBits();
  uint64_t implicit = uint64_t(1) << mantissa;
  Int m = (magnitude & wide.integer(implicit - 1)) | wide.integer(implicit);
  SmallVector<Int> limbs = {lowWord(m), m >> 32};
  // E = field - bias - mantissa; plus the 32 zero bits that lead the table, minus 2 for quarters of a turn.
  Int exponent = (magnitude >> mantissa) - wide.integer(lanes.bias() + mantissa - 30);
  QuarterTurns turns = narrowed(lanes, fromFraction(fractionOfTurn(window, limbs, exponent)));
  Mask negative = x < 0.0, finite = abs(x) < lanes.infinity();
  TwoPart rest = {select(finite, select(negative, -turns.rest.hi, turns.rest.hi), lanes.nan()),
                  select(negative, -turns.rest.lo, turns.rest.lo)};
  return {select(negative, lanes.integer(0) - turns.count, turns.count), rest};
}

// Huge arguments are rare: the branch is taken only where some lane has one, and then serves all lanes.
QuarterTurns reduceQuarterTurns(Float x) {
  const Lanes &lanes = *x.lanes;
  QuarterTurns moderate = reduceModerate(x);
  Mask isHuge = abs(x) > lanes.pick(0x1p17, 0x1p27);
  auto huge = [&](OpBuilder &inner, Location loc) {
    Lanes there(inner, loc, lanes.type);
    QuarterTurns turns = reduceHuge({&there, x.value});
    auto merge = [&](Value ours, Value theirs) -> Value {
      return inner.create<arith::SelectOp>(loc, isHuge.value, ours, theirs);
    };
    inner.create<scf::YieldOp>(loc, ValueRange{merge(turns.count.value, moderate.count.value),
                                               merge(turns.rest.hi.value, moderate.rest.hi.value),
                                               merge(turns.rest.lo.value, moderate.rest.lo.value)});
  };
  auto none = [&](OpBuilder &inner, Location loc) {
    inner.create<scf::YieldOp>(
        loc, ValueRange{moderate.count.value, moderate.rest.hi.value, moderate.rest.lo.value});
  };
  auto branch = lanes.builder.create<scf::IfOp>(lanes.loc, any(isHuge), huge, none);
  return {{&lanes, branch.getResult(0)}, {{&lanes, branch.getResult(1)}, {&lanes, branch.getResult(2)}}};
}

} // namespace quern
