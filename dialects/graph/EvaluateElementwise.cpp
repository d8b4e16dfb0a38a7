// Elementwise ops on constants. Reals are computed in f64 and rounded once, which for + - * / and sqrt is what the
// narrow type's own arithmetic gives; integers in 64 bits and wrapped.
#include "dialects/graph/Evaluators.h"
#include "mlir/IR/Threading.h"
#include <atomic>
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace quern;
using namespace quern::graph;

//===--- Boxes ------------------------------------------------------------------------------===//

SmallVector<int64_t> graph::stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t axis = int64_t(shape.size()) - 2; axis >= 0; --axis)
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

SmallVector<int64_t> graph::broadcastStrides(ArrayRef<int64_t> operand, ArrayRef<int64_t> result) {
  SmallVector<int64_t> own = stridesOf(operand), strides(result.size(), 0);
  size_t lead = result.size() - operand.size();
  for (size_t axis = 0; axis < operand.size(); ++axis)
    strides[lead + axis] = operand[axis] == 1 ? 0 : own[axis];
  return strides;
}

static void visitRange(ArrayRef<int64_t> shape, ArrayRef<SmallVector<int64_t>> strides, int64_t begin, int64_t end,
                       llvm::function_ref<void(int64_t, ArrayRef<int64_t>)> visit) {
  SmallVector<int64_t> index(shape.size()), positions(strides.size(), 0);
  int64_t rest = begin;
  for (int64_t axis = int64_t(shape.size()) - 1; axis >= 0; --axis) {
    index[axis] = rest % shape[axis];
    rest /= shape[axis];
    for (size_t k = 0; k < strides.size(); ++k)
      positions[k] += index[axis] * strides[k][axis];
  }
  for (int64_t i = begin; i < end; ++i) {
    visit(i, positions);
    for (int64_t axis = int64_t(shape.size()) - 1; axis >= 0; --axis) {
      bool carry = ++index[axis] == shape[axis];
      for (size_t k = 0; k < strides.size(); ++k)
        positions[k] += carry ? strides[k][axis] * (1 - shape[axis]) : strides[k][axis];
      if (!carry)
        break;
      index[axis] = 0;
    }
  }
}

void graph::forEachElement(MLIRContext *context, ArrayRef<int64_t> shape, ArrayRef<SmallVector<int64_t>> strides,
                           llvm::function_ref<void(int64_t, ArrayRef<int64_t>)> visit) {
  constexpr int64_t chunk = 1 << 16;
  int64_t count = ShapedType::getNumElements(shape), chunks = llvm::divideCeil(count, chunk);
  if (count == 0)
    return;
  if (chunks <= 1)
    return visitRange(shape, strides, 0, count, visit);
  parallelFor(context, 0, chunks, [&](size_t i) {
    visitRange(shape, strides, int64_t(i) * chunk, std::min(count, int64_t(i + 1) * chunk), visit);
  });
}

//===--- Reals ------------------------------------------------------------------------------===//

using Real1 = double (*)(double);
using Real2 = double (*)(double, double);

