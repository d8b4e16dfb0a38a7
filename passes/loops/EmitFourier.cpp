// Fourier transforms. Lines along the last axis are transformed one after another; along another axis as many at a
// time as a vector has lanes, as they lie beside each other. Real numbers: pairs of neighbours count as complex ones,
// and a pass over the half as long transform puts the spectra of the even and the odd ones together.
#include "dialects/graph/Fourier.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/FourierTransform.h"
#include "passes/loops/TransposeBlock.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// Elements that a task has about.
constexpr int64_t kTaskElements = 16384;

/// Complex numbers in memory, a real and an imaginary part in turn, from element `base` on.
class Pairs {
public:
  Pairs(IndexBuilder b, Value memory, Index base, Type element) : b(b), memory(memory), base(base), element(element) {}

  ComplexVector load(Index at, int64_t lanes) const {
    auto type = VectorType::get(lanes, element);
    Index place = b.add(base, b.mul(at, 2));
    return deinterleave(b, b.create<vector::LoadOp>(type, memory, b.value(place)),
                        b.create<vector::LoadOp>(type, memory, b.value(b.add(place, lanes))));
  }
  void store(Index at, ComplexVector value) const {
    auto [first, second] = interleave(b, value.real, value.imaginary);
    Index place = b.add(base, b.mul(at, 2));
    b.create<vector::StoreOp>(first, memory, b.value(place));
    b.create<vector::StoreOp>(second, memory, b.value(b.add(place, lanesOf(first))));
  }
  static int64_t lanesOf(Value vector) { return cast<VectorType>(vector.getType()).getNumElements(); }

private:
  mutable IndexBuilder b;
  Value memory;
  Index base;
  Type element;
};

/// The base of all three: what is read and written, and the loops over lines.
class Emitter {
public:
  Emitter(KernelFunction &kernel, Operation *op)
      : kernel(kernel), b(kernel.builder), input(kernel.buffer(cast<BlockArgument>(op->getOperand(0)))),
        output(kernel.resultBuffer(0)), element(elementOf(op->getOperand(0))) {}

protected:
  /// Runs `body(i)` for i < count, in tasks of about kTaskElements where each has `elements`.
  void forEach(const Dim &count, int64_t elements, function_ref<void(Index)> body) {
    int64_t perTask = std::max<int64_t>(kTaskElements / elements, 1);
    kernel.forTasks(count.ceildiv(perTask), [&](Value task) {
      Index from = b.mul(task, perTask);
      b.loop(from, b.min(b.add(from, perTask), kernel.dim(count)), 1, body);
    });
  }
  /// Runs `body(i, lanes)` for vectors of [first, extent); the last one has some elements again.
  void forVectors(int64_t first, int64_t extent, int64_t lanes, function_ref<void(Index, int64_t)> body) {
    if (first >= extent)
      return;
    int64_t width = lanesFor(extent - first, lanes);
    b.loop(b.index(first), b.index(extent), width, [&](Index i) {
      body((extent - first) % width ? b.min(i, extent - width) : i, width);
    });
  }
  Pairs pairs(Value memory, Index base) { return Pairs(b, memory, base, element); }
  Value reversed(Value vector) {
    SmallVector<int64_t> mask;
    for (int64_t lane = Pairs::lanesOf(vector); lane-- > 0;)
      mask.push_back(lane);
    return b.create<vector::ShuffleOp>(vector, vector, mask);
  }
  ComplexVector reversed(ComplexVector x) { return {reversed(x.real), reversed(x.imaginary)}; }
  Value add(Value x, Value y) { return b.create<arith::AddFOp>(x, y); }
  Value sub(Value x, Value y) { return b.create<arith::SubFOp>(x, y); }
  Value zeros(int64_t lanes) { return splat(b, VectorType::get(lanes, element), 0); }

  /// Numbers given as a table of their real parts, and then the imaginary ones; and vectors of it.
  Value table(ArrayRef<std::complex<double>> numbers) {
    SmallVector<double> parts;
    for (const std::complex<double> &number : numbers)
      parts.push_back(number.real());
    for (const std::complex<double> &number : numbers)
      parts.push_back(number.imag());
    return constantTable(kernel, element, parts);
  }
  ComplexVector loadTable(Value table, int64_t size, Index at, int64_t lanes) {
    auto type = VectorType::get(lanes, element);
    return {b.create<vector::LoadOp>(type, table, b.value(at)),
            b.create<vector::LoadOp>(type, table, b.value(b.add(at, size)))};
  }

