#include "passes/loops/FourierTransform.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using quern::graph::fourierRoot;

namespace quern {

//===--- Arithmetic -------------------------------------------------------------------------===//

static Value add(IndexBuilder b, Value x, Value y) { return b.create<arith::AddFOp>(x, y); }
static Value sub(IndexBuilder b, Value x, Value y) { return b.create<arith::SubFOp>(x, y); }
static Value mul(IndexBuilder b, Value x, Value y) { return b.create<arith::MulFOp>(x, y); }
static Value neg(IndexBuilder b, Value x) { return b.create<arith::NegFOp>(x); }
static Value fma(IndexBuilder b, Value x, Value y, Value z) { return b.create<vector::FMAOp>(x, y, z); }

static ComplexVector add(IndexBuilder b, ComplexVector x, ComplexVector y) {
  return {add(b, x.real, y.real), add(b, x.imaginary, y.imaginary)};
}
static ComplexVector sub(IndexBuilder b, ComplexVector x, ComplexVector y) {
  return {sub(b, x.real, y.real), sub(b, x.imaginary, y.imaginary)};
}

Value splat(IndexBuilder b, Type vector, double number) {
  auto type = cast<VectorType>(vector);
  auto element = b.builder.getFloatAttr(type.getElementType(), number);
  return b.create<arith::ConstantOp>(DenseElementsAttr::get(type, element));
}

ComplexVector multiply(IndexBuilder b, ComplexVector x, ComplexVector y) {
  return {fma(b, x.real, y.real, neg(b, mul(b, x.imaginary, y.imaginary))),
          fma(b, x.real, y.imaginary, mul(b, x.imaginary, y.real))};
}

ComplexVector scale(IndexBuilder b, ComplexVector x, double factor) {
  if (factor == 1)
    return x;
  Value all = splat(b, x.real.getType(), factor);
  return {mul(b, x.real, all), mul(b, x.imaginary, all)};
}

/// x times a known number on the unit circle.
static ComplexVector turn(IndexBuilder b, ComplexVector x, std::complex<double> root) {
  double cosine = root.real(), sine = root.imag();
  if (sine == 0)
    return cosine > 0 ? x : ComplexVector{neg(b, x.real), neg(b, x.imaginary)};
  if (cosine == 0)
    return sine > 0 ? ComplexVector{neg(b, x.imaginary), x.real} : ComplexVector{x.imaginary, neg(b, x.real)};
  Type type = x.real.getType();
  if (std::abs(cosine) == std::abs(sine)) {
    // (1 + i) x, or (1 - i) x, and one factor for both parts
    Value with = add(b, x.real, x.imaginary);
    bool up = (cosine > 0) == (sine > 0);
    Value against = up ? sub(b, x.real, x.imaginary) : sub(b, x.imaginary, x.real);
    Value factor = splat(b, type, cosine);
    return up ? ComplexVector{mul(b, against, factor), mul(b, with, factor)}
              : ComplexVector{mul(b, with, factor), mul(b, against, factor)};
  }
  Value c = splat(b, type, cosine), s = splat(b, type, sine), minus = splat(b, type, -sine);
  return {fma(b, x.imaginary, minus, mul(b, x.real, c)), fma(b, x.imaginary, c, mul(b, x.real, s))};
}

//===--- Small transforms in registers ------------------------------------------------------===//

/// Of an odd prime extent: x[j] + x[n - j] meet cosines, x[j] - x[n - j] sines.
static void transformPrime(IndexBuilder b, MutableArrayRef<ComplexVector> x) {
  int64_t n = x.size(), half = n / 2;
  Type type = x[0].real.getType();
  SmallVector<ComplexVector> sums, differences;
  ComplexVector total = x[0];
  for (int64_t j = 1; j <= half; ++j) {
    sums.push_back(add(b, x[j], x[n - j]));
    differences.push_back(sub(b, x[j], x[n - j]));
    total = add(b, total, sums.back());
  }
  ComplexVector first = x[0];
  x[0] = total;
  for (int64_t k = 1; k <= half; ++k) {
    ComplexVector even = first, odd;
    for (int64_t j = 1; j <= half; ++j) {
      std::complex<double> root = fourierRoot(j * k, n);
      Value c = splat(b, type, root.real()), s = splat(b, type, -root.imag());
      const ComplexVector &sum = sums[j - 1], &difference = differences[j - 1];
      even = {fma(b, sum.real, c, even.real), fma(b, sum.imaginary, c, even.imaginary)};
      odd = j == 1 ? ComplexVector{mul(b, difference.real, s), mul(b, difference.imaginary, s)}
                   : ComplexVector{fma(b, difference.real, s, odd.real), fma(b, difference.imaginary, s, odd.imaginary)};
    }
    // even - i odd, even + i odd
    x[k] = {add(b, even.real, odd.imaginary), sub(b, even.imaginary, odd.real)};
    x[n - k] = {sub(b, even.real, odd.imaginary), add(b, even.imaginary, odd.real)};
  }
}

/// The factor that a transform in registers is taken apart by; its extent if it is not.
static int64_t factorOf(int64_t n) {
  for (int64_t factor : {4, 2, 3, 5, 7})
    if (n % factor == 0 && n > factor)
      return factor;
  return n;
}

/// x[k] = sum over j of root(n, j k) x[j], by Cooley and Tukey's method.
static void transformRegisters(IndexBuilder b, MutableArrayRef<ComplexVector> x) {
  int64_t n = x.size(), rows = n == 4 ? 2 : factorOf(n), columns = n / rows;
  if (n == 1)
    return;
  if (n == 2) {
    ComplexVector sum = add(b, x[0], x[1]);
    x[1] = sub(b, x[0], x[1]);
    x[0] = sum;
    return;
  }
  if (columns == 1)
    return transformPrime(b, x);
  SmallVector<ComplexVector> turned(n);
  for (int64_t column = 0; column < columns; ++column) {
    SmallVector<ComplexVector> part;
    for (int64_t row = 0; row < rows; ++row)
      part.push_back(x[row * columns + column]);
    transformRegisters(b, part);
    for (int64_t row = 0; row < rows; ++row)
      turned[row * columns + column] = turn(b, part[row], fourierRoot(row * column, n));
  }
  for (int64_t row = 0; row < rows; ++row) {
    MutableArrayRef<ComplexVector> part = MutableArrayRef(turned).slice(row * columns, columns);
    transformRegisters(b, part);
    for (int64_t column = 0; column < columns; ++column)
      x[row + rows * column] = part[column];
  }
}

//===--- Lanes ------------------------------------------------------------------------------===//

static Value shuffle(IndexBuilder b, Value first, Value second, function_ref<int64_t(int64_t)> lane) {
  SmallVector<int64_t> mask;
  for (int64_t i = 0; i < cast<VectorType>(first.getType()).getNumElements(); ++i)
    mask.push_back(lane(i));
  return b.create<vector::ShuffleOp>(first, second, mask);
}

ComplexVector deinterleave(IndexBuilder b, Value first, Value second) {
  return {shuffle(b, first, second, [](int64_t i) { return 2 * i; }),
          shuffle(b, first, second, [](int64_t i) { return 2 * i + 1; })};
}

std::pair<Value, Value> interleave(IndexBuilder b, Value even, Value odd) {
  int64_t lanes = cast<VectorType>(even.getType()).getNumElements();
  auto lane = [&](int64_t i) { return i / 2 + i % 2 * lanes; };
  return {shuffle(b, even, odd, lane), shuffle(b, even, odd, [&](int64_t i) { return lane(i + lanes); })};
}

/// values[k] lane l -> place l * values.size() + k of the result. As many values as a power of two.
static SmallVector<Value> riffle(IndexBuilder b, ArrayRef<Value> values) {
  if (values.size() == 1)
    return SmallVector<Value>(values);
  SmallVector<Value> halves[2], result;
  for (auto [i, value] : llvm::enumerate(values))
    halves[i % 2].push_back(value);
  for (auto [even, odd] : llvm::zip(riffle(b, halves[0]), riffle(b, halves[1]))) {
    auto [first, second] = interleave(b, even, odd);
    result.append({first, second});
  }
  return result;
}

//===--- Tables -----------------------------------------------------------------------------===//

Value constantTable(KernelFunction &kernel, Type element, ArrayRef<double> numbers) {
  ImplicitLocOpBuilder &b = kernel.builder;
  auto function = b.getInsertionBlock()->getParentOp()->getParentOfType<func::FuncOp>();
  if (!function)
    function = cast<func::FuncOp>(b.getInsertionBlock()->getParentOp());
  SmallVector<APFloat> elements;
  for (double number : numbers) {
    APFloat value(number);
    bool lossy;
    value.convert(cast<FloatType>(element).getFloatSemantics(), APFloat::rmNearestTiesToEven, &lossy);
    elements.push_back(value);
  }
  int64_t size = elements.size();
  LLVM::GlobalOp global;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(function);
    int64_t count = llvm::range_size(function->getParentOfType<ModuleOp>().getOps<LLVM::GlobalOp>());
    global = b.create<LLVM::GlobalOp>(LLVM::LLVMArrayType::get(element, size), /*isConstant=*/true,
                                      LLVM::Linkage::Internal, (function.getSymName() + "_table" + Twine(count)).str(),
                                      DenseElementsAttr::get(RankedTensorType::get(size, element), elements),
                                      /*alignment=*/64);
  }
  return kernel.memory(b.create<LLVM::AddressOfOp>(global), element);
}

