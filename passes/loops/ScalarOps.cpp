// The scalar meaning of every elementwise op, on registers: scalars or rank-1 vectors.
#include "codegen/common/VectorMath.h"
#include "passes/loops/ElementEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

static Type like(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return VectorType::get(vector.getShape(), element);
  return element;
}

static Value constantLike(ImplicitLocOpBuilder &b, Type type, Attribute scalar) {
  if (auto vector = dyn_cast<VectorType>(type))
    return b.create<arith::ConstantOp>(DenseElementsAttr::get(vector, scalar));
  return b.create<arith::ConstantOp>(cast<TypedAttr>(scalar));
}
static Value realLike(ImplicitLocOpBuilder &b, Type type, double value) {
  return constantLike(b, type, b.getFloatAttr(getElementTypeOrSelf(type), value));
}
static Value integerLike(ImplicitLocOpBuilder &b, Type type, int64_t value) {
  return constantLike(b, type, b.getIntegerAttr(getElementTypeOrSelf(type), value));
}

namespace {
/// What a rule needs: the operands as registers, the element type that says signedness, and the kernel for errors.
struct Scalar {
  KernelFunction &kernel;
  ImplicitLocOpBuilder &b;
  Operation *op;
  ValueRange v;
  Type element;
  Value mask; // lanes that hold elements; null: all

  Type type() const { return v[0].getType(); }
  bool isFloat() const { return isa<FloatType>(element); }
  bool isBool() const { return element.isInteger(1); }
  bool isUnsigned() const { return element.isUnsignedInteger() || isBool(); }
};
} // namespace

template <typename F, typename I> static Value arithmetic(Scalar &s) {
  if (s.isFloat())
    return s.b.create<F>(s.v[0], s.v[1]);
  return s.b.create<I>(s.v[0], s.v[1]);
}

/// A constant that is not NaN, at the place of an operand: then min and max as processors have them, which take one
/// side where the other is NaN, have the right meaning.
static bool isOrdinaryConstant(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (!constant)
    if (auto spread = value.getDefiningOp<vector::BroadcastOp>())
      constant = spread.getSource().getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return false;
  if (auto real = dyn_cast<FloatAttr>(constant.getValue()))
    return !real.getValue().isNaN();
  auto splat = dyn_cast<SplatElementsAttr>(constant.getValue());
  return splat && isa<FloatType>(splat.getElementType()) && !splat.getSplatValue<APFloat>().isNaN();
}

/// NaN wins. With an ordinary constant c, `c > x ? c : x` says it in one instruction: a NaN in x compares false.
static Value floatExtremum(Scalar &s, bool largest) {
  Value x = s.v[0], c = s.v[1];
  if (isOrdinaryConstant(x))
    std::swap(x, c);
  if (isOrdinaryConstant(c)) {
    Value wins = s.b.create<arith::CmpFOp>(largest ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT, c, x);
    return s.b.create<arith::SelectOp>(wins, c, x);
  }
  if (largest)
    return s.b.create<arith::MaximumFOp>(x, c);
  return s.b.create<arith::MinimumFOp>(x, c);
}

static Value extremum(Scalar &s, bool largest) {
  if (s.isFloat())
    return floatExtremum(s, largest);
  if (s.isUnsigned())
    return largest ? s.b.create<arith::MaxUIOp>(s.v[0], s.v[1]).getResult()
                   : s.b.create<arith::MinUIOp>(s.v[0], s.v[1]).getResult();
  return largest ? s.b.create<arith::MaxSIOp>(s.v[0], s.v[1]).getResult()
                 : s.b.create<arith::MinSIOp>(s.v[0], s.v[1]).getResult();
}

/// A divisor that is safe: zeros are a data error and become 1; for signed types -1 is taken out (min / -1 traps).
static std::pair<Value, Value> safeDivisor(Scalar &s) {
  Value zero = integerLike(s.b, s.type(), 0), one = integerLike(s.b, s.type(), 1);
  Value isZero = s.b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, s.v[1], zero);
  s.kernel.fail(s.mask ? s.b.create<arith::AndIOp>(isZero, s.mask) : isZero, KernelError::Division);
  Value divisor = s.b.create<arith::SelectOp>(isZero, one, s.v[1]);
  if (s.isUnsigned())
    return {divisor, Value()};
  Value minusOne = s.b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, divisor, integerLike(s.b, s.type(), -1));
  return {s.b.create<arith::SelectOp>(minusOne, one, divisor), minusOne};
}