  KernelFunction &kernel;
  IndexBuilder b;
  Value input, output;
  Type element;
};

//===--- Complex numbers --------------------------------------------------------------------===//

class EmitComplex : Emitter {
public:
  EmitComplex(KernelFunction &kernel, FourierOp op)
      : Emitter(kernel, op), op(op), dims(dimsOf(op.getOperand())), extent(*dims[op.getAxis()].constant()),
        outer(product(ArrayRef(dims).take_front(op.getAxis()))),
        inner(product(ArrayRef(dims).drop_front(op.getAxis() + 1).drop_back())),
        transform(kernel, element, extent, /*columns=*/!inner.isEqualTo(1) || op.getTransposed()),
        factor(op.getScale().convertToDouble()) {}

  void emit() {
    if (op.getTransposed())
      emitTransposed();
    else if (inner.isEqualTo(1))
      emitRows();
    else
      emitColumns();
  }

private:
  ComplexVector directed(ComplexVector x) { return op.getInverse() ? x.swapped() : x; }
  ComplexVector result(ComplexVector x) { return directed(scale(b, x, factor)); }

  void emitRows() {
    forEach(outer, extent, [&](Index line) {
      Index base = b.mul(line, 2 * extent);
      Pairs from = pairs(input, base), to = pairs(output, base);
      transform.emit([&](Index at, int64_t lanes) { return directed(from.load(at, lanes)); },
                     [&](Index at, ComplexVector value) { to.store(at, result(value)); });
    });
  }

  /// Masks of two vectors that hold the numbers of `count` lines; none where `lines` always fill vectors.
  std::pair<Value, Value> masks(const Dim &lines, Index count) {
    if (lines.constant() && *lines.constant() % transform.lanes == 0)
      return {};
    auto type = VectorType::get(transform.lanes, b.builder.getI1Type());
    Index floats = b.mul(count, 2);
    return {b.create<vector::CreateMaskOp>(type, b.value(floats)),
            b.create<vector::CreateMaskOp>(type, b.value(b.sub(floats, transform.lanes)))};
  }
  Value loadMasked(Value mask, Index at) {
    auto type = VectorType::get(transform.lanes, element);
    if (!mask)
      return b.create<vector::LoadOp>(type, input, b.value(at));
    return b.create<vector::MaskedLoadOp>(type, input, b.value(at), mask, zeros(transform.lanes));
  }
  void storeMasked(Value value, Value mask, Index at) {
    if (mask)
      b.create<vector::MaskedStoreOp>(output, b.value(at), mask, value);
    else
      b.create<vector::StoreOp>(value, output, b.value(at));
  }

  /// Element `at` of lines [first, first + lanes) that lie beside each other.
  void storeColumns(const Dim &lines, Index base, Index first, std::pair<Value, Value> masks, Index at,
                    ComplexVector value) {
    auto [left, right] = interleave(b, value.real, value.imaginary);
    Index place = b.add(base, b.mul(b.add(b.mul(at, kernel.dim(lines)), first), 2));
    storeMasked(left, masks.first, place);
    storeMasked(right, masks.second, b.add(place, transform.lanes));
  }

  void emitColumns() {
    Dim blocks = inner.ceildiv(transform.lanes);
    if (op.getTurned())
      prepareTurns();
    forEach(outer * blocks, extent * transform.lanes, [&](Index block) {
      Index first = b.mul(b.rem(block, kernel.dim(blocks)), transform.lanes);
      Index base = b.mul(b.div(block, kernel.dim(blocks)), kernel.dim(inner * (2 * extent)));
      auto mask = masks(inner, b.sub(kernel.dim(inner), first));
      if (op.getTurned())
        turnFirst(first);
      transform.emit(
          [&](Index at, int64_t lanes) {
            Index place = b.add(base, b.mul(b.add(b.mul(at, kernel.dim(inner)), first), 2));
            return directed(deinterleave(b, loadMasked(mask.first, place), loadMasked(mask.second, b.add(place, lanes))));
          },
          [&](Index at, ComplexVector value) {
            storeColumns(inner, base, first, mask, at, result(op.getTurned() ? turned(at, value) : value));
          });
    });
  }

