// Signal processing: windows, mel filters, and Fourier transforms; of lengths that are data as matrix products in f64.
#include "dialects/graph/Evaluate.h"
#include "frontends/onnx/ElementType.h"
#include "frontends/onnx/lowering/Families.h"
#include <numbers>

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;

//===--- Windows ----------------------------------------------------------------------------===//

namespace {
/// w[i] = a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n).
struct Window {
  llvm::StringLiteral name;
  double a0, a1, a2;
};
} // namespace

static const Window kWindows[] = {
    {"HannWindow", 0.5, 0.5, 0}, {"HammingWindow", 25.0 / 46, 1 - 25.0 / 46, 0}, {"BlackmanWindow", 0.42, 0.5, 0.08}};

static llvm::Expected<Type> outputType(NodeLowering &node) {
  const ElementType *element = findElementType(int32_t(node.integer("output_datatype", 1)));
  Type type = element ? element->build(node.builder.getContext()) : Type();
  if (!type || !isa<FloatType, IntegerType>(type))
    return node.error(ErrorKind::Model, "output_datatype is {0}, which is no type of numbers",
                      node.integer("output_datatype", 1));
  return type;
}

/// An integer input as a rank-0 i64.
static Value integerScalar(NodeLowering &node, size_t input) {
  return node.cast(scalar(node, node.operand(input)), node.builder.getI64Type());
}

Lowered onnx::lowerWindow(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  llvm::Expected<Type> element = outputType(node);
  if (!element)
    return element.takeError();
  const Window *row = llvm::find_if(kWindows, [&](const Window &window) { return window.name == node.opType(); });
  Type f64 = node.builder.getF64Type();
  Value size = integerScalar(node, 0);
  SmallVector<Dim> count = node.readDims(size);
  if (count.size() != 1)
    return node.error(ErrorKind::Model, "takes one size, got {0}", node.operand(0).getType());
  Value period = node.cast(size, f64);
  if (!node.integer("periodic", 1))
    period = node.sub(period, 1.0);
  Value angle = node.div(
      node.mul(node.cast(node.iota({count[0]}, 0, node.builder.getI64Type()), f64), 2 * std::numbers::pi), period);
  Value result = node.sub(node.constant(row->a0, f64), node.mul(node.unary<graph::CosOp>(angle), row->a1));
  if (row->a2 != 0)
    result = node.add(result, node.mul(node.unary<graph::CosOp>(node.mul(angle, 2.0)), row->a2));
  return one(node.cast(result, *element));
}

//===--- Mel filters ------------------------------------------------------------------------===//

/// Hertz to mel and back, as the operator's definition has them.
static Value toMel(NodeLowering &node, Value hertz) {
  Value ratio = node.add(node.div(hertz, 700.0), 1.0);
  return node.mul(node.div(node.unary<graph::LogOp>(ratio), std::numbers::ln10), 2595.0);
}
static Value toHertz(NodeLowering &node, Value mel) {
  Value ten = node.constant(10.0, mel.getType());
  return node.mul(node.sub(node.binary<graph::PowOp>(ten, node.div(mel, 2595.0)), 1.0), 700.0);
}

/// [dft_length / 2 + 1, num_mel_bins]: filter i rises from edge i to edge i + 1 and falls to edge i + 2; edges are
/// bins.
Lowered onnx::lowerMelWeightMatrix(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(5, 5))
    return error;
  llvm::Expected<Type> element = outputType(node);
  if (!element)
    return element.takeError();
  Type f64 = node.builder.getF64Type(), i64 = node.builder.getI64Type();
  Value bins = integerScalar(node, 0), length = integerScalar(node, 1);
  SmallVector<Dim> filters = node.readDims(bins),
                   spectrum =
                       node.readDims(node.add(node.div(length, node.constantInt(2, i64)), node.constantInt(1, i64)));
  if (filters.size() != 1 || spectrum.size() != 1)
    return node.error(ErrorKind::Model, "takes one num_mel_bins and one dft_length, got {0} and {1}",
                      node.operand(0).getType(), node.operand(1).getType());
  auto real = [&](size_t input) { return node.cast(scalar(node, node.operand(input)), f64); };
  Value rate = real(2), low = toMel(node, real(3)), high = toMel(node, real(4));
  Value step = node.div(node.sub(high, low), node.add(node.cast(bins, f64), 2.0));
  auto edge = [&](int64_t later) {
    Value index = node.add(node.cast(node.iota({1, filters[0]}, 1, i64), f64), double(later));
    Value hertz = toHertz(node, node.add(node.mul(index, step), low));
    return node.unary<graph::FloorOp>(node.div(node.mul(node.add(node.cast(length, f64), 1.0), hertz), rate));
  };
  Value left = edge(0), centre = edge(1), right = edge(2), bin = node.cast(node.iota({spectrum[0], 1}, 0, i64), f64);
  Value one = node.constant(1.0, f64), zero = node.constant(0.0, f64);
  auto within = [&](Value from, CompareKind end, Value to) {
    return node.binary<graph::AndOp>(node.compare(CompareKind::ge, bin, from), node.compare(end, bin, to));
  };
  // A side without width divides by 1: its rise is 1 at the centre, its fall is nothing.
  Value rise = node.sub(centre, left), fall = node.sub(right, centre);
  Value rising =
      node.select(node.compare(CompareKind::eq, rise, zero), one, node.div(node.sub(bin, left), node.max(rise, 1.0)));
  Value falling = node.div(node.sub(right, bin), node.max(fall, 1.0));
  Value result = node.select(within(left, CompareKind::le, centre), rising, zero);
  result = node.select(within(centre, CompareKind::lt, right), falling, result);
  return SmallVector<Value>{node.cast(result, *element)};
}

