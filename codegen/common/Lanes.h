// Arithmetic on lanes: a scalar f32 or f64, or a rank-1 vector of them, written as formulas that emit arith and math
// operations. No operation carries a fast-math flag, so what is written is what is rounded.
#pragma once
#include "mlir/IR/Builders.h"
#include "llvm/ADT/ArrayRef.h"

namespace quern {

/// One table of constants for each format.
struct PerFormat {
  llvm::ArrayRef<double> f32, f64;
};

class Lanes;

/// A float in every lane. Carries its Lanes, which must outlive it.
struct Float {
  const Lanes *lanes;
  mlir::Value value;
};
/// An integer in every lane, as wide as the float; signless.
struct Int {
  const Lanes *lanes;
  mlir::Value value;
};
/// A truth value in every lane.
struct Mask {
  const Lanes *lanes;
  mlir::Value value;
};
/// An unevaluated sum: |lo| is at most half a unit in the last place of hi.
struct TwoPart {
  Float hi, lo;
};

/// The shape and format of the lanes, and where their operations go.
class Lanes {
public:
  /// `type`: f32, f64 or a rank-1 vector of one of them.
  Lanes(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type);

  bool isF64() const { return floatType.isF64(); }
  int mantissaBits() const { return isF64() ? 52 : 23; }
  int bias() const { return isF64() ? 1023 : 127; }
  /// The constant for this format.
  double pick(double f32, double f64) const { return isF64() ? f64 : f32; }
  llvm::ArrayRef<double> pick(const PerFormat &table) const { return isF64() ? table.f64 : table.f32; }

  /// `value` rounded to the format, in every lane.
  Float constant(double value) const;
  Float infinity() const;
  Float nan() const;
  /// The low bits of `value`, in every lane.
  Int integer(uint64_t value) const;
  /// The bits of `value` in the format, in every lane.
  Int bitsOf(double value) const;

  /// `scalar` (a float, integer or index type's element) widened to the shape of the lanes.
  mlir::Type shaped(mlir::Type scalar) const;

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type floatType; ///< f32 or f64
  mlir::Type intType;   ///< i32 or i64
  mlir::Type type;      ///< of the lanes: floatType or a vector of it
};

Float operator+(Float a, Float b);
Float operator-(Float a, Float b);
Float operator*(Float a, Float b);
Float operator/(Float a, Float b);
Float operator+(Float a, double b);
Float operator-(Float a, double b);
Float operator-(double a, Float b);
Float operator*(Float a, double b);
Float operator/(double a, Float b);
Float operator-(Float a);
/// a * b + c, rounded once.
Float fma(Float a, Float b, Float c);
Float fma(Float a, Float b, double c);
Float fma(Float a, double b, Float c);
Float fma(Float a, double b, double c);
Float sqrt(Float a);
/// To the nearest integer, ties to even.
Float roundEven(Float a);
Float abs(Float a);
/// |magnitude| with the sign of `sign`.
Float copySign(Float magnitude, Float sign);
/// `bound` where a is above (below) it, else a: a NaN stays.
Float atMost(Float a, double bound);
Float atLeast(Float a, double bound);

/// Ordered comparisons: false for a NaN.
Mask operator<(Float a, Float b);
Mask operator<(Float a, double b);
Mask operator>(Float a, double b);
Mask operator==(Float a, double b);
Mask operator==(Float a, Float b);
/// True where a is a NaN.
Mask isNaN(Float a);
Mask operator&(Mask a, Mask b);
Mask operator|(Mask a, Mask b);
Mask operator!(Mask a);
Float select(Mask condition, Float yes, Float no);
Float select(Mask condition, double yes, double no);
Float select(Mask condition, Float yes, double no);
Float select(Mask condition, double yes, Float no);
Int select(Mask condition, Int yes, Int no);
/// One truth value: any lane's.
mlir::Value any(Mask a);

Int operator+(Int a, Int b);
Int operator-(Int a, Int b);
Int operator&(Int a, Int b);
Int operator|(Int a, Int b);
Int operator^(Int a, Int b);
Int operator<<(Int a, int count);
/// Logical: zeros come in.
Int operator>>(Int a, int count);
Mask operator!=(Int a, Int b);
Int bits(Float a);
Float fromBits(Int a);

/// c[0] + c[1] x + c[2] x^2 ..., by Horner's rule. All but the first terms of a long one, whose rounding hardly counts,
/// as even and odd powers (Estrin 1960): a chain of twenty FMAs takes longer than what a CPU finds to do beside it, where
/// a loop's body fills its reorder buffer.
Float polynomial(Float x, llvm::ArrayRef<double> coefficients);
inline Float polynomial(Float x, const PerFormat &table) { return polynomial(x, x.lanes->pick(table)); }

/// a + b exactly; |a| >= |b| or a = 0 or the exponents allow it (Dekker 1971).
TwoPart fastTwoSum(Float a, Float b);
/// a * b exactly, by an FMA.
TwoPart twoProduct(Float a, Float b);
/// a / b to about twice the precision.
TwoPart quotient(TwoPart a, TwoPart b);

} // namespace quern