//===--- Passes -----------------------------------------------------------------------------===//

FourierTransform::FourierTransform(KernelFunction &kernel, Type element, int64_t extent, bool columns)
    : extent(extent), lanes(kernel.level.vectorBytes * 8 / element.getIntOrFloatBitWidth()),
      b(kernel.builder), element(element), columns(columns),
      passes(planFourier(extent, lanes, columns, kernel.level.vectorRegisters)) {
  // What is stored together may run over the end, by less than two vectors.
  int64_t elements = extent * (columns ? lanes : 1) + 2 * std::max<int64_t>(lanes, graph::kMostRadix);
  for (Planes &each : planes)
    each = {kernel.scratch(element, elements), kernel.scratch(element, elements)};
  for (const FourierPass &pass : passes)
    addRoots(pass);
  if (!roots.empty())
    rootTable = constantTable(kernel, element, roots);
}

/// For vectors along p: real parts, then imaginary ones, [radix - 1, rest]. For others, whose p is the same in all
/// lanes: pairs, [rest, radix - 1].
void FourierTransform::addRoots(const FourierPass &pass) {
  firstRoots.push_back(roots.size());
  if (pass.rest == 1)
    return;
  int64_t n = pass.radix * pass.rest;
  if (pass.stride > 1 || columns) {
    for (int64_t p = 0; p < pass.rest; ++p)
      for (int64_t k = 1; k < pass.radix; ++k) {
        std::complex<double> root = fourierRoot(p * k, n);
        roots.append({root.real(), root.imag()});
      }
    return;
  }
  for (bool imaginary : {false, true})
    for (int64_t k = 1; k < pass.radix; ++k)
      for (int64_t p = 0; p < pass.rest; ++p) {
        std::complex<double> root = fourierRoot(p * k, n);
        roots.push_back(imaginary ? root.imag() : root.real());
      }
}