//===--- Fourier transforms -----------------------------------------------------------------===//

namespace {
/// Real and imaginary parts, f64, with the transformed axis last; a null imaginary part is zero.
struct Complex {
  Value real, imaginary;
};
/// A transform of `length` samples; `bins` of them are made, or given to a one-sided inverse.
struct Transform {
  Dim length, bins;
  bool inverse, oneSided;
};
} // namespace

/// cos or sin of 2 pi j k / length, [rows, columns]. The product is reduced before it is scaled, so angles stay exact.
template <typename Function>
static Value wave(NodeLowering &node, const Dim &rows, const Dim &columns, const Dim &length) {
  Type i64 = node.builder.getI64Type(), f64 = node.builder.getF64Type();
  Value period = node.max(node.dimVector({length}, i64, /*rank0=*/true), node.constantInt(1, i64));
  Value product = node.mul(node.iota({rows, 1}, 0, i64), node.iota({1, columns}, 1, i64));
  Value turn = node.div(node.cast(node.binary<graph::ModOp>(product, period, false), f64), node.cast(period, f64));
  return node.unary<Function>(node.mul(turn, 2 * std::numbers::pi));
}

/// An axis cut or filled with zeros to `extent`.
static Value fit(NodeLowering &node, Value x, int64_t axis, const Dim &extent) {
  SmallVector<Dim> none(graph::rankOf(x), 0), high = none;
  Dim kept = graph::smaller(graph::dimOf(x, axis), extent);
  high[axis] = extent - kept;
  return node.pad(node.sliceAxis(x, axis, 0, kept), none, high);
}

/// Of a length that is data.
static Complex transform(NodeLowering &node, Complex x, const Transform &how) {
  bool toReal = how.inverse && how.oneSided;
  Dim given = toReal ? how.bins : how.length, made = how.oneSided && !how.inverse ? how.bins : how.length;
  int64_t last = graph::rankOf(x.real) - 1;
  x.real = fit(node, x.real, last, given);
  if (x.imaginary)
    x.imaginary = fit(node, x.imaginary, last, given);
  if (toReal) {
    // Bins other than the first and, of an even length, the last stand for themselves and their conjugates.
    Type i64 = node.builder.getI64Type();
    Value bin = node.iota({given}, 0, i64), mirrored = node.sub(node.dimVector({how.length}, i64, /*rank0=*/true), bin);
    Value alone = node.binary<graph::OrOp>(node.compare(CompareKind::eq, bin, node.constantInt(0, i64)),
                                           node.compare(CompareKind::eq, bin, mirrored));
    Value weight = node.select(alone, node.constant(1.0, x.real.getType()), node.constant(2.0, x.real.getType()));
    x.real = node.mul(x.real, weight);
    if (x.imaginary)
      x.imaginary = node.mul(x.imaginary, weight);
  }
  Value cosines = wave<graph::CosOp>(node, given, made, how.length),
        sines = wave<graph::SinOp>(node, given, made, how.length);
  auto times = [&](Value part, Value matrix) { return node.matmul(part, matrix); };
  Value real = times(x.real, cosines), cross = times(x.real, sines);
  Value imaginary = how.inverse ? cross : node.neg(cross);
  if (x.imaginary) {
    Value turned = times(x.imaginary, sines);
    real = how.inverse ? node.sub(real, turned) : node.add(real, turned);
    imaginary = node.add(imaginary, times(x.imaginary, cosines));
  }
  if (how.inverse) {
    Value count =
        node.cast(node.dimVector({how.length}, node.builder.getI64Type(), /*rank0=*/true), node.builder.getF64Type());
    real = node.div(real, count);
    imaginary = node.div(imaginary, count);
  }
  return {real, toReal ? Value() : imaginary};
}

