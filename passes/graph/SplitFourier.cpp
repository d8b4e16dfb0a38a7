#include "dialects/graph/ConstantTensor.h"
#include "dialects/graph/Fourier.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "passes/graph/Passes.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace quern::graph {
#define GEN_PASS_DEF_SPLITFOURIER
#include "passes/graph/Passes.h.inc"

namespace {

bool hasKernel(int64_t extent) { return extent <= kMostExtent && largestFactor(extent) <= kMostRadix; }

/// The divisor of an extent that is nearest to its root.
int64_t middleDivisor(int64_t extent) {
  int64_t best = 1;
  for (int64_t divisor = 1; divisor * divisor <= extent; ++divisor)
    if (extent % divisor == 0)
      best = divisor;
  return best;
}

/// Builds the parts of one transform, in front of it.
class Parts {
public:
  explicit Parts(Operation *op) : b(op->getLoc(), op), element(elementOf(op->getOperand(0))) {}

  Value reshape(Value x, ArrayRef<Dim> dims) { return b.create<ReshapeOp>(tensorType(dims, element), x); }
  Value slice(Value x, int64_t axis, int64_t start, int64_t size, int64_t step = 1) {
    SmallVector<Dim> starts(rankOf(x), 0), dims = dimsOf(x);
    SmallVector<int64_t> steps(rankOf(x), 1);
    starts[axis] = start;
    steps[axis] = step;
    dims[axis] = size;
    return b.create<SliceOp>(tensorType(dims, element), x, dimsAttr(b.getContext(), starts), steps);
  }
  Value concat(ValueRange values, int64_t axis) { return b.create<ConcatOp>(values, axis); }
  Value fourier(Value x, int64_t axis, bool inverse, double scale, bool turned = false, bool transposed = false) {
    return b.create<FourierOp>(x, axis, inverse, llvm::APFloat(scale), turned, transposed);
  }
  Value constant(ArrayRef<Dim> dims, ArrayRef<double> numbers) {
    RankedTensorType type = tensorType(dims, element);
    ElementFormat format = *ElementFormat::of(element);
    return b.create<ConstantOp>(makeConstant(type, format, [&](char *bytes) {
      for (double number : numbers) {
        format.setReal(bytes, number);
        bytes += format.bytes;
      }
    }));
  }
  Value zeros(ArrayRef<Dim> dims) {
    Value zero = constant({}, {0.0});
    return b.create<BroadcastOp>(tensorType(dims, element), zero);
  }
  /// The real or the imaginary parts of pairs. No slice and reshape: those end a kernel.
  Value part(Value pairs, int64_t which) {
    auto index = DenseElementsAttr::get(RankedTensorType::get({}, b.getI64Type()), which);
    return b.create<GatherOp>(pairs, b.create<ConstantOp>(index), rankOf(pairs) - 1);
  }
  Value pairs(Value real, Value imaginary) {
    SmallVector<Dim> dims = dimsOf(real);
    dims.push_back(1);
    return concat({reshape(real, dims), reshape(imaginary, dims)}, dims.size() - 1);
  }

  ImplicitLocOpBuilder b;
  Type element;
};

//===--- Complex numbers --------------------------------------------------------------------===//

/// An axis with others behind it goes to the end, and back.
Value alongLast(FourierOp op, Parts &parts) {
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(rankOf(op.getOperand())));
  std::swap(order[op.getAxis()], order[order.size() - 2]);
  Value turned = parts.b.create<TransposeOp>(op.getOperand(), order);
  Value result = parts.fourier(turned, order.size() - 2, op.getInverse(), op.getScale().convertToDouble());
  return parts.b.create<TransposeOp>(result, order);
}

/// The axis becomes rows and columns.
Value byRowsAndColumns(FourierOp op, Parts &parts, int64_t extent) {
  SmallVector<Dim> dims = dimsOf(op.getOperand()), matrix = dims;
  int64_t rows = middleDivisor(extent), axis = op.getAxis();
  matrix[axis] = rows;
  matrix.insert(matrix.begin() + axis + 1, Dim(extent / rows));
  Value x = parts.fourier(parts.reshape(op.getOperand(), matrix), axis, op.getInverse(), 1, /*turned=*/true);
  x = parts.fourier(x, axis + 1, op.getInverse(), op.getScale().convertToDouble(), /*turned=*/false,
                    /*transposed=*/true);
  return parts.reshape(x, dims);
}

/// Complex numbers as constants of their real and imaginary parts.
struct Chirp {
  Value real, imaginary;
};