  /// As many lines as a vector has lanes come in as rows and go out as columns.
  void emitTransposed() {
    int64_t lanes = transform.lanes, axis = op.getAxis();
    Dim rows = dims[axis - 1], blocks = rows.ceildiv(lanes), batch = product(ArrayRef(dims).take_front(axis - 1));
    forEach(batch * blocks, extent * lanes, [&](Index block) {
      Index first = b.mul(b.rem(block, kernel.dim(blocks)), lanes);
      Index base = b.mul(b.div(block, kernel.dim(blocks)), kernel.dim(rows * (2 * extent)));
      auto mask = masks(rows, b.sub(kernel.dim(rows), first));
      SmallVector<Pairs> lines; // those past the end are the last one again
      for (int64_t lane = 0; lane < lanes; ++lane) {
        Index line = b.min(b.add(first, lane), b.sub(kernel.dim(rows), 1));
        lines.push_back(pairs(input, b.add(base, b.mul(line, 2 * extent))));
      }
      forVectors(0, extent, lanes, [&](Index at, int64_t width) { turnAround(lines, at, width); });
      transform.emit([&](Index at, int64_t lanes) { return directed(transform.load(transform.front(), at, lanes)); },
                     [&](Index at, ComplexVector value) { storeColumns(rows, base, first, mask, at, result(value)); });
    });
  }
  /// Elements [at, at + width) of all lines: a vector for each.
  void turnAround(ArrayRef<Pairs> lines, Index at, int64_t width) {
    for (size_t begin = 0; begin < lines.size(); begin += width) {
      SmallVector<Value> real, imaginary;
      for (const Pairs &line : lines.slice(begin, width)) {
        ComplexVector loaded = line.load(at, width);
        real.push_back(loaded.real);
        imaginary.push_back(loaded.imaginary);
      }
      transposeBlock(b, real);
      transposeBlock(b, imaginary);
      for (int64_t i = 0; i < width; ++i) {
        Value place = b.value(b.add(b.mul(b.add(at, i), transform.lanes), begin));
        b.create<vector::StoreOp>(real[i], transform.front().real, place);
        b.create<vector::StoreOp>(imaginary[i], transform.front().imaginary, place);
      }
    }
  }

  /// Element `at` of column `first + lane` is turned by root(n, at first) root(n, at lane). The second has a table of
  /// extent x lanes numbers; the first, the same for all lanes, is a product of entries of two tables: `high` has every
  /// kRootStep-th root, `low` those between.
  void prepareTurns() {
    int64_t n = extent * *inner.constant();
    SmallVector<std::complex<double>> lane;
    for (int64_t k = 0; k < extent; ++k)
      for (int64_t l = 0; l < transform.lanes; ++l)
        lane.push_back(fourierRoot(k * l, n));
    SmallVector<double> high, low;
    auto addRoot = [&](SmallVectorImpl<double> &table, int64_t exponent) {
      std::complex<double> root = fourierRoot(exponent, n);
      table.append({root.real(), root.imag()});
    };
    for (int64_t exponent = 0; exponent < n; exponent += kRootStep)
      addRoot(high, exponent);
    for (int64_t exponent = 0; exponent < kRootStep; ++exponent)
      addRoot(low, exponent);
    laneRoots = table(lane);
    highRoots = constantTable(kernel, b.builder.getF64Type(), high);
    lowRoots = constantTable(kernel, b.builder.getF64Type(), low);
    blockRoots = kernel.scratch(element, 2 * extent);
  }
  void turnFirst(Index first) {
    int64_t n = extent * *inner.constant();
    auto number = [&](Value table, Index at) {
      auto type = VectorType::get(1, b.builder.getF64Type());
      return ComplexVector{b.create<vector::LoadOp>(type, table, b.value(b.mul(at, 2))),
                           b.create<vector::LoadOp>(type, table, b.value(b.add(b.mul(at, 2), 1)))};
    };
    b.loop(b.index(0), b.index(extent), 1, [&](Index k) {
      Index exponent = b.rem(b.mul(k, first), n);
      ComplexVector root =
          multiply(b, number(highRoots, b.div(exponent, kRootStep)), number(lowRoots, b.rem(exponent, kRootStep)));
      for (auto [i, part] : llvm::enumerate(std::array{root.real, root.imaginary})) {
        Value rounded = b.create<vector::ExtractOp>(part, 0);
        if (!element.isF64())
          rounded = b.create<arith::TruncFOp>(element, rounded);
        b.create<memref::StoreOp>(rounded, blockRoots, b.value(b.add(b.mul(k, 2), int64_t(i))));
      }
    });
  }
  ComplexVector turned(Index at, ComplexVector x) {
    auto type = VectorType::get(transform.lanes, element);
    auto spread = [&](Index place) -> Value {
      return b.create<vector::BroadcastOp>(type, b.create<memref::LoadOp>(blockRoots, b.value(place)));
    };
    ComplexVector block{spread(b.mul(at, 2)), spread(b.add(b.mul(at, 2), 1))};
    ComplexVector lane = loadTable(laneRoots, extent * transform.lanes, b.mul(at, transform.lanes), transform.lanes);
    return multiply(b, x, multiply(b, block, lane));
  }