/// Of `length` samples along an axis of [..., 1] or [..., 2].
static Value transformStatic(NodeLowering &node, Value x, int64_t axis, const Transform &how, int64_t length) {
  int64_t last = graph::rankOf(x) - 1, bins = length / 2 + 1;
  Type element = graph::elementOf(x), wide = element.isF64() ? element : Type(node.builder.getF32Type());
  SmallVector<Dim> none(last + 1, 0), one = none;
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(last)); // brings the axis to the end, and back
  std::swap(order[axis], order.back());
  SmallVector<int64_t> pairs(order);
  pairs.push_back(last);
  one[last] = 1;
  bool isReal = graph::dimsOf(x).back().isEqualTo(1);
  llvm::APFloat scale(how.inverse ? 1.0 / double(length) : 1.0);
  x = node.cast(x, wide);
  if (how.inverse && isReal) // a spectrum whose imaginary parts are zero
    x = node.pad(x, none, one);
  if (how.inverse && how.oneSided) {
    x = node.transpose(fit(node, x, axis, bins), pairs);
    SmallVector<Dim> dims = graph::dimsOf(x);
    dims.pop_back();
    dims.back() = length;
    Value real = node.createAs<graph::FourierToRealOp>(graph::tensorType(dims, wide), x, scale, /*packed=*/false);
    x = node.unsqueeze(node.transpose(real, order), {last});
  } else if (isReal && !how.inverse) {
    x = node.transpose(node.squeeze(fit(node, x, axis, length), {last}), order);
    SmallVector<Dim> dims = graph::dimsOf(x);
    dims.back() = how.oneSided ? bins : length;
    dims.push_back(2);
    x = node.createAs<graph::FourierFromRealOp>(graph::tensorType(dims, wide), x, scale, /*packed=*/false);
    x = node.transpose(x, pairs);
  } else {
    x = node.create<graph::FourierOp>(fit(node, x, axis, length), axis, how.inverse, scale, /*turned=*/false,
                                      /*transposed=*/false);
    x = node.sliceAxis(x, axis, 0, how.oneSided ? bins : length);
  }
  return node.cast(x, element);
}

/// [..., 1] or [..., 2] along `axis` -> the same with the transformed axis in its place.
static llvm::Expected<Value> fourier(NodeLowering &node, Value x, int64_t axis, const Transform &how) {
  int64_t rank = graph::rankOf(x);
  std::optional<int64_t> parts = graph::dimsOf(x).back().constant();
  if (!parts)
    return node.error(ErrorKind::Unsupported,
                      "needs a last axis of static extent, 1 for real or 2 for complex numbers; got {0}", x.getType());
  if (*parts < 1 || *parts > 2)
    return node.error(ErrorKind::Model, "takes real or complex numbers, 1 or 2 in the last axis; got {0}", x.getType());
  Type element = graph::elementOf(x);
  if (!isa<FloatType>(element))
    return node.error(ErrorKind::Model, "takes floats, got {0}", x.getType());
  if (std::optional<int64_t> length = how.length.constant(); length && *length > 0)
    return transformStatic(node, x, axis, how, *length);
  SmallVector<int64_t> toLast, back;
  for (int64_t i = 0; i < rank - 1; ++i)
    if (i != axis)
      toLast.push_back(i);
  toLast.push_back(axis);
  back.resize(rank - 1);
  for (int64_t i = 0; i < rank - 1; ++i)
    back[toLast[i]] = i;
  auto part = [&](int64_t which) {
    Value plane = node.squeeze(node.sliceAxis(x, rank - 1, which, 1), {rank - 1});
    plane = node.transpose(node.cast(plane, node.builder.getF64Type()), toLast);
    return graph::rankOf(plane) == 1 ? node.unsqueeze(plane, {0}) : plane; // matrices have two axes
  };
  Complex result = transform(node, {part(0), *parts == 2 ? part(1) : Value()}, how);
  auto place = [&](Value plane) {
    if (rank == 2)
      plane = node.squeeze(plane, {0});
    return node.unsqueeze(node.cast(node.transpose(plane, back), element), {rank - 1});
  };
  if (!result.imaginary)
    return place(result.real);
  return node.concat({place(result.real), place(result.imaginary)}, rank - 1);
}

