// Interpolation along axes, after ONNX Resize: each output element is a weighted sum of taps around a place in the
// input.
#include "passes/loops/ElementEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// One axis of a resize at one place. Coordinates are f32, as in ONNX Runtime, or vectors of it where lanes differ.
class ResizeAxis {
public:
  ResizeAxis(ElementEmitter &emitter, ResizeOp op, int64_t axis, const AxisPoint &place)
      : emitter(emitter), kernel(emitter.kernel), b(kernel.builder), op(op), axis(axis),
        in(dimOf(op.getOperand(), axis)), out(dimOf(op.getResult(), axis)), vector(place.lane || place.perLane) {
    double known = op.getScales()[axis];
    scale = known != 0 ? number(known) : b.create<arith::DivFOp>(real(out), real(in)).getResult();
    Value index = vector ? emitter.indexOf(place) : place.base;
    position = original(toReal(index));
    floor = b.create<math::FloorOp>(position);
    ratio = b.create<arith::SubFOp>(position, floor);
  }

  /// The nearest input index, clamped.
  AxisPoint nearest() {
    StringRef mode = op.getNearest();
    Value rounded = position;
    if (mode == "floor")
      rounded = floor;
    else if (mode == "ceil")
      rounded = b.create<math::CeilOp>(position);
    else {
      auto predicate = mode == "round_prefer_ceil" ? arith::CmpFPredicate::OGE : arith::CmpFPredicate::OGT;
      Value up = b.create<arith::CmpFOp>(predicate, ratio, number(0.5));
      rounded = b.create<arith::SelectOp>(up, b.create<arith::AddFOp>(floor, number(1)), floor);
    }
    return clamped(toIndex(rounded));
  }

  /// The taps are floor(position) + first .. + last - 1.
  std::pair<int64_t, int64_t> taps() {
    return op.getMode() == "cubic" ? std::pair<int64_t, int64_t>(-1, 3) : std::pair<int64_t, int64_t>(0, 2);
  }

  /// With antialiasing the taps spread by 1/scale where the axis shrinks: their range is known at run time only.
  std::pair<Value, Value> spreadTaps() {
    Value reach = b.create<arith::DivFOp>(scalarNumber(op.getMode() == "cubic" ? -2 : -1), shrink(/*scalar=*/true));
    Value first = b.create<arith::AddFOp>(b.create<math::FloorOp>(reach), scalarNumber(1));
    Value low = b.create<arith::IndexCastOp>(b.getIndexType(), b.create<arith::FPToSIOp>(b.getI64Type(), first));
    return {low, b.create<arith::SubIOp>(kernel.index(2), low)};
  }

  /// The input place of a tap (an index), clamped, and its weight before normalization.
  std::pair<AxisPoint, Value> tap(Value offset) {
    Value step = toReal(spread(offset));
    Value distance = b.create<arith::SubFOp>(step, ratio);
    if (op.getAntialias())
      distance = b.create<arith::MulFOp>(distance, shrink(/*scalar=*/false));
    Value weight = op.getMode() == "cubic" ? cubic(distance) : tent(distance);
    Value index = b.create<arith::AddIOp>(toIndex(floor), spread(offset));
    if (op.getExcludeOutside()) {
      Value inside =
          b.create<arith::AndIOp>(b.create<arith::CmpIOp>(arith::CmpIPredicate::sge, index, spread(kernel.index(0))),
                                  b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, index, spread(kernel.dim(in))));
      weight = b.create<arith::SelectOp>(inside, weight, number(0));
    }
    return {clamped(index), weight};
  }

  bool normalizes() { return op.getAntialias() || op.getExcludeOutside(); }