ComplexVector FourierTransform::load(const Planes &from, Index at, int64_t lanes) {
  auto type = VectorType::get(lanes, element);
  Value place = b.value(columns ? b.mul(at, lanes) : at);
  return {b.create<vector::LoadOp>(type, from.real, place), b.create<vector::LoadOp>(type, from.imaginary, place)};
}

void FourierTransform::store(ComplexVector value, const Planes &to, Index at) {
  Value place = b.value(columns ? b.mul(at, lanes) : at);
  b.create<vector::StoreOp>(value.real, to.real, place);
  b.create<vector::StoreOp>(value.imaginary, to.imaginary, place);
}

void FourierTransform::emit(Load first, Store last) {
  for (auto [i, pass] : llvm::enumerate(passes)) {
    auto from = [&](Index at, int64_t lanes) { return load(planes[(i + 1) % 2], at, lanes); };
    auto to = [&](Index at, ComplexVector value) { store(value, planes[i % 2], at); };
    Load source = i == 0 ? first : Load(from);
    if (!columns && pass.stride == 1 && pass.rest > 1)
      emitFirst(pass, firstRoots[i], source);
    else
      emitPass(pass, firstRoots[i], source, i + 1 == passes.size() ? last : Store(to));
  }
}

void FourierTransform::emitPass(const FourierPass &pass, int64_t roots, Load load, Store store) {
  auto [radix, rest, stride] = pass;
  int64_t width = columns ? lanes : lanesFor(stride, lanes), step = columns ? 1 : width;
  auto type = VectorType::get(width, element);
  b.loop(b.index(0), b.index(rest), 1, [&, radix = radix, rest = rest, stride = stride](Index p) {
    b.loop(b.index(0), b.index(stride), step, [&](Index q) {
      q = stride % step ? b.min(q, stride - step) : q; // the last vector computes some elements again
      Index from = b.add(q, b.mul(p, stride)), to = b.add(q, b.mul(p, stride * radix));
      SmallVector<ComplexVector> x;
      for (int64_t j = 0; j < radix; ++j)
        x.push_back(load(b.add(from, stride * rest * j), width));
      transformRegisters(b, x);
      for (int64_t k = 0; k < radix; ++k) {
        if (k > 0 && rest > 1) {
          Index at = b.add(b.mul(p, 2 * (radix - 1)), roots + 2 * (k - 1));
          auto spread = [&](Index at) -> Value {
            return b.create<vector::BroadcastOp>(type, b.create<memref::LoadOp>(rootTable, b.value(at)));
          };
          x[k] = multiply(b, x[k], {spread(at), spread(b.add(at, 1))});
        }
        store(b.add(to, stride * k), x[k]);
      }
    });
  });
}

