#include "codegen/common/Lanes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace quern {

Lanes::Lanes(OpBuilder &builder, Location loc, Type type)
    : builder(builder), loc(loc), floatType(getElementTypeOrSelf(type)),
      intType(builder.getIntegerType(floatType.getIntOrFloatBitWidth())), type(type) {
  assert((floatType.isF32() || floatType.isF64()) && "lanes are f32 or f64");
}

Type Lanes::shaped(Type scalar) const {
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(scalar);
  return scalar;
}

static Value splat(const Lanes &lanes, Type elementType, TypedAttr element) {
  Type type = lanes.shaped(elementType);
  if (auto vector = dyn_cast<VectorType>(type))
    element = DenseElementsAttr::get(vector, {Attribute(element)});
  return lanes.builder.create<arith::ConstantOp>(lanes.loc, element);
}

static APFloat rounded(const Lanes &lanes, double value) {
  APFloat result(value);
  bool losesInfo;
  result.convert(cast<FloatType>(lanes.floatType).getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
  return result;
}

Float Lanes::constant(double value) const {
  return {this, splat(*this, floatType, FloatAttr::get(floatType, rounded(*this, value)))};
}
Float Lanes::infinity() const { return constant(std::numeric_limits<double>::infinity()); }
Float Lanes::nan() const { return constant(std::numeric_limits<double>::quiet_NaN()); }
Int Lanes::integer(uint64_t value) const {
  APInt bits(64, value);
  return {this, splat(*this, intType, IntegerAttr::get(intType, bits.trunc(intType.getIntOrFloatBitWidth())))};
}
Int Lanes::bitsOf(double value) const { return integer(rounded(*this, value).bitcastToAPInt().getZExtValue()); }

template <typename Op, typename A> static A emit(A a, A b) {
  return {a.lanes, a.lanes->builder.template create<Op>(a.lanes->loc, a.value, b.value)};
}

Float operator+(Float a, Float b) { return emit<arith::AddFOp>(a, b); }
Float operator-(Float a, Float b) { return emit<arith::SubFOp>(a, b); }
Float operator*(Float a, Float b) { return emit<arith::MulFOp>(a, b); }
Float operator/(Float a, Float b) { return emit<arith::DivFOp>(a, b); }
Float operator+(Float a, double b) { return a + a.lanes->constant(b); }
Float operator-(Float a, double b) { return a - a.lanes->constant(b); }
Float operator-(double a, Float b) { return b.lanes->constant(a) - b; }
Float operator*(Float a, double b) { return a * a.lanes->constant(b); }
Float operator/(double a, Float b) { return b.lanes->constant(a) / b; }
Float operator-(Float a) { return {a.lanes, a.lanes->builder.create<arith::NegFOp>(a.lanes->loc, a.value)}; }

// math.fma for vectors too: vector.fma lowers to an intrinsic that may round twice.
Float fma(Float a, Float b, Float c) {
  return {a.lanes, a.lanes->builder.create<math::FmaOp>(a.lanes->loc, a.value, b.value, c.value)};
}
Float fma(Float a, Float b, double c) { return fma(a, b, a.lanes->constant(c)); }
Float fma(Float a, double b, Float c) { return fma(a, a.lanes->constant(b), c); }
Float fma(Float a, double b, double c) { return fma(a, a.lanes->constant(b), a.lanes->constant(c)); }

Float sqrt(Float a) { return {a.lanes, a.lanes->builder.create<math::SqrtOp>(a.lanes->loc, a.value)}; }
Float roundEven(Float a) { return {a.lanes, a.lanes->builder.create<math::RoundEvenOp>(a.lanes->loc, a.value)}; }
Float abs(Float a) { return {a.lanes, a.lanes->builder.create<math::AbsFOp>(a.lanes->loc, a.value)}; }
Float copySign(Float magnitude, Float sign) {
  return {sign.lanes, sign.lanes->builder.create<math::CopySignOp>(sign.lanes->loc, magnitude.value, sign.value)};
}
// Written so that each is one min or max instruction: x86's return the second operand for a NaN.
Float atMost(Float a, double bound) { return select(a > bound, bound, a); }
Float atLeast(Float a, double bound) { return select(a < bound, bound, a); }

static Mask compare(arith::CmpFPredicate predicate, Float a, Float b) {
  return {a.lanes, a.lanes->builder.create<arith::CmpFOp>(a.lanes->loc, predicate, a.value, b.value)};
}
Mask operator<(Float a, Float b) { return compare(arith::CmpFPredicate::OLT, a, b); }
Mask operator<(Float a, double b) { return a < a.lanes->constant(b); }
Mask operator>(Float a, double b) { return compare(arith::CmpFPredicate::OGT, a, a.lanes->constant(b)); }
Mask operator==(Float a, double b) { return a == a.lanes->constant(b); }
Mask operator==(Float a, Float b) { return compare(arith::CmpFPredicate::OEQ, a, b); }
Mask isNaN(Float a) { return compare(arith::CmpFPredicate::UNO, a, a); }
Mask operator&(Mask a, Mask b) { return emit<arith::AndIOp>(a, b); }
Mask operator|(Mask a, Mask b) { return emit<arith::OrIOp>(a, b); }
Mask operator!(Mask a) {
  Type bit = a.lanes->builder.getI1Type();
  Value ones = splat(*a.lanes, bit, IntegerAttr::get(bit, APInt(1, 1)));
  return emit<arith::XOrIOp>(a, Mask{a.lanes, ones});
}

template <typename A> static A choose(Mask condition, A yes, A no) {
  const Lanes *lanes = condition.lanes;
  return {lanes, lanes->builder.create<arith::SelectOp>(lanes->loc, condition.value, yes.value, no.value)};
}
Float select(Mask condition, Float yes, Float no) { return choose(condition, yes, no); }
Float select(Mask condition, double yes, double no) {
  return choose(condition, condition.lanes->constant(yes), condition.lanes->constant(no));
}
Float select(Mask condition, Float yes, double no) { return choose(condition, yes, condition.lanes->constant(no)); }
Float select(Mask condition, double yes, Float no) { return choose(condition, condition.lanes->constant(yes), no); }
Int select(Mask condition, Int yes, Int no) { return choose(condition, yes, no); }

Value any(Mask a) {
  if (!isa<VectorType>(a.value.getType()))
    return a.value;
  return a.lanes->builder.create<vector::ReductionOp>(a.lanes->loc, vector::CombiningKind::OR, a.value);
}

Int operator+(Int a, Int b) { return emit<arith::AddIOp>(a, b); }
Int operator-(Int a, Int b) { return emit<arith::SubIOp>(a, b); }
Int operator&(Int a, Int b) { return emit<arith::AndIOp>(a, b); }
Int operator|(Int a, Int b) { return emit<arith::OrIOp>(a, b); }
Int operator^(Int a, Int b) { return emit<arith::XOrIOp>(a, b); }
Int operator<<(Int a, int count) { return emit<arith::ShLIOp>(a, a.lanes->integer(count)); }
Int operator>>(Int a, int count) { return emit<arith::ShRUIOp>(a, a.lanes->integer(count)); }
Mask operator!=(Int a, Int b) {
  return {a.lanes,
          a.lanes->builder.create<arith::CmpIOp>(a.lanes->loc, arith::CmpIPredicate::ne, a.value, b.value)};
}

Int bits(Float a) {
  const Lanes &lanes = *a.lanes;
  return {a.lanes, lanes.builder.create<arith::BitcastOp>(lanes.loc, lanes.shaped(lanes.intType), a.value)};
}
Float fromBits(Int a) {
  const Lanes &lanes = *a.lanes;
  return {a.lanes, lanes.builder.create<arith::BitcastOp>(lanes.loc, lanes.type, a.value)};
}

/// sum x^n + c[n-1] x^(n-1) + ... + c[0]
static Float horner(Float sum, Float x, llvm::ArrayRef<double> coefficients) {
  for (double c : llvm::reverse(coefficients))
    sum = fma(sum, x, c);
  return sum;
}

/// The same value in a chain of half the length: even and odd powers are polynomials in x^2.
static Float evenAndOdd(Float x, llvm::ArrayRef<double> coefficients) {
  constexpr size_t kShort = 3;
  if (coefficients.size() <= kShort)
    return horner(x.lanes->constant(coefficients.back()), x, coefficients.drop_back());
  llvm::SmallVector<double> halves[2];
  for (auto [degree, c] : llvm::enumerate(coefficients))
    halves[degree % 2].push_back(c);
  Float square = x * x;
  return fma(evenAndOdd(square, halves[1]), x, evenAndOdd(square, halves[0]));
}

Float polynomial(Float x, llvm::ArrayRef<double> coefficients) {
  constexpr size_t kLong = 10, kExact = 2;
  if (coefficients.size() < kLong)
    return horner(x.lanes->constant(coefficients.back()), x, coefficients.drop_back());
  return horner(evenAndOdd(x, coefficients.drop_front(kExact)), x, coefficients.take_front(kExact));
}

TwoPart fastTwoSum(Float a, Float b) {
  Float sum = a + b;
  return {sum, (a - sum) + b};
}

TwoPart twoProduct(Float a, Float b) {
  Float product = a * b;
  return {product, fma(a, b, -product)};
}

TwoPart quotient(TwoPart a, TwoPart b) {
  Float reciprocal = 1.0 / b.hi;
  Float q = a.hi * reciprocal;
  Float remainder = fma(-q, b.hi, a.hi) + fma(-q, b.lo, a.lo);
  return {q, remainder * reciprocal};
}

} // namespace quern