static double sign(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; }
static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
static double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
static double minimum(double a, double b) {
  return std::isnan(a) ? a : std::isnan(b) ? b : a < b || (a == b && std::signbit(a)) ? a : b;
}
static double maximum(double a, double b) {
  return std::isnan(a) ? a : std::isnan(b) ? b : a > b || (a == b && !std::signbit(a)) ? a : b;
}
static double floorMod(double a, double b) {
  double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static Real1 realUnary(Operation *op) {
  return llvm::TypeSwitch<Operation *, Real1>(op)
      .Case([](NegOp) { return +[](double x) { return -x; }; })
      .Case([](AbsOp) { return +[](double x) { return std::fabs(x); }; })
      .Case([](SignOp) { return sign; })
      .Case([](CeilOp) { return +[](double x) { return std::ceil(x); }; })
      .Case([](FloorOp) { return +[](double x) { return std::floor(x); }; })
      .Case([](RoundOp) { return +[](double x) { return std::nearbyint(x); }; })
      .Case([](SqrtOp) { return +[](double x) { return std::sqrt(x); }; })
      .Case([](ExpOp) { return +[](double x) { return std::exp(x); }; })
      .Case([](Expm1Op) { return +[](double x) { return std::expm1(x); }; })
      .Case([](LogOp) { return +[](double x) { return std::log(x); }; })
      .Case([](Log1pOp) { return +[](double x) { return std::log1p(x); }; })
      .Case([](TanhOp) { return +[](double x) { return std::tanh(x); }; })
      .Case([](SigmoidOp) { return sigmoid; })
      .Case([](SoftplusOp) { return softplus; })
      .Case([](ErfOp) { return +[](double x) { return std::erf(x); }; })
      .Case([](SinOp) { return +[](double x) { return std::sin(x); }; })
      .Case([](CosOp) { return +[](double x) { return std::cos(x); }; })
      .Case([](TanOp) { return +[](double x) { return std::tan(x); }; })
      .Case([](AsinOp) { return +[](double x) { return std::asin(x); }; })
      .Case([](AcosOp) { return +[](double x) { return std::acos(x); }; })
      .Case([](AtanOp) { return +[](double x) { return std::atan(x); }; })
      .Case([](SinhOp) { return +[](double x) { return std::sinh(x); }; })
      .Case([](CoshOp) { return +[](double x) { return std::cosh(x); }; })
      .Case([](AsinhOp) { return +[](double x) { return std::asinh(x); }; })
      .Case([](AcoshOp) { return +[](double x) { return std::acosh(x); }; })
      .Case([](AtanhOp) { return +[](double x) { return std::atanh(x); }; })
      .Default([](Operation *) { return nullptr; });
}

static Real2 realBinary(Operation *op) {
  return llvm::TypeSwitch<Operation *, Real2>(op)
      .Case([](AddOp) { return +[](double a, double b) { return a + b; }; })
      .Case([](SubOp) { return +[](double a, double b) { return a - b; }; })
      .Case([](MulOp) { return +[](double a, double b) { return a * b; }; })
      .Case([](DivOp) { return +[](double a, double b) { return a / b; }; })
      .Case(
          [](ModOp mod) { return mod.getTruncated() ? +[](double a, double b) { return std::fmod(a, b); } : floorMod; })
      .Case([](PowOp) { return +[](double a, double b) { return std::pow(a, b); }; })
      .Case([](MinOp) { return minimum; })
      .Case([](MaxOp) { return maximum; })
      .Default([](Operation *) { return nullptr; });
}

//===--- Integers ---------------------------------------------------------------------------===//

/// On values of up to 64 bits, sign- or zero-extended. Nothing where the run would fail.
using Integer2 = std::optional<int64_t> (*)(int64_t, int64_t, bool isUnsigned);

static std::optional<int64_t> divide(int64_t a, int64_t b, bool isUnsigned) {
  if (b == 0)
    return std::nullopt;
  if (isUnsigned)
    return int64_t(uint64_t(a) / uint64_t(b));
  return b == -1 ? int64_t(0 - uint64_t(a)) : a / b;
}
static std::optional<int64_t> truncatedModulo(int64_t a, int64_t b, bool isUnsigned) {
  if (b == 0)
    return std::nullopt;
  if (isUnsigned)
    return int64_t(uint64_t(a) % uint64_t(b));
  return b == -1 ? 0 : a % b;
}
static std::optional<int64_t> modulo(int64_t a, int64_t b, bool isUnsigned) {
  std::optional<int64_t> rest = truncatedModulo(a, b, isUnsigned);
  return rest && !isUnsigned && *rest != 0 && (*rest < 0) != (b < 0) ? *rest + b : rest;
}
static std::optional<int64_t> power(int64_t a, int64_t b, bool isUnsigned) {
  if (!isUnsigned && b < 0)
    return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
  uint64_t result = 1, base = a;
  for (uint64_t exponent = b; exponent; exponent >>= 1, base *= base)
    result *= exponent & 1 ? base : 1;
  return int64_t(result);
}
static bool isLess(int64_t a, int64_t b, bool isUnsigned) { return isUnsigned ? uint64_t(a) < uint64_t(b) : a < b; }

static Integer2 integerBinary(Operation *op) {
  using Result = std::optional<int64_t>;
  return llvm::TypeSwitch<Operation *, Integer2>(op)
      .Case([](AddOp) { return +[](int64_t a, int64_t b, bool) { return Result(uint64_t(a) + uint64_t(b)); }; })
      .Case([](SubOp) { return +[](int64_t a, int64_t b, bool) { return Result(uint64_t(a) - uint64_t(b)); }; })
      .Case([](MulOp) { return +[](int64_t a, int64_t b, bool) { return Result(uint64_t(a) * uint64_t(b)); }; })
      .Case([](DivOp) { return divide; })
      .Case([](ModOp mod) { return mod.getTruncated() ? truncatedModulo : modulo; })
      .Case([](PowOp) { return power; })
      .Case([](MinOp) { return +[](int64_t a, int64_t b, bool u) { return Result(isLess(a, b, u) ? a : b); }; })
      .Case([](MaxOp) { return +[](int64_t a, int64_t b, bool u) { return Result(isLess(a, b, u) ? b : a); }; })
      .Case([](AndOp) { return +[](int64_t a, int64_t b, bool) { return Result(a & b); }; })
      .Case([](OrOp) { return +[](int64_t a, int64_t b, bool) { return Result(a | b); }; })
      .Case([](XorOp) { return +[](int64_t a, int64_t b, bool) { return Result(a ^ b); }; })
      .Case([](ShiftLeftOp) {
        return +[](int64_t a, int64_t b, bool) { return Result(uint64_t(b) < 64 ? uint64_t(a) << b : 0); };
      })
      .Case([](ShiftRightOp) {
        return +[](int64_t a, int64_t b, bool) { return Result(uint64_t(b) < 64 ? uint64_t(a) >> b : 0); };
      })
      .Default([](Operation *) { return nullptr; });
}

static std::optional<int64_t> integerUnary(Operation *op, int64_t x, bool isUnsigned) {
  return llvm::TypeSwitch<Operation *, std::optional<int64_t>>(op)
      .Case([&](NegOp) { return int64_t(0 - uint64_t(x)); })
      .Case([&](AbsOp) { return isUnsigned || x >= 0 ? x : int64_t(0 - uint64_t(x)); })
      .Case([&](SignOp) { return isUnsigned ? x != 0 : (x > 0) - (x < 0); })
      .Case([&](NotOp) { return elementOf(op->getResult(0)).isInteger(1) ? !x : ~x; })
      .Default([](Operation *) { return std::nullopt; });
}

//===--- Comparisons and casts --------------------------------------------------------------===//

template <typename T, typename Less> static bool compares(CompareKind kind, T a, T b, Less less) {
  switch (kind) {
  case CompareKind::eq: return a == b;
  case CompareKind::ne: return a != b;
  case CompareKind::lt: return less(a, b);
  case CompareKind::le: return less(a, b) || a == b;
  case CompareKind::gt: return less(b, a);
  case CompareKind::ge: return less(b, a) || a == b;
  }
  llvm_unreachable("all kinds are above");
}

/// Truncated toward zero and saturated; NaN is 0.
static int64_t toInteger(double value, const ElementFormat &to) {
  if (std::isnan(value))
    return 0;
  value = std::trunc(value);
  if (to.kind == ElementFormat::Kind::unsignedInteger) {
    double end = std::ldexp(1.0, to.bits);
    return value <= 0     ? 0
           : value >= end ? int64_t(llvm::maskTrailingOnes<uint64_t>(to.bits))
                          : int64_t(uint64_t(value));
  }
  double end = std::ldexp(1.0, to.bits - 1);
  int64_t largest = int64_t(llvm::maskTrailingOnes<uint64_t>(to.bits - 1));
  return value >= end ? largest : value < -end ? -largest - 1 : int64_t(value);
}

/// 8-bit floats saturate; NaN stays.
static double saturate(double value, const ElementFormat &to) {
  if (to.bits != 8 || std::isnan(value))
    return value;
  double largest = llvm::APFloat::getLargest(*to.semantics).convertToDouble();
  return std::clamp(value, -largest, largest);
}

static void castElement(const ElementFormat &from, const char *source, const ElementFormat &to, char *target) {
  using Kind = ElementFormat::Kind;
  if (from.isReal()) {
    double value = from.real(source);
    if (to.isReal())
      to.setReal(target, saturate(value, to));
    else
      to.setInteger(target, to.kind == Kind::boolean ? value != 0 : toInteger(value, to));
    return;
  }
  int64_t value = from.integer(source);
  if (!to.isReal())
    return to.setInteger(target, to.kind == Kind::boolean ? value != 0 : value);
  bool huge = from.kind == Kind::unsignedInteger;
  if (to.kind == Kind::f32) // at once: through f64 it would round twice
    return to.setReal(target, huge ? float(uint64_t(value)) : float(value));
  to.setReal(target, saturate(huge ? double(uint64_t(value)) : double(value), to));
}

//===--- One op -----------------------------------------------------------------------------===//

/// Writes one result element from the operands' elements; false where the run would fail.
using Element = llvm::function_ref<bool(ArrayRef<const char *>, char *)>;

static std::optional<ElementsAttr> map(const Evaluation &evaluation, Element element) {
  SmallVector<SmallVector<int64_t>> strides;
  for (const ConstantTensor &operand : evaluation.operands)
    strides.push_back(broadcastStrides(operand.type.getShape(), evaluation.type.getShape()));
  std::atomic<bool> valid = true;
  ElementsAttr result = makeConstant(evaluation.type, evaluation.format, [&](char *bytes) {
    forEachElement(evaluation.type.getContext(), evaluation.type.getShape(), strides,
                   [&](int64_t i, ArrayRef<int64_t> positions) {
                     const char *at[3];
                     for (size_t k = 0; k < positions.size(); ++k)
                       at[k] = evaluation.operands[k].at(positions[k]);
                     if (!element(ArrayRef(at, positions.size()), bytes + i * evaluation.format.bytes))
                       valid = false;
                   });
  });
  if (!valid)
    return std::nullopt;
  return result;
}

static std::optional<ElementsAttr> evaluateCompare(const Evaluation &evaluation, CompareKind kind) {
  const ElementFormat &from = evaluation.operands[0].format;
  bool isUnsigned = from.kind == ElementFormat::Kind::unsignedInteger;
  return map(evaluation, [&](ArrayRef<const char *> x, char *to) {
    bool holds = from.isReal()
                     ? compares(kind, from.real(x[0]), from.real(x[1]), [](double a, double b) { return a < b; })
                     : compares(kind, from.integer(x[0]), from.integer(x[1]),
                                [&](int64_t a, int64_t b) { return isLess(a, b, isUnsigned); });
    evaluation.format.setInteger(to, holds);
    return true;
  });
}

static std::optional<ElementsAttr> evaluateReal(const Evaluation &evaluation) {
  const ElementFormat &format = evaluation.format;
  if (Real1 function = realUnary(evaluation.op))
    return map(evaluation, [&](ArrayRef<const char *> x, char *to) {
      return format.setReal(to, function(format.real(x[0]))), true;
    });
  if (Real2 function = realBinary(evaluation.op)) {
    const ElementFormat &right = evaluation.operands[1].format; // an exponent may be of another type
    return map(evaluation, [&](ArrayRef<const char *> x, char *to) {
      double b = right.isReal() ? right.real(x[1]) : double(right.integer(x[1]));
      return format.setReal(to, function(format.real(x[0]), b)), true;
    });
  }
  return std::nullopt;
}

static std::optional<ElementsAttr> evaluateInteger(const Evaluation &evaluation) {
  const ElementFormat &format = evaluation.format;
  bool isUnsigned = format.kind != ElementFormat::Kind::signedInteger;
  if (evaluation.operands.size() == 1)
    return map(evaluation, [&](ArrayRef<const char *> x, char *to) {
      std::optional<int64_t> value = integerUnary(evaluation.op, format.integer(x[0]), isUnsigned);
      return value && (format.setInteger(to, *value), true);
    });
  Integer2 function = integerBinary(evaluation.op);
  const ElementFormat &right = evaluation.operands[1].format;
  if (!function || right.isReal())
    return std::nullopt;
  return map(evaluation, [&](ArrayRef<const char *> x, char *to) {
    std::optional<int64_t> value = function(format.integer(x[0]), right.integer(x[1]), isUnsigned);
    return value && (format.setInteger(to, *value), true);
  });
}

std::optional<ElementsAttr> graph::evaluateElementwise(const Evaluation &evaluation) {
  Operation *op = evaluation.op;
  const ElementFormat &format = evaluation.format;
  if (!op->hasTrait<Elementwise>())
    return std::nullopt;
  const ElementFormat &from = evaluation.operands[0].format;
  if (isa<CastOp>(op))
    return map(evaluation,
               [&](ArrayRef<const char *> x, char *to) { return castElement(from, x[0], format, to), true; });
  if (isa<BitcastOp>(op))
    return map(evaluation,
               [&](ArrayRef<const char *> x, char *to) { return std::memcpy(to, x[0], format.bytes), true; });
  if (auto compare = dyn_cast<CompareOp>(op))
    return evaluateCompare(evaluation, compare.getKind());
  if (isa<SelectOp>(op))
    return map(evaluation, [&](ArrayRef<const char *> x, char *to) {
      std::memcpy(to, *x[0] ? x[1] : x[2], format.bytes);
      return true;
    });
  if (isa<IsNanOp>(op))
    return map(evaluation, [&](ArrayRef<const char *> x, char *to) {
      return format.setInteger(to, std::isnan(from.real(x[0]))), true;
    });
  if (auto isInf = dyn_cast<IsInfOp>(op))
    return map(evaluation, [&](ArrayRef<const char *> x, char *to) {
      double value = from.real(x[0]);
      format.setInteger(to, std::isinf(value) && (value < 0 ? isInf.getNegative() : isInf.getPositive()));
      return true;
    });
  return format.isReal() ? evaluateReal(evaluation) : evaluateInteger(evaluation);
}
