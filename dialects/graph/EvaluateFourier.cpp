// Fourier transforms of constants, in f64: one factor of the extent after the other.
#include "dialects/graph/Evaluators.h"
#include "dialects/graph/Fourier.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

using Complex = std::complex<double>;

/// Cooley and Tukey's method, with the least factor of the extent. `roots` are those of 1, a multiple of it.
static void transform(MutableArrayRef<Complex> x, ArrayRef<Complex> roots) {
  int64_t n = x.size(), factor = 2, step = roots.size() / n;
  while (factor < n && n % factor)
    ++factor;
  if (n < 2)
    return;
  int64_t rest = n / factor;
  SmallVector<Complex> parts(n);
  for (int64_t j = 0; j < factor; ++j) {
    for (int64_t i = 0; i < rest; ++i)
      parts[j * rest + i] = x[i * factor + j];
    transform(MutableArrayRef(parts).slice(j * rest, rest), roots);
  }
  for (int64_t k = 0; k < n; ++k) {
    x[k] = 0;
    for (int64_t j = 0; j < factor; ++j)
      x[k] += parts[j * rest + k % rest] * roots[j * k % n * step];
  }
}

/// exp(-i a) x and exp(i a) x differ as the transform and its inverse do.
static void transform(MutableArrayRef<Complex> x, bool inverse) {
  auto conjugate = [&] {
    for (Complex &value : x)
      value = std::conj(value);
  };
  SmallVector<Complex> roots;
  for (int64_t e = 0; e < int64_t(x.size()); ++e)
    roots.push_back(fourierRoot(e, x.size()));
  if (inverse)
    conjugate();
  transform(x, roots);
  if (inverse)
    conjugate();
}

namespace {
/// Complex numbers of a constant being read or made.
struct Numbers {
  const Evaluation &evaluation;
  Complex read(int64_t i) const { return {evaluation.operands[0].real(2 * i), evaluation.operands[0].real(2 * i + 1)}; }
  double readReal(int64_t i) const { return evaluation.operands[0].real(i); }
  void write(char *result, int64_t i, Complex value) const {
    writeReal(result, 2 * i, value.real());
    writeReal(result, 2 * i + 1, value.imag());
  }
  void writeReal(char *result, int64_t i, double value) const {
    evaluation.format.setReal(result + i * evaluation.format.bytes, value);
  }
};
} // namespace

static ElementsAttr evaluate(FourierOp op, const Numbers &numbers) {
  const Evaluation &evaluation = numbers.evaluation;
  ArrayRef<int64_t> shape = evaluation.operands[0].type.getShape();
  int64_t axis = op.getAxis(), n = shape[axis], inner = 1, outer = 1;
  for (auto [i, extent] : llvm::enumerate(shape.drop_back()))
    (int64_t(i) < axis ? outer : inner) *= int64_t(i) == axis ? 1 : extent;
  int64_t rows = op.getTransposed() ? shape[axis - 1] : 1;
  double scale = op.getScale().convertToDouble();
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    SmallVector<Complex> line(n);
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t column = 0; column < inner; ++column) {
        for (int64_t j = 0; j < n; ++j)
          line[j] = numbers.read((i * n + j) * inner + column);
        transform(line, op.getInverse());
        for (int64_t k = 0; k < n; ++k) {
          Complex turn = op.getTurned() ? fourierRoot(k * column, n * inner) : Complex(1);
          int64_t place = op.getTransposed() ? (i / rows * n + k) * rows + i % rows : (i * n + k) * inner + column;
          numbers.write(result, place, scale * line[k] * (op.getInverse() ? std::conj(turn) : turn));
        }
      }
  });
}

static ElementsAttr evaluate(FourierFromRealOp op, const Numbers &numbers) {
  const Evaluation &evaluation = numbers.evaluation;
  ArrayRef<int64_t> shape = evaluation.operands[0].type.getShape(), made = evaluation.type.getShape();
  int64_t bins = made[made.size() - 2], n = op.getPacked() ? 2 * shape[shape.size() - 2] : shape.back();
  double scale = op.getScale().convertToDouble();
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    SmallVector<Complex> line(n);
    for (int64_t i = 0; i < evaluation.type.getNumElements() / (2 * bins); ++i) {
      for (int64_t j = 0; j < n; ++j)
        line[j] = numbers.readReal(i * n + j);
      if (op.getPacked()) { // back to the numbers
        SmallVector<Complex> pairs(n / 2);
        for (int64_t j = 0; j < n / 2; ++j)
          pairs[j] = numbers.read(i * n / 2 + j) / double(n / 2);
        transform(pairs, /*inverse=*/true);
        for (int64_t j = 0; j < n; ++j)
          line[j] = j % 2 ? pairs[j / 2].imag() : pairs[j / 2].real();
      }
      transform(line, /*inverse=*/false);
      for (int64_t k = 0; k < bins; ++k)
        numbers.write(result, i * bins + k, scale * line[k]);
    }
  });
}

static ElementsAttr evaluate(FourierToRealOp op, const Numbers &numbers) {
  const Evaluation &evaluation = numbers.evaluation;
  ArrayRef<int64_t> shape = evaluation.operands[0].type.getShape(), made = evaluation.type.getShape();
  int64_t bins = shape[shape.size() - 2], n = op.getPacked() ? 2 * made[made.size() - 2] : made.back();
  double scale = op.getScale().convertToDouble();
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    SmallVector<Complex> line(n), pairs(n / 2);
    for (int64_t i = 0; i < evaluation.type.getNumElements() / n; ++i) {
      for (int64_t k = 0; k < bins; ++k) {
        line[(n - k) % n] = std::conj(numbers.read(i * bins + k));
        line[k] = numbers.read(i * bins + k);
      }
      line[0] = line[0].real();
      if (n % 2 == 0)
        line[n / 2] = line[n / 2].real();
      transform(line, /*inverse=*/true);
      if (!op.getPacked()) {
        for (int64_t j = 0; j < n; ++j)
          numbers.writeReal(result, i * n + j, scale * line[j].real());
        continue;
      }
      for (int64_t j = 0; j < n / 2; ++j)
        pairs[j] = Complex(line[2 * j].real(), line[2 * j + 1].real()) / double(n / 2);
      transform(pairs, /*inverse=*/false);
      for (int64_t j = 0; j < n / 2; ++j)
        numbers.write(result, i * n / 2 + j, scale * pairs[j]);
    }
  });
}

std::optional<ElementsAttr> graph::evaluateFourier(const Evaluation &evaluation) {
  Numbers numbers{evaluation};
  if (auto op = dyn_cast<FourierOp>(evaluation.op))
    return evaluate(op, numbers);
  if (auto op = dyn_cast<FourierFromRealOp>(evaluation.op))
    return evaluate(op, numbers);
  if (auto op = dyn_cast<FourierToRealOp>(evaluation.op))
    return evaluate(op, numbers);
  return std::nullopt;
}