static Value divide(Scalar &s) {
  if (s.isFloat())
    return s.b.create<arith::DivFOp>(s.v[0], s.v[1]);
  auto [divisor, minusOne] = safeDivisor(s);
  if (s.isUnsigned())
    return s.b.create<arith::DivUIOp>(s.v[0], divisor);
  Value quotient = s.b.create<arith::DivSIOp>(s.v[0], divisor);
  Value negated = s.b.create<arith::SubIOp>(integerLike(s.b, s.type(), 0), s.v[0]);
  return s.b.create<arith::SelectOp>(minusOne, negated, quotient);
}

/// C's fmod of what is in the lanes; the slow way, bit by bit, where a quotient is no small number.
///
/// A quotient with fewer bits than a significand, truncated, is how often |y| goes into |x|, or once more if it was rounded
/// up. What that leaves of x is no further from 0 than y and a multiple of the last bit of either: a float, so that the
/// fused step rounds nothing, nor does adding |y| again.
static Value truncatedRemainder(Scalar &s, Value x, Value y) {
  ImplicitLocOpBuilder &b = s.b;
  Type type = x.getType();
  auto slow = [&] { return b.create<arith::RemFOp>(x, y).getResult(); };
  auto real = cast<FloatType>(getElementTypeOrSelf(type));
  if (!real.isF32() && !real.isF64())
    return slow();
  Value large = b.create<math::AbsFOp>(x), small = b.create<math::AbsFOp>(y);
  Value quotient = b.create<arith::DivFOp>(large, small);
  using F = arith::CmpFPredicate;
  Value fits = b.create<arith::CmpFOp>(F::OLT, quotient, realLike(b, type, std::ldexp(1.0, real.getFPMantissaWidth() - 1)));
  fits = b.create<arith::AndIOp>(fits, b.create<arith::CmpFOp>(F::OLT, small, realLike(b, type, INFINITY)));
  if (s.mask) // other lanes have no element that could be slow
    fits = b.create<arith::SelectOp>(s.mask, fits, constantLike(b, fits.getType(), b.getBoolAttr(true)));
  if (isa<VectorType>(type))
    fits = b.create<vector::ReductionOp>(vector::CombiningKind::AND, fits);
  auto choice = b.create<scf::IfOp>(TypeRange(type), fits, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  Value times = b.create<arith::NegFOp>(b.create<math::TruncOp>(quotient));
  Value rest = b.create<math::FmaOp>(times, small, large);
  Value isBelow = b.create<arith::CmpFOp>(F::OLT, rest, realLike(b, type, 0));
  rest = b.create<arith::SelectOp>(isBelow, b.create<arith::AddFOp>(rest, small), rest);
  b.create<scf::YieldOp>(ValueRange{b.create<math::CopySignOp>(rest, x)});
  b.setInsertionPointToStart(choice.elseBlock());
  b.create<scf::YieldOp>(ValueRange{slow()});
  return choice.getResult(0);
}

/// C's fmod where `truncated`, else the sign of the divisor (Python's %).
static Value modulo(Scalar &s) {
  bool truncated = cast<ModOp>(s.op).getTruncated();
  ImplicitLocOpBuilder &b = s.b;
  Value remainder;
  if (s.isFloat()) {
    remainder = truncatedRemainder(s, s.v[0], s.v[1]);
    if (truncated)
      return remainder;
    Value zero = realLike(b, s.type(), 0);
    Value nonzero = b.create<arith::CmpFOp>(arith::CmpFPredicate::ONE, remainder, zero);
    Value left = b.create<arith::CmpFOp>(arith::CmpFPredicate::OLT, remainder, zero);
    Value right = b.create<arith::CmpFOp>(arith::CmpFPredicate::OLT, s.v[1], zero);
    Value fix = b.create<arith::AndIOp>(nonzero, b.create<arith::XOrIOp>(left, right));
    return b.create<arith::SelectOp>(fix, b.create<arith::AddFOp>(remainder, s.v[1]), remainder);
  }
  auto [divisor, minusOne] = safeDivisor(s);
  if (s.isUnsigned())
    return b.create<arith::RemUIOp>(s.v[0], divisor);
  remainder = b.create<arith::RemSIOp>(s.v[0], divisor);
  if (truncated)
    return remainder;
  Value zero = integerLike(b, s.type(), 0);
  Value nonzero = b.create<arith::CmpIOp>(arith::CmpIPredicate::ne, remainder, zero);
  Value left = b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, remainder, zero);
  Value right = b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, divisor, zero);
  Value fix = b.create<arith::AndIOp>(nonzero, b.create<arith::XOrIOp>(left, right));
  return b.create<arith::SelectOp>(fix, b.create<arith::AddIOp>(remainder, divisor), remainder);
}