  static constexpr int64_t kRootStep = 1024;
  FourierOp op;
  SmallVector<Dim> dims;
  int64_t extent;
  Dim outer, inner;
  FourierTransform transform;
  double factor;
  Value laneRoots, highRoots, lowRoots, blockRoots;
};

//===--- Real numbers -----------------------------------------------------------------------===//

/// n real numbers [.., n] and their bins [.., bins, 2]. Complex numbers are turned by `factor` exp(-2 pi i k / n), or by
/// its counterpart of the inverse.
class RealEmitter : protected Emitter {
public:
  void emit() {
    if (packed)
      emitPacked();
    else if (extent % 2)
      emitOdd();
    else
      emitEven();
  }

protected:
  RealEmitter(KernelFunction &kernel, Operation *op, Value real, Value pairs, bool packed, double scaling,
              std::complex<double> factor, bool inverse)
      : Emitter(kernel, op), packed(packed), scaling(scaling), lines(product(ArrayRef(dimsOf(pairs)).drop_back(2))),
        bins(*dimOf(pairs, rankOf(pairs) - 2).constant()),
        extent(packed ? 2 * *dimOf(real, rankOf(real) - 2).constant() : *dimsOf(real).back().constant()),
        half(extent / 2), lanes(kernel.level.vectorBytes * 8 / element.getIntOrFloatBitWidth()), factor(factor),
        inverse(inverse) {}

  virtual void emitPacked() = 0;
  virtual void emitOdd() = 0;
  virtual void emitEven() = 0;

  std::complex<double> root(int64_t k) const {
    std::complex<double> root = fourierRoot(k, extent);
    return inverse ? std::conj(root) : root;
  }
  ComplexVector constant(std::complex<double> number) {
    Type type = VectorType::get(1, element);
    return {splat(b, type, number.real()), splat(b, type, number.imag())};
  }

  /// The factors of k < half, for lines that a task has whole.
  Value turns() {
    SmallVector<std::complex<double>> numbers;
    for (int64_t k = 0; k < half; ++k)
      numbers.push_back(factor * root(k));
    return table(numbers);
  }

  /// Lines that are too long for a task: runs `first(line)` for the first number, and `body(line, k, lanes, turn)` for
  /// [k, k + lanes) of those from 1 to half. The table has the factors of one task, which are those of the others but for
  /// one number.
  void forParts(function_ref<void(Index)> first, function_ref<void(Index, Index, int64_t, ComplexVector)> body) {
    int64_t width = lanesFor(half, lanes), vectors = (half - 1) / width;
    int64_t perPart = kTaskElements / 2 / width, parts = vectors / perPart + 1;
    SmallVector<std::complex<double>> inside;
    for (int64_t k = 1; k <= std::min(perPart, vectors) * width; ++k)
      inside.push_back(factor * root(k));
    SmallVector<double> starts;
    for (int64_t part = 0; part < parts; ++part)
      starts.append({root(part * perPart * width).real(), root(part * perPart * width).imag()});
    Value insideTable = table(inside), startTable = constantTable(kernel, element, starts);
    forEach(lines * parts, kTaskElements, [&](Index task) {
      Index line = b.div(task, parts), part = b.rem(task, parts);
      b.branch(b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, b.value(part), b.value(0)), [&] {
        first(line);
        for (int64_t k = 1 + vectors * width; k < half; ++k)
          body(line, b.index(k), 1, constant(factor * root(k)));
      });
      auto spread = [&](int64_t which) -> Value {
        Value number = b.create<memref::LoadOp>(startTable, b.value(b.add(b.mul(part, 2), which)));
        return b.create<vector::BroadcastOp>(VectorType::get(width, element), number);
      };
      ComplexVector start{spread(0), spread(1)};
      Index begin = b.mul(part, perPart), count = b.min(b.sub(b.index(vectors), begin), perPart);
      b.loop(b.index(0), count, 1, [&](Index i) {
        ComplexVector turn = loadTable(insideTable, inside.size(), b.mul(i, width), width);
        body(line, b.add(b.mul(b.add(begin, i), width), 1), width, multiply(b, turn, start));
      });
    });
  }

  bool packed;
  double scaling;
  Dim lines;
  int64_t bins, extent, half, lanes;
  std::complex<double> factor;
  bool inverse;
};