private:
  Type realType() { return vector ? Type(VectorType::get(emitter.lanes, b.getF32Type())) : b.getF32Type(); }
  Value spread(Value value) { return vector ? emitter.spread(value) : value; }
  Value scalarNumber(double value) { return b.create<arith::ConstantOp>(b.getF32FloatAttr(value)); }
  Value number(double value) { return spread(scalarNumber(value)); }
  Value toReal(Value index) {
    Type wide = vector ? Type(VectorType::get(emitter.lanes, b.getI32Type())) : b.getI32Type();
    return b.create<arith::SIToFPOp>(realType(), b.create<arith::IndexCastOp>(wide, index));
  }
  Value real(const Dim &dim) {
    Value wide = b.create<arith::IndexCastOp>(b.getI64Type(), kernel.dim(dim));
    return spread(b.create<arith::SIToFPOp>(b.getF32Type(), wide));
  }
  Value toIndex(Value value) {
    Type narrow = vector ? Type(VectorType::get(emitter.lanes, b.getI32Type())) : b.getI32Type();
    Type index = vector ? Type(VectorType::get(emitter.lanes, b.getIndexType())) : b.getIndexType();
    return b.create<arith::IndexCastOp>(index, b.create<arith::FPToSIOp>(narrow, value));
  }
  AxisPoint clamped(Value index) {
    index =
        b.create<arith::MaxSIOp>(b.create<arith::MinSIOp>(index, spread(kernel.dim(in - 1))), spread(kernel.index(0)));
    return vector ? AxisPoint{kernel.index(0), 0, index} : AxisPoint{index, 0, {}};
  }

  /// min(scale, 1).
  Value shrink(bool scalar) {
    if (!scalar)
      return b.create<arith::MinimumFOp>(scale, number(1));
    bool before = std::exchange(vector, false);
    double known = op.getScales()[axis];
    Value value = known != 0 ? number(known) : b.create<arith::DivFOp>(real(out), real(in)).getResult();
    value = b.create<arith::MinimumFOp>(value, number(1));
    vector = before;
    return value;
  }
  /// Where output coordinate `x` lies in the input.
  Value original(Value x) {
    StringRef mode = op.getCoordinates();
    auto half = [&] { return b.create<arith::DivFOp>(b.create<arith::AddFOp>(x, number(0.5)), scale).getResult(); };
    auto halfPixel = [&] { return b.create<arith::SubFOp>(half(), number(0.5)).getResult(); };
    auto unlessOne = [&](Value value) {
      Value many = b.create<arith::CmpIOp>(arith::CmpIPredicate::sgt, kernel.dim(out), kernel.index(1));
      return b.create<arith::SelectOp>(many, value, number(0)).getResult();
    };
    if (mode == "asymmetric")
      return b.create<arith::DivFOp>(x, scale);
    if (mode == "align_corners") { // the last output of an extent that scales to a fraction lies before the last input
      Value width = op.getScales()[axis] != 0 ? b.create<arith::MulFOp>(scale, real(in)).getResult() : real(out);
      Value span = b.create<arith::MaximumFOp>(b.create<arith::SubFOp>(width, number(1)), number(1));
      return unlessOne(b.create<arith::DivFOp>(b.create<arith::MulFOp>(x, real(in - 1)), span));
    }
    if (mode == "pytorch_half_pixel")
      return unlessOne(halfPixel());
    if (mode == "tf_half_pixel_for_nn")
      return half();
    if (mode == "half_pixel_symmetric") { // centered where the extent is not scale * input
      Value adjustment = b.create<arith::DivFOp>(real(out), b.create<arith::MulFOp>(scale, real(in)));
      Value center = b.create<arith::MulFOp>(real(in), number(0.5));
      Value offset = b.create<arith::MulFOp>(center, b.create<arith::SubFOp>(number(1), adjustment));
      return b.create<arith::AddFOp>(offset, halfPixel());
    }
    return halfPixel();
  }

  /// max(1 - |d|, 0).
  Value tent(Value d) {
    Value weight = b.create<arith::SubFOp>(number(1), b.create<math::AbsFOp>(d));
    return b.create<arith::MaximumFOp>(weight, number(0));
  }

  /// Keys' kernel with parameter a.
  Value cubic(Value d) {
    double a = op.getCubicCoeff().convertToDouble();
    Value x = b.create<math::AbsFOp>(d);
    auto polynomial = [&](double c3, double c2, double c1, double c0) -> Value {
      Value value = number(c3);
      for (double c : {c2, c1, c0})
        value = b.create<arith::AddFOp>(b.create<arith::MulFOp>(value, x), number(c));
      return value;
    };
    Value near = polynomial(a + 2, -(a + 3), 0, 1), far = polynomial(a, -5 * a, 8 * a, -4 * a);
    Value isNear = b.create<arith::CmpFOp>(arith::CmpFPredicate::OLE, x, number(1));
    Value isFar = b.create<arith::CmpFOp>(arith::CmpFPredicate::OLT, x, number(2));
    return b.create<arith::SelectOp>(isNear, near, b.create<arith::SelectOp>(isFar, far, number(0)));
  }

  ElementEmitter &emitter;
  KernelFunction &kernel;
  ImplicitLocOpBuilder &b;
  ResizeOp op;
  int64_t axis;
  Dim in, out;
  bool vector;
  Value scale, position, floor, ratio;
};

} // namespace