static Value mathCall(Scalar &s, StringRef name, ValueRange operands) {
  std::optional<MathFunction> function = mathFunctionNamed(name);
  assert(function && "every graph op that ends here has a line in VectorMath.inc");
  return emitMath(s.b, s.b.getLoc(), *function, operands);
}

/// base^exponent by squaring, modulo the range of the type, until no lane has a bit of the exponent left.
static Value powerBySquaring(Scalar &s, Value base, Value exponent) {
  ImplicitLocOpBuilder &b = s.b;
  Type type = base.getType(), bits = exponent.getType();
  Value none = integerLike(b, bits, 0), odd = integerLike(b, bits, 1);
  SmallVector<Value> start{integerLike(b, type, 1), base, exponent};
  auto loop = b.create<scf::WhileOp>(TypeRange{type, type, bits}, start);
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Location> places(3, b.getLoc());
  Block *before = b.createBlock(&loop.getBefore(), {}, loop.getResultTypes(), places);
  Value more = b.create<arith::CmpIOp>(arith::CmpIPredicate::ne, before->getArgument(2), none);
  if (isa<VectorType>(bits))
    more = b.create<vector::ReductionOp>(vector::CombiningKind::OR, more);
  b.create<scf::ConditionOp>(more, before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, loop.getResultTypes(), places);
  Value result = after->getArgument(0), factor = after->getArgument(1), rest = after->getArgument(2);
  Value takes = b.create<arith::CmpIOp>(arith::CmpIPredicate::ne, b.create<arith::AndIOp>(rest, odd), none);
  result = b.create<arith::SelectOp>(takes, b.create<arith::MulIOp>(result, factor), result);
  b.create<scf::YieldOp>(
      ValueRange{result, b.create<arith::MulIOp>(factor, factor), b.create<arith::ShRUIOp>(rest, odd)});
  return loop.getResult(0);
}

/// An integer to a negative power: 1 stays, -1 alternates, of all others nothing is left.
static Value negativePower(Scalar &s, Value base, Value exponent) {
  ImplicitLocOpBuilder &b = s.b;
  Value zero = integerLike(b, base.getType(), 0), one = integerLike(b, base.getType(), 1);
  auto equals = [&](Value x, Value y) { return b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, x, y); };
  Value rest = b.create<arith::SelectOp>(equals(base, one), one, zero);
  if (s.isUnsigned())
    return rest;
  Value minusOne = integerLike(b, base.getType(), -1);
  Value even = equals(b.create<arith::AndIOp>(exponent, integerLike(b, exponent.getType(), 1)),
                      integerLike(b, exponent.getType(), 0));
  Value sign = b.create<arith::SelectOp>(even, one, minusOne);
  return b.create<arith::SelectOp>(equals(base, minusOne), sign, rest);
}

static Value power(Scalar &s) {
  Type exponent = elementOf(s.op->getOperand(1));
  if (s.isFloat())
    return mathCall(s, "pow", {s.v[0], emitCast(s.b, s.v[1], exponent, s.element)});
  if (isa<FloatType>(exponent)) {
    Type f64 = s.b.getF64Type();
    Value result = mathCall(s, "pow", {emitCast(s.b, s.v[0], s.element, f64), emitCast(s.b, s.v[1], exponent, f64)});
    return emitCast(s.b, result, f64, s.element);
  }
  Value result = powerBySquaring(s, s.v[0], s.v[1]);
  if (exponent.isUnsignedInteger())
    return result;
  Value negative = s.b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, s.v[1], integerLike(s.b, s.v[1].getType(), 0));
  return s.b.create<arith::SelectOp>(negative, negativePower(s, s.v[0], s.v[1]), result);
}

static Value compare(Scalar &s) {
  CompareKind kind = cast<CompareOp>(s.op).getKind();
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  static constexpr F floats[] = {F::OEQ, F::UNE, F::OLT, F::OLE, F::OGT, F::OGE};
  static constexpr I integers[] = {I::eq, I::ne, I::slt, I::sle, I::sgt, I::sge};
  static constexpr I naturals[] = {I::eq, I::ne, I::ult, I::ule, I::ugt, I::uge};
  if (s.isFloat())
    return s.b.create<arith::CmpFOp>(floats[int(kind)], s.v[0], s.v[1]);
  return s.b.create<arith::CmpIOp>((s.isUnsigned() ? naturals : integers)[int(kind)], s.v[0], s.v[1]);
}