class EmitFromReal : public RealEmitter {
public:
  EmitFromReal(KernelFunction &kernel, FourierFromRealOp op)
      : RealEmitter(kernel, op, op.getOperand(), op.getResult(), op.getPacked(), op.getScale().convertToDouble(),
                    {0, -op.getScale().convertToDouble() / 2}, /*inverse=*/false) {}

private:
  void emitOdd() override {
    FourierTransform transform(kernel, element, extent, /*columns=*/false);
    forEach(lines, extent, [&](Index line) {
      Index from = b.mul(line, extent);
      Pairs to = pairs(output, b.mul(line, 2 * bins));
      auto load = [&](Index at, int64_t lanes) {
        Value real = b.create<vector::LoadOp>(VectorType::get(lanes, element), input, b.value(b.add(from, at)));
        return ComplexVector{real, zeros(lanes)};
      };
      if (bins == extent)
        return transform.emit(load, [&](Index at, ComplexVector value) { to.store(at, scale(b, value, scaling)); });
      transform.emit(load, [&](Index at, ComplexVector value) { transform.store(value, transform.back(), at); });
      forVectors(0, bins, lanes, [&](Index at, int64_t width) {
        to.store(at, scale(b, transform.load(transform.back(), at, width), scaling));
      });
    });
  }

  void emitEven() override {
    FourierTransform transform(kernel, element, half, /*columns=*/false);
    const FourierTransform::Planes &whole = transform.back();
    Value table = turns();
    forEach(lines, extent, [&](Index line) {
      Pairs from = pairs(input, b.mul(line, extent)), to = pairs(output, b.mul(line, 2 * bins));
      transform.emit([&](Index at, int64_t lanes) { return from.load(at, lanes); },
                     [&](Index at, ComplexVector value) { transform.store(value, whole, at); });
      ComplexVector first = transform.load(whole, b.index(0), 1);
      transform.store(first, whole, b.index(half)); // they go round
      forVectors(0, half, lanes, [&](Index k, int64_t width) {
        ComplexVector mirrored = transform.load(whole, b.sub(b.index(half - width + 1), k), width);
        combine(k, transform.load(whole, k, width), reversed(mirrored), loadTable(table, half, k, width), to);
      });
      storeMiddle(first, to);
    });
  }

  void emitPacked() override {
    auto ends = [&](Index line) {
      return std::pair(pairs(input, b.mul(line, extent)), pairs(output, b.mul(line, 2 * bins)));
    };
    forParts(
        [&](Index line) {
          auto [from, to] = ends(line);
          ComplexVector first = from.load(b.index(0), 1);
          combine(b.index(0), first, first, constant(factor), to);
          storeMiddle(first, to);
        },
        [&](Index line, Index k, int64_t width, ComplexVector turn) {
          auto [from, to] = ends(line);
          ComplexVector mirrored = from.load(b.sub(b.index(half - width + 1), k), width);
          combine(k, from.load(k, width), reversed(mirrored), turn, to);
        });
  }

  /// Bins k and, where they are all wanted, k + half. z is the transform at k, w that at half - k:
  /// (z + conj w) / 2 is of the even elements, (z - conj w) / 2i of the odd ones.
  void combine(Index k, ComplexVector z, ComplexVector w, ComplexVector turn, const Pairs &to) {
    ComplexVector even = scale(b, {add(z.real, w.real), sub(z.imaginary, w.imaginary)}, scaling / 2);
    ComplexVector odd = multiply(b, {sub(z.real, w.real), add(z.imaginary, w.imaginary)}, turn);
    to.store(k, {add(even.real, odd.real), add(even.imaginary, odd.imaginary)});
    if (bins == extent)
      to.store(b.add(k, half), {sub(even.real, odd.real), sub(even.imaginary, odd.imaginary)});
  }
  /// The sum of the even elements less that of the odd ones, where nothing else stores it.
  void storeMiddle(ComplexVector first, const Pairs &to) {
    if (bins != extent)
      to.store(b.index(half), {scale(b, {sub(first.real, first.imaginary), zeros(1)}, scaling).real, zeros(1)});
  }
};