Value ElementEmitter::resize(ResizeOp op, const Point &point) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Type element = elementOf(op.getOperand()), f32 = b.getF32Type(), wide = element.isF64() ? element : f32;
  Point inner = point;
  SmallVector<std::pair<int64_t, ResizeAxis>> axes;
  for (auto [axis, scale] : llvm::enumerate(op.getScales())) {
    bool sameExtent = dimOf(op.getOperand(), axis) == dimOf(op.getResult(), axis);
    if (sameExtent && (scale == 1 || scale == 0))
      continue;
    ResizeAxis line(*this, op, axis, point[axis]);
    if (op.getMode() == "nearest")
      inner[axis] = line.nearest();
    else
      axes.push_back({int64_t(axis), line});
  }
  if (axes.empty())
    return at(op.getOperand(), inner);

  std::function<Value(size_t)> interpolate = [&](size_t level) -> Value {
    if (level == axes.size())
      return emitCast(b, at(op.getOperand(), inner), element, wide);
    auto &[axis, line] = axes[level];
    Value sum = b.create<arith::ConstantOp>(b.getZeroAttr(valueType(wide))), weights = sum;
    auto add = [&](Value offset, Value sum, Value weights) {
      auto [place, weight] = line.tap(offset);
      inner[axis] = place;
      weight = emitCast(b, spread(weight), f32, wide);
      sum = b.create<arith::AddFOp>(sum, b.create<arith::MulFOp>(interpolate(level + 1), weight));
      return std::pair(sum, line.normalizes() ? b.create<arith::AddFOp>(weights, weight).getResult() : weights);
    };
    if (op.getAntialias()) {
      auto [first, last] = line.spreadTaps();
      // The induction variable counts from 0: offsets may be negative.
      auto loop = b.create<scf::ForOp>(kernel.index(0), b.create<arith::SubIOp>(last, first), kernel.index(1),
                                       ValueRange{sum, weights});
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      auto [next, total] = add(b.create<arith::AddIOp>(loop.getInductionVar(), first), loop.getRegionIterArg(0),
                               loop.getRegionIterArg(1));
      b.create<scf::YieldOp>(ValueRange{next, total});
      sum = loop.getResult(0);
      weights = loop.getResult(1);
    } else {
      auto [first, last] = line.taps();
      for (int64_t offset = first; offset < last; ++offset)
        std::tie(sum, weights) = add(kernel.index(offset), sum, weights);
    }
    return line.normalizes() ? b.create<arith::DivFOp>(sum, weights).getResult() : sum;
  };
  return emitCast(b, interpolate(0), wide, element);
}

} // namespace quern