static Value absolute(Scalar &s) {
  if (s.isFloat())
    return s.b.create<math::AbsFOp>(s.v[0]);
  if (s.isUnsigned())
    return s.v[0];
  Value negative = s.b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, s.v[0], integerLike(s.b, s.type(), 0));
  return s.b.create<arith::SelectOp>(negative, s.b.create<arith::SubIOp>(integerLike(s.b, s.type(), 0), s.v[0]),
                                     s.v[0]);
}

static Value signum(Scalar &s) {
  ImplicitLocOpBuilder &b = s.b;
  if (s.isFloat()) {
    Value zero = realLike(b, s.type(), 0);
    Value positive = b.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, s.v[0], zero);
    Value negative = b.create<arith::CmpFOp>(arith::CmpFPredicate::OLT, s.v[0], zero);
    Value rest = b.create<arith::SelectOp>(negative, realLike(b, s.type(), -1), s.v[0]); // keeps NaN and the zeros
    return b.create<arith::SelectOp>(positive, realLike(b, s.type(), 1), rest);
  }
  Value zero = integerLike(b, s.type(), 0), one = integerLike(b, s.type(), 1);
  Value nonzero = b.create<arith::CmpIOp>(arith::CmpIPredicate::ne, s.v[0], zero);
  Value positive = b.create<arith::SelectOp>(nonzero, one, zero);
  if (s.isUnsigned())
    return positive;
  Value negative = b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, s.v[0], zero);
  return b.create<arith::SelectOp>(negative, integerLike(b, s.type(), -1), positive);
}

template <bool left> static Value shift(Scalar &s) {
  int64_t width = s.element.getIntOrFloatBitWidth();
  Value limit = integerLike(s.b, s.type(), width - 1);
  Value amount = s.b.create<arith::MinUIOp>(s.v[1], limit);
  Value shifted = left ? s.b.create<arith::ShLIOp>(s.v[0], amount).getResult()
                       : s.b.create<arith::ShRUIOp>(s.v[0], amount).getResult();
  Value inside = s.b.create<arith::CmpIOp>(arith::CmpIPredicate::ule, s.v[1], limit);
  return s.b.create<arith::SelectOp>(inside, shifted, integerLike(s.b, s.type(), 0));
}

static Value bitcast(Scalar &s) {
  Type element = elementOf(s.op->getResult(0)); // registers know no signedness
  if (auto integer = dyn_cast<IntegerType>(element))
    element = s.b.getIntegerType(integer.getWidth());
  Type type = like(s.type(), element);
  return type == s.type() ? s.v[0] : s.b.create<arith::BitcastOp>(type, s.v[0]);
}

static Value isInfinite(Scalar &s) {
  auto op = cast<IsInfOp>(s.op);
  Value result = integerLike(s.b, like(s.type(), s.b.getI1Type()), 0);
  for (auto [wanted, value] : {std::pair(op.getPositive(), INFINITY), std::pair(op.getNegative(), -INFINITY)})
    if (wanted)
      result = s.b.create<arith::OrIOp>(
          result, s.b.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, s.v[0], realLike(s.b, s.type(), value)));
  return result;
}

static Value negate(Scalar &s) {
  if (s.isFloat())
    return s.b.create<arith::NegFOp>(s.v[0]);
  return s.b.create<arith::SubIOp>(integerLike(s.b, s.type(), 0), s.v[0]);
}

template <typename Op> static Value direct(Scalar &s) {
  return s.isFloat() ? s.b.create<Op>(s.v[0]).getResult() : s.v[0];
}

static Value sumOrOr(Scalar &s) { return arithmetic<arith::AddFOp, arith::AddIOp>(s); }

using Rule = Value (*)(Scalar &);

