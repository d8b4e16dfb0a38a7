// Reductions and products of constants, accumulated in f64 or 64-bit integers.
#include "dialects/graph/Evaluators.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace quern;
using namespace quern::graph;

static double start(ReduceKind kind) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return kind == ReduceKind::prod ? 1 : kind == ReduceKind::min ? infinity : kind == ReduceKind::max ? -infinity : 0;
}

static double combine(ReduceKind kind, double a, double b) {
  switch (kind) {
  case ReduceKind::sum:
  case ReduceKind::mean: return a + b;
  case ReduceKind::prod: return a * b;
  case ReduceKind::min: return std::isnan(a) || a < b ? a : b;
  case ReduceKind::max: return std::isnan(a) || a > b ? a : b;
  }
  llvm_unreachable("all kinds are above");
}

static int64_t combine(ReduceKind kind, int64_t a, int64_t b, bool isUnsigned) {
  bool less = isUnsigned ? uint64_t(a) < uint64_t(b) : a < b;
  switch (kind) {
  case ReduceKind::sum:
  case ReduceKind::mean: return int64_t(uint64_t(a) + uint64_t(b));
  case ReduceKind::prod: return int64_t(uint64_t(a) * uint64_t(b));
  case ReduceKind::min: return less ? a : b;
  case ReduceKind::max: return less ? b : a;
  }
  llvm_unreachable("all kinds are above");
}

static std::optional<ElementsAttr> reduce(const Evaluation &evaluation, ReduceOp op) {
  const ConstantTensor &operand = evaluation.operands[0];
  const ElementFormat &format = evaluation.format;
  int64_t count = evaluation.type.getNumElements(), each = count ? operand.count() / count : 0;
  bool real = format.isReal(), extreme = op.getKind() == ReduceKind::min || op.getKind() == ReduceKind::max;
  // An empty extreme of integers is left to the run time, and so is a mean of them.
  if (!real && (op.getKind() == ReduceKind::mean || (extreme && each == 0)))
    return std::nullopt;
  std::vector<double> reals(real ? count : 0, start(op.getKind()));
  std::vector<int64_t> integers(real ? 0 : count, op.getKind() == ReduceKind::prod);
  std::vector<bool> seen(real ? 0 : count);
  bool isUnsigned = format.kind != ElementFormat::Kind::signedInteger;
  SmallVector<int64_t> strides = broadcastStrides(evaluation.type.getShape(), operand.type.getShape()),
                       own = stridesOf(operand.type.getShape());
  SmallVector<int64_t> index(strides.size(), 0);
  for (int64_t i = 0; i < operand.count(); ++i) {
    int64_t to = 0, rest = i;
    for (size_t axis = 0; axis < strides.size(); ++axis) {
      to += rest / own[axis] * strides[axis];
      rest %= own[axis];
    }
    if (real) {
      reals[to] = combine(op.getKind(), reals[to], format.real(operand.at(i)));
    } else {
      int64_t value = operand.integer(i);
      integers[to] = extreme && !seen[to] ? value : combine(op.getKind(), integers[to], value, isUnsigned);
      seen[to] = true;
    }
  }
  return makeConstant(evaluation.type, format, [&](char *result) {
    for (int64_t i = 0; i < count; ++i) {
      if (real)
        format.setReal(result + i * format.bytes,
                       op.getKind() == ReduceKind::mean ? reals[i] / double(each) : reals[i]);
      else
        format.setInteger(result + i * format.bytes, integers[i]);
    }
  });
}

/// The matrices of a product's right side in f64, each [depth, columns].
static std::vector<double> rightSides(const ConstantTensor &b, bool transposed, int64_t depth, int64_t columns) {
  std::vector<double> values(b.count());
  for (int64_t i = 0; i < b.count(); ++i) {
    int64_t matrix = i / (depth * columns) * (depth * columns), within = i - matrix;
    values[transposed ? matrix + within % depth * columns + within / depth : i] = b.real(i);
  }
  return values;
}

/// Matrix products of at most so many multiplications, a fifth of a second's: tables of positions and angles, and
/// weights of weights.
static std::optional<ElementsAttr> matmul(const Evaluation &evaluation, MatmulOp op) {
  constexpr int64_t kMostProducts = 1 << 28;
  const ConstantTensor &a = evaluation.operands[0], &b = evaluation.operands[1];
  const ElementFormat &format = evaluation.format;
  int64_t depth = a.type.getShape().back();
  if (op.getColumns() || !format.isReal() || evaluation.type.getNumElements() * depth > kMostProducts)
    return std::nullopt;
  ArrayRef<int64_t> shape = evaluation.type.getShape(), batch = shape.drop_back(2);
  int64_t columns = shape.back();
  auto strides = [&](ArrayRef<int64_t> operand, int64_t ofRow) {
    SmallVector<int64_t> strides = broadcastStrides(operand.drop_back(2), batch);
    for (int64_t &stride : strides)
      stride *= operand[operand.size() - 1] * operand[operand.size() - 2];
    strides.push_back(ofRow);
    return strides;
  };
  std::vector<double> right = rightSides(b, op.getTransposeRhs(), depth, columns);
  return makeConstant(evaluation.type, format, [&](char *result) {
    forEachElement(evaluation.type.getContext(), shape.drop_back(),
                   {strides(a.type.getShape(), depth), strides(b.type.getShape(), 0)},
                   [&](int64_t row, ArrayRef<int64_t> at) {
                     std::vector<double> sums(columns);
                     for (int64_t k = 0; k < depth; ++k) {
                       double factor = a.real(at[0] + k);
                       for (int64_t j = 0; j < columns; ++j)
                         sums[j] += factor * right[at[1] + k * columns + j];
                     }
                     for (int64_t j = 0; j < columns; ++j)
                       format.setReal(result + (row * columns + j) * format.bytes, sums[j]);
                   });
  });
}

static std::optional<ElementsAttr> cumulative(const Evaluation &evaluation, CumulativeOp op) {
  const ConstantTensor &operand = evaluation.operands[0];
  const ElementFormat &format = evaluation.format;
  int64_t stride = stridesOf(evaluation.type.getShape())[op.getAxis()],
          extent = evaluation.type.getDimSize(op.getAxis());
  int64_t lines = extent ? operand.count() / extent : 0;
  return makeConstant(evaluation.type, format, [&](char *result) {
    for (int64_t line = 0; line < lines; ++line) {
      double real = start(op.getKind());
      int64_t integer = op.getKind() == ReduceKind::prod;
      for (int64_t step = 0; step < extent; ++step) {
        int64_t along = op.getReverse() ? extent - 1 - step : step;
        int64_t at = line / stride * stride * extent + line % stride + along * stride;
        double before = real;
        int64_t integerBefore = integer;
        if (format.isReal())
          real = combine(op.getKind(), real, format.real(operand.at(at)));
        else
          integer = combine(op.getKind(), integer, operand.integer(at), false);
        if (format.isReal())
          format.setReal(result + at * format.bytes, op.getExclusive() ? before : real);
        else
          format.setInteger(result + at * format.bytes, op.getExclusive() ? integerBefore : integer);
      }
    }
  });
}

std::optional<ElementsAttr> graph::evaluateReduction(const Evaluation &evaluation) {
  return llvm::TypeSwitch<Operation *, std::optional<ElementsAttr>>(evaluation.op)
      .Case([&](ReduceOp op) { return reduce(evaluation, op); })
      .Case([&](MatmulOp op) { return matmul(evaluation, op); })
      .Case([&](CumulativeOp op) { return cumulative(evaluation, op); })
      .Default([](Operation *) { return std::nullopt; });
}