void FourierTransform::emitFirst(const FourierPass &pass, int64_t roots, Load load) {
  auto [radix, rest, stride] = pass;
  int64_t width = lanesFor(rest, lanes);
  auto type = VectorType::get(width, element);
  b.loop(b.index(0), b.index(rest), width, [&, radix = radix, rest = rest](Index p) {
    p = rest % width ? b.min(p, rest - width) : p;
    SmallVector<ComplexVector> x;
    for (int64_t j = 0; j < radix; ++j)
      x.push_back(load(b.add(p, rest * j), width));
    transformRegisters(b, x);
    SmallVector<Value> real, imaginary;
    for (int64_t k = 0; k < radix; ++k) {
      if (k > 0) {
        auto root = [&](int64_t row) -> Value {
          return b.create<vector::LoadOp>(type, rootTable, b.value(b.add(p, roots + row * rest)));
        };
        x[k] = multiply(b, x[k], {root(k - 1), root(radix - 1 + k - 1)});
      }
      real.push_back(x[k].real);
      imaginary.push_back(x[k].imaginary);
    }
    storeTogether(real, planes[0].real, b.mul(p, radix));
    storeTogether(imaginary, planes[0].imaginary, b.mul(p, radix));
  });
}

void FourierTransform::storeTogether(ArrayRef<Value> values, Value plane, Index at) {
  int64_t count = values.size(), room = llvm::PowerOf2Ceil(count);
  int64_t width = cast<VectorType>(values[0].getType()).getNumElements();
  SmallVector<Value> filled(values);
  filled.resize(room, values[0]); // what it holds is overwritten by the elements of the next lane
  SmallVector<Value> together = riffle(b, filled);
  if (count == room) {
    for (auto [i, value] : llvm::enumerate(together))
      b.create<vector::StoreOp>(value, plane, b.value(b.add(at, int64_t(i) * width)));
    return;
  }
  int64_t piece = std::min(width, room);
  for (int64_t lane = 0; lane < width; ++lane)
    for (int64_t first = 0; first < count; first += piece) {
      int64_t place = lane * room + first;
      Value value = together[place / width];
      if (piece < width)
        value = b.create<vector::ExtractStridedSliceOp>(value, ArrayRef<int64_t>{place % width},
                                                        ArrayRef<int64_t>{piece}, ArrayRef<int64_t>{1});
      b.create<vector::StoreOp>(value, plane, b.value(b.add(at, lane * count + first)));
    }
}

} // namespace quern