/// One line per op; what is not here is a function of VectorMath.inc of the same name.
static const llvm::StringMap<Rule> &rules() {
  static const llvm::StringMap<Rule> table = {
      {"graph.add", sumOrOr},
      {"graph.sub", arithmetic<arith::SubFOp, arith::SubIOp>},
      {"graph.mul", arithmetic<arith::MulFOp, arith::MulIOp>},
      {"graph.div", divide},
      {"graph.mod", modulo},
      {"graph.pow", power},
      {"graph.min", [](Scalar &s) { return extremum(s, /*largest=*/false); }},
      {"graph.max", [](Scalar &s) { return extremum(s, /*largest=*/true); }},
      {"graph.and", [](Scalar &s) -> Value { return s.b.create<arith::AndIOp>(s.v[0], s.v[1]); }},
      {"graph.or", [](Scalar &s) -> Value { return s.b.create<arith::OrIOp>(s.v[0], s.v[1]); }},
      {"graph.xor", [](Scalar &s) -> Value { return s.b.create<arith::XOrIOp>(s.v[0], s.v[1]); }},
      {"graph.not",
       [](Scalar &s) -> Value { return s.b.create<arith::XOrIOp>(s.v[0], integerLike(s.b, s.type(), -1)); }},
      {"graph.shift_left", shift<true>},
      {"graph.shift_right", shift<false>},
      {"graph.compare", compare},
      {"graph.select", [](Scalar &s) -> Value { return s.b.create<arith::SelectOp>(s.v[0], s.v[1], s.v[2]); }},
      {"graph.neg", negate},
      {"graph.abs", absolute},
      {"graph.sign", signum},
      {"graph.ceil", direct<math::CeilOp>},
      {"graph.floor", direct<math::FloorOp>},
      {"graph.round", direct<math::RoundEvenOp>},
      {"graph.sqrt", direct<math::SqrtOp>},
      {"graph.is_nan",
       [](Scalar &s) -> Value { return s.b.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, s.v[0], s.v[0]); }},
      {"graph.is_inf", isInfinite},
      {"graph.bitcast", bitcast},
      {"graph.cast", [](Scalar &s) { return emitCast(s.b, s.v[0], s.element, elementOf(s.op->getResult(0))); }},
  };
  return table;
}

Value emitScalarOp(KernelFunction &kernel, Operation *op, ValueRange operands, Value mask) {
  Scalar s{kernel, kernel.builder, op, operands, elementOf(op->getOperand(0)), mask};
  auto found = rules().find(op->getName().getStringRef());
  if (found != rules().end())
    return found->second(s);
  return mathCall(s, op->getName().stripDialect(), operands);
}

//===--- Casts ------------------------------------------------------------------------------===//

static Value floatToInteger(ImplicitLocOpBuilder &b, Value value, Type from, Type to) {
  auto integer = cast<IntegerType>(to);
  bool natural = integer.isUnsigned();
  unsigned width = integer.getWidth();
  Type type = like(value.getType(), b.getIntegerType(width));
  // Saturate: the limits as floats are exact powers of two (the upper one is the first that does not fit).
  double low = natural ? 0.0 : -std::ldexp(1.0, width - 1), high = std::ldexp(1.0, natural ? width : width - 1);
  APInt largest = natural ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width);
  APInt smallest = natural ? APInt::getMinValue(width) : APInt::getSignedMinValue(width);
  Value tooHigh = b.create<arith::CmpFOp>(arith::CmpFPredicate::OGE, value, realLike(b, value.getType(), high));
  Value tooLow = b.create<arith::CmpFOp>(arith::CmpFPredicate::OLE, value, realLike(b, value.getType(), low));
  Value isNan = b.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, value, value);
  Value outside = b.create<arith::OrIOp>(b.create<arith::OrIOp>(tooHigh, tooLow), isNan);
  Value safe = b.create<arith::SelectOp>(outside, realLike(b, value.getType(), 0), value);
  Value converted =
      natural ? b.create<arith::FPToUIOp>(type, safe).getResult() : b.create<arith::FPToSIOp>(type, safe).getResult();
  auto limit = [&](const APInt &bits) {
    return constantLike(b, type, b.getIntegerAttr(b.getIntegerType(width), bits));
  };
  converted = b.create<arith::SelectOp>(tooHigh, limit(largest), converted);
  return b.create<arith::SelectOp>(tooLow, limit(smallest), converted);
}