static Lowered dftAlong(NodeLowering &node, int64_t axisGiven) {
  Value x = node.operand(0);
  llvm::Expected<int64_t> axis = node.axis(axisGiven, graph::rankOf(x));
  if (!axis)
    return axis.takeError();
  if (*axis == graph::rankOf(x) - 1)
    return node.error(ErrorKind::Model, "axis is {0}, that of the real and imaginary parts", axisGiven);
  Transform how;
  how.inverse = node.integer("inverse", 0);
  how.oneSided = node.integer("onesided", 0);
  Dim extent = graph::dimOf(x, *axis);
  how.length = how.inverse && how.oneSided ? (extent - 1) * 2 : extent;
  if (node.has(1)) {
    SmallVector<Dim> read = node.readDims(integerScalar(node, 1));
    if (read.size() != 1)
      return node.error(ErrorKind::Model, "takes one dft_length, got {0}", node.operand(1).getType());
    how.length = read[0];
  }
  how.bins = how.length.floordiv(2) + 1;
  llvm::Expected<Value> result = fourier(node, x, *axis, how);
  return result ? one(*result) : Lowered(result.takeError());
}

/// An axis that is data picks one of the transforms along `candidate` and later axes.
static Lowered dftAlongData(NodeLowering &node, Value axis, int64_t candidate) {
  if (candidate >= graph::rankOf(node.operand(0)) - 2)
    return dftAlong(node, candidate);
  Value here = node.compare(CompareKind::eq, axis, node.constantInt(candidate, axis.getType()));
  auto along = [&](Block *) { return dftAlong(node, candidate); };
  auto later = [&](Block *) { return dftAlongData(node, axis, candidate + 1); };
  return choose(node, here, along, later);
}

Lowered onnx::lowerDft(NodeLowering &node) {
  bool byInput = node.version() >= 20;
  if (llvm::Error error = node.expectOperands(1, byInput ? 3 : 2))
    return error;
  if (!node.has(2))
    return dftAlong(node, node.integer("axis", byInput ? -2 : 1));
  if (std::optional<SmallVector<int64_t>> known = node.knownInts(2))
    return dftAlong(node, known->size() == 1 ? known->front() : graph::rankOf(node.operand(0)));
  // The gather turns a negative axis around and refuses one outside the rank.
  Value all = node.integerVector(llvm::to_vector(llvm::seq<int64_t>(graph::rankOf(node.operand(0)))));
  return dftAlongData(node, node.gather(all, integerScalar(node, 2), 0), 0);
}

/// Frames of the signal, [B, frames, length, parts], times the window and transformed.
Lowered onnx::lowerStft(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 4))
    return error;
  Value signal = node.operand(0), window = node.operand(2);
  if (graph::rankOf(signal) != 3 || (window && graph::rankOf(window) != 1))
    return node.error(ErrorKind::Model, "takes a signal [B, L, 1 or 2] and a window [N]; got {0}", signal.getType());
  Type i64 = node.builder.getI64Type();
  Dim length = window ? graph::dimOf(window, 0) : graph::dimOf(signal, 1);
  if (!window && node.has(3)) {
    SmallVector<Dim> read = node.readDims(integerScalar(node, 3));
    length = read.empty() ? length : read[0];
  }
  Value step = integerScalar(node, 1), room = node.dimVector({graph::dimOf(signal, 1) - length}, i64, /*rank0=*/true);
  SmallVector<Dim> frames = node.readDims(node.add(node.div(room, step), node.constantInt(1, i64)));
  if (frames.size() != 1)
    return node.error(ErrorKind::Model, "takes one frame_step, got {0}", node.operand(1).getType());
  Value samples = node.add(node.mul(node.iota({frames[0], 1}, 0, i64), step), node.iota({1, length}, 1, i64));
  Value framed = node.gather(signal, samples, 1);
  if (window)
    framed = node.mul(framed, node.reshape(node.cast(window, graph::elementOf(signal)), {length, 1}));
  Transform how{length, length.floordiv(2) + 1, /*inverse=*/false, /*oneSided=*/node.integer("onesided", 1) != 0};
  llvm::Expected<Value> result = fourier(node, framed, 2, how);
  return result ? one(*result) : Lowered(result.takeError());
}