class EmitToReal : public RealEmitter {
public:
  EmitToReal(KernelFunction &kernel, FourierToRealOp op)
      : RealEmitter(kernel, op, op.getResult(), op.getOperand(), op.getPacked(), op.getScale().convertToDouble(),
                    {0, op.getScale().convertToDouble()}, /*inverse=*/true) {}

private:
  /// All of the spectrum, as the inverse transform takes it.
  void emitOdd() override {
    FourierTransform transform(kernel, element, extent, /*columns=*/false);
    const FourierTransform::Planes &whole = transform.front();
    forEach(lines, extent, [&](Index line) {
      Pairs from = pairs(input, b.mul(line, 2 * bins));
      transform.store({from.load(b.index(0), 1).real, zeros(1)}, whole, b.index(0));
      forVectors(1, bins, lanes, [&](Index k, int64_t width) {
        ComplexVector x = from.load(k, width), y = reversed(x);
        transform.store(x, whole, k);
        transform.store({y.real, sub(zeros(width), y.imaginary)}, whole, b.sub(b.index(extent - width + 1), k));
      });
      transform.emit([&](Index at, int64_t lanes) { return transform.load(whole, at, lanes).swapped(); },
                     [&](Index at, ComplexVector value) {
                       Value real = scale(b, value, scaling).imaginary;
                       b.create<vector::StoreOp>(real, output, b.value(b.add(b.mul(line, extent), at)));
                     });
    });
  }

  void emitEven() override {
    FourierTransform transform(kernel, element, half, /*columns=*/false);
    const FourierTransform::Planes &whole = transform.front();
    Value table = turns();
    forEach(lines, extent, [&](Index line) {
      Pairs from = pairs(input, b.mul(line, 2 * bins)), to = pairs(output, b.mul(line, extent));
      forVectors(0, half, lanes, [&](Index k, int64_t width) {
        transform.store(split(from, k, width, loadTable(table, half, k, width)), whole, k);
      });
      transform.store(first(from), whole, b.index(0));
      transform.emit([&](Index at, int64_t lanes) { return transform.load(whole, at, lanes).swapped(); },
                     [&](Index at, ComplexVector value) { to.store(at, value.swapped()); });
    });
  }

  void emitPacked() override {
    auto ends = [&](Index line) {
      return std::pair(pairs(input, b.mul(line, 2 * bins)), pairs(output, b.mul(line, extent)));
    };
    forParts(
        [&](Index line) {
          auto [from, to] = ends(line);
          to.store(b.index(0), first(from));
        },
        [&](Index line, Index k, int64_t width, ComplexVector turn) {
          auto [from, to] = ends(line);
          to.store(k, split(from, k, width, turn));
        });
  }

  /// x + conj y, with the odd elements' x - conj y turned to their places, for x at k and y at half - k.
  ComplexVector split(const Pairs &from, Index k, int64_t width, ComplexVector turn) {
    ComplexVector x = from.load(k, width), y = reversed(from.load(b.sub(b.index(half - width + 1), k), width));
    ComplexVector even = scale(b, {add(x.real, y.real), sub(x.imaginary, y.imaginary)}, scaling);
    ComplexVector odd = multiply(b, {sub(x.real, y.real), add(x.imaginary, y.imaginary)}, turn);
    return {add(even.real, odd.real), add(even.imaginary, odd.imaginary)};
  }
  /// The same at 0, of numbers that count as real.
  ComplexVector first(const Pairs &from) {
    Value first = from.load(b.index(0), 1).real, middle = from.load(b.index(half), 1).real;
    return scale(b, {add(first, middle), sub(first, middle)}, scaling);
  }
};

} // namespace

LogicalResult emitFourier(KernelFunction &kernel) {
  if (auto op = kernel.find<FourierOp>())
    EmitComplex(kernel, op).emit();
  else if (auto op = kernel.find<FourierFromRealOp>())
    EmitFromReal(kernel, op).emit();
  else if (auto op = kernel.find<FourierToRealOp>())
    EmitToReal(kernel, op).emit();
  else
    return kernel.source.emitError() << "has no Fourier transform";
  return success();
}

} // namespace quern