Value emitCast(ImplicitLocOpBuilder &b, Value value, Type from, Type to) {
  if (from == to)
    return value;
  Type target = like(value.getType(), KernelFunction::registerType(to));
  bool natural = from.isUnsignedInteger() || from.isInteger(1);
  if (to.isInteger(1)) {
    if (isa<FloatType>(from))
      return b.create<arith::CmpFOp>(arith::CmpFPredicate::UNE, value, realLike(b, value.getType(), 0));
    return b.create<arith::CmpIOp>(arith::CmpIPredicate::ne, value, integerLike(b, value.getType(), 0));
  }
  if (isa<FloatType>(from) && isa<FloatType>(to)) {
    if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
      return b.create<arith::ExtFOp>(target, value);
    return b.create<arith::TruncFOp>(target, value);
  }
  if (isa<FloatType>(from))
    return floatToInteger(b, value, from, to);
  if (isa<FloatType>(to))
    return natural ? b.create<arith::UIToFPOp>(target, value).getResult()
                   : b.create<arith::SIToFPOp>(target, value).getResult();
  unsigned narrow = from.getIntOrFloatBitWidth(), wide = to.getIntOrFloatBitWidth();
  if (narrow == wide)
    return value;
  if (narrow > wide)
    return b.create<arith::TruncIOp>(target, value);
  return natural ? b.create<arith::ExtUIOp>(target, value).getResult()
                 : b.create<arith::ExtSIOp>(target, value).getResult();
}

//===--- Reductions -------------------------------------------------------------------------===//

Value reductionStart(KernelFunction &kernel, ReduceKind kind, Type element, Type registerType) {
  ImplicitLocOpBuilder &b = kernel.builder;
  bool isFloat = isa<FloatType>(element), natural = element.isUnsignedInteger() || element.isInteger(1);
  unsigned width = element.getIntOrFloatBitWidth();
  switch (kind) {
  case ReduceKind::sum:
  case ReduceKind::mean:
    return isFloat ? realLike(b, registerType, 0) : integerLike(b, registerType, 0);
  case ReduceKind::prod:
    return isFloat ? realLike(b, registerType, 1) : integerLike(b, registerType, 1);
  case ReduceKind::max:
    if (isFloat)
      return realLike(b, registerType, -INFINITY);
    return constantLike(b, registerType,
                        b.getIntegerAttr(b.getIntegerType(width),
                                         natural ? APInt::getMinValue(width) : APInt::getSignedMinValue(width)));
  case ReduceKind::min:
    if (isFloat)
      return realLike(b, registerType, INFINITY);
    return constantLike(b, registerType,
                        b.getIntegerAttr(b.getIntegerType(width),
                                         natural ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width)));
  }
  llvm_unreachable("all kinds are handled");
}

Value reductionStep(ImplicitLocOpBuilder &b, ReduceKind kind, Type element, Value x, Value y) {
  bool isFloat = isa<FloatType>(element), natural = element.isUnsignedInteger() || element.isInteger(1);
  // The extremum of 0 and -0 is either: telling them apart would double the way from step to step.
  constexpr arith::FastMathFlags anyZero = arith::FastMathFlags::nsz;
  switch (kind) {
  case ReduceKind::sum:
  case ReduceKind::mean:
    return isFloat ? b.create<arith::AddFOp>(x, y).getResult() : b.create<arith::AddIOp>(x, y).getResult();
  case ReduceKind::prod:
    return isFloat ? b.create<arith::MulFOp>(x, y).getResult() : b.create<arith::MulIOp>(x, y).getResult();
  case ReduceKind::max:
    if (isFloat)
      return b.create<arith::MaximumFOp>(x, y, anyZero);
    return natural ? b.create<arith::MaxUIOp>(x, y).getResult() : b.create<arith::MaxSIOp>(x, y).getResult();
  case ReduceKind::min:
    if (isFloat)
      return b.create<arith::MinimumFOp>(x, y, anyZero);
    return natural ? b.create<arith::MinUIOp>(x, y).getResult() : b.create<arith::MinSIOp>(x, y).getResult();
  }
  llvm_unreachable("all kinds are handled");
}

Value reduceLanes(ImplicitLocOpBuilder &b, ReduceKind kind, Type element, Value vector) {
  // Halves are combined pairwise: log2(lanes) steps in a fixed order.
  while (true) {
    int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
    if (lanes == 1)
      return b.create<vector::ExtractOp>(vector, ArrayRef<int64_t>{0});
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < lanes / 2; ++i) {
      low.push_back(i);
      high.push_back(lanes / 2 + i);
    }
    Value first = b.create<vector::ShuffleOp>(vector, vector, low),
          second = b.create<vector::ShuffleOp>(vector, vector, high);
    vector = reductionStep(b, kind, element, first, second);
  }
}

} // namespace quern