/// Bluestein: 2 j k = j^2 + k^2 - (k - j)^2, so a transform is a convolution with squares between products by them.
Value byConvolution(FourierOp op, Parts &parts, int64_t extent) {
  Value x = op.getOperand();
  SmallVector<Dim> dims = dimsOf(x);
  int64_t axis = op.getAxis(), length = llvm::PowerOf2Ceil(2 * extent - 1);
  // exp(-+ pi i j^2 / extent)
  auto root = [&](int64_t j) {
    std::complex<double> root = fourierRoot(j * j % (2 * extent), 2 * extent);
    return op.getInverse() ? std::conj(root) : root;
  };
  SmallVector<double> real, imaginary, filter(2 * length, 0.0);
  for (int64_t j = 0; j < extent; ++j) {
    real.push_back(root(j).real());
    imaginary.push_back(root(j).imag());
    for (int64_t place : {j, (length - j) % length}) {
      filter[2 * place] = root(j).real();
      filter[2 * place + 1] = -root(j).imag();
    }
  }
  Chirp chirp{parts.constant({Dim(extent)}, real), parts.constant({Dim(extent)}, imaginary)};
  Value spectrum = parts.fourier(parts.constant({Dim(length), Dim(2)}, filter), 0, /*inverse=*/false, 1);
  auto times = [&](Value pairs, Chirp factor) {
    Value re = parts.part(pairs, 0), im = parts.part(pairs, 1);
    auto mul = [&](Value a, Value b) -> Value { return parts.b.create<MulOp>(a, b); };
    return Chirp{parts.b.create<SubOp>(mul(re, factor.real), mul(im, factor.imaginary)),
                 parts.b.create<AddOp>(mul(re, factor.imaginary), mul(im, factor.real))};
  };
  auto together = [&](Chirp value) { return parts.pairs(value.real, value.imaginary); };
  SmallVector<Dim> rest(dims);
  rest[axis] = length - extent;
  Value padded = parts.concat({together(times(x, chirp)), parts.zeros(rest)}, axis);
  Value product = together(times(parts.fourier(padded, axis, /*inverse=*/false, 1),
                                 {parts.part(spectrum, 0), parts.part(spectrum, 1)}));
  double scale = op.getScale().convertToDouble() / double(length);
  Value result = parts.fourier(product, axis, /*inverse=*/true, scale);
  return together(times(parts.slice(result, axis, 0, extent), chirp));
}

Value split(FourierOp op) {
  int64_t axis = op.getAxis(), extent = *dimOf(op.getOperand(), axis).constant();
  if (hasKernel(extent))
    return {};
  Parts parts(op);
  if (axis != rankOf(op.getOperand()) - 2)
    return alongLast(op, parts);
  return largestFactor(extent) <= kMostRadix ? byRowsAndColumns(op, parts, extent)
                                             : byConvolution(op, parts, extent);
}

//===--- Real numbers -----------------------------------------------------------------------===//

/// The extents of real numbers as pairs of neighbours, or of others.
SmallVector<Dim> complexDims(Value real, int64_t numbers) {
  SmallVector<Dim> dims = dimsOf(real);
  dims.back() = numbers;
  dims.push_back(2);
  return dims;
}

Value split(FourierFromRealOp op) {
  Value x = op.getOperand();
  int64_t extent = dimsOf(x).back().constant().value_or(0), axis = rankOf(x) - 1;
  if (op.getPacked() || hasKernel(extent % 2 ? extent : extent / 2))
    return {};
  Parts parts(op);
  if (extent % 2) {
    Value result = parts.fourier(parts.pairs(x, parts.zeros(dimsOf(x))), axis, /*inverse=*/false,
                                 op.getScale().convertToDouble());
    int64_t bins = *dimOf(op.getResult(), axis).constant();
    return bins == extent ? result : parts.slice(result, axis, 0, bins);
  }
  Value pairs = parts.fourier(parts.reshape(x, complexDims(x, extent / 2)), axis, /*inverse=*/false, 1);
  return parts.b.create<FourierFromRealOp>(op.getType(), pairs, op.getScale(), /*packed=*/true);
}

Value split(FourierToRealOp op) {
  Value x = op.getOperand(), real = op.getResult();
  int64_t extent = dimsOf(real).back().constant().value_or(0), axis = rankOf(real) - 1;
  if (op.getPacked() || hasKernel(extent % 2 ? extent : extent / 2))
    return {};
  Parts parts(op);
  if (extent % 2) {
    int64_t others = extent / 2;
    Value re = parts.part(x, 0), im = parts.part(x, 1);
    Value first = parts.slice(re, axis, 0, 1), mirrored = parts.slice(re, axis, others, others, -1);
    Value turning = parts.slice(im, axis, 1, others), back = parts.slice(im, axis, others, others, -1);
    Value minus = parts.b.create<NegOp>(back);
    Value all = parts.pairs(parts.concat({first, parts.slice(re, axis, 1, others), mirrored}, axis),
                            parts.concat({parts.zeros(dimsOf(first)), turning, minus}, axis));
    return parts.part(parts.fourier(all, axis, /*inverse=*/true, op.getScale().convertToDouble()), 0);
  }
  Value pairs = parts.b.create<FourierToRealOp>(tensorType(complexDims(real, extent / 2), parts.element), x,
                                                op.getScale(), /*packed=*/true);
  return parts.reshape(parts.fourier(pairs, axis, /*inverse=*/true, 1), dimsOf(real));
}

//===--- The pass ---------------------------------------------------------------------------===//

struct SplitFourier : impl::SplitFourierBase<SplitFourier> {
  void runOnOperation() override {
    // The parts of one may have to be split again.
    for (bool changed = true; changed;) {
      changed = false;
      getOperation().walk([&](Operation *op) {
        Value parts = TypeSwitch<Operation *, Value>(op)
                          .Case<FourierOp, FourierFromRealOp, FourierToRealOp>([](auto op) { return split(op); })
                          .Default(Value());
        if (!parts)
          return;
        changed = true;
        op->getResult(0).replaceAllUsesWith(parts);
        op->erase();
      });
    }
  }
};

} // namespace
} // namespace quern::graph
