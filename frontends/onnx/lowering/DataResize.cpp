// Resize whose scales, sizes or region of interest are data: along each axis, taps are gathered at places that are
// computed at run time, and weighted. Coordinates are f32, as in graph.resize.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;

namespace {
/// One axis: extents, and f32 scalars for output / input and the region of interest in parts of the input.
struct ResizedAxis {
  int64_t axis;
  Dim in, out;
  Value scale, from, to;
};

/// Interpolates along one axis of f32 places.
class AxisResizer {
public:
  AxisResizer(NodeLowering &node, const ResizedAxis &plan, const Interpolation &how)
      : node(node), plan(plan), how(how), f32(node.builder.getF32Type()), i64(node.builder.getI64Type()),
        in(number(plan.in)) {
    position = original(node.cast(node.iota({plan.out}, 0, i64), f32));
  }

  Value apply(Value x) {
    if (how.mode == "nearest")
      return pick(x, nearest());
    bool cubicMode = how.mode == "cubic";
    Value floor = node.unary<graph::FloorOp>(position), ratio = node.sub(position, floor), sum, total;
    for (int64_t tap = cubicMode ? -1 : 0; tap < (cubicMode ? 3 : 2); ++tap) {
      Value distance = node.unary<graph::AbsOp>(node.sub(node.constant(double(tap), f32), ratio));
      Value place = node.add(floor, double(tap)),
            weight = cubicMode ? cubic(distance) : node.sub(node.constant(1.0, f32), distance);
      if (node.integer("exclude_outside", 0))
        weight = node.select(outside(place), node.constant(0.0, f32), weight);
      Value part = node.mul(pick(x, place), alongAxis(x, weight));
      sum = sum ? node.add(sum, part) : part;
      total = total ? node.add(total, weight) : weight;
    }
    return node.integer("exclude_outside", 0) ? node.div(sum, alongAxis(x, total)) : sum;
  }

  /// Where a crop reaches out of the input, of the rank of `x`.
  Value extrapolated(Value x) { return node.reshape(outside(position), aligned(x)); }

private:
  Value number(const Dim &dim) { return node.cast(node.dimVector({dim}, i64, /*rank0=*/true), f32); }

  SmallVector<Dim> aligned(Value x) {
    SmallVector<Dim> dims(graph::rankOf(x), 1);
    dims[plan.axis] = plan.out;
    return dims;
  }
  Value alongAxis(Value x, Value weight) { return node.reshape(node.cast(weight, graph::elementOf(x)), aligned(x)); }

  /// Elements of `x` at whole f32 places, the nearest ones where they lie outside.
  Value pick(Value x, Value place) {
    Value last = node.dimVector({plan.in - 1}, i64, /*rank0=*/true);
    return node.gather(x, node.max(node.min(node.cast(place, i64), last), node.constantInt(0, i64)), plan.axis);
  }

  Value outside(Value place) {
    Value last = node.sub(in, 1.0), zero = node.constant(0.0, f32);
    return node.binary<graph::OrOp>(node.compare(CompareKind::lt, place, zero),
                                    node.compare(CompareKind::gt, place, last));
  }

  Value nearest() {
    llvm::StringRef rounding = how.nearest;
    if (rounding == "floor")
      return node.unary<graph::FloorOp>(position);
    if (rounding == "ceil")
      return node.unary<graph::CeilOp>(position);
    if (rounding == "round_prefer_ceil")
      return node.unary<graph::FloorOp>(node.add(position, 0.5));
    return node.unary<graph::CeilOp>(node.sub(position, 0.5));
  }

  /// Keys' cubic kernel at a distance in [0, 2].
  Value cubic(Value d) {
    double a = node.real("cubic_coeff_a", -0.75);
    Value square = node.mul(d, d), cube = node.mul(square, d);
    Value near = node.add(node.sub(node.mul(cube, a + 2), node.mul(square, a + 3)), 1.0);
    Value far = node.sub(node.add(node.sub(node.mul(cube, a), node.mul(square, 5 * a)), node.mul(d, 8 * a)), 4 * a);
    return node.select(node.compare(CompareKind::le, d, node.constant(1.0, f32)), near, far);
  }

  /// Where output coordinates lie in the input.
  Value original(Value x) {
    llvm::StringRef coordinates = how.coordinates;
    Value width = node.mul(plan.scale, in), single = node.compare(CompareKind::eq, width, node.constant(1.0, f32));
    Value span = node.select(single, node.constant(1.0, f32), node.sub(width, 1.0)), zero = node.constant(0.0, f32);
    Value halves = node.div(node.add(x, 0.5), plan.scale), halfPixel = node.sub(halves, 0.5);
    if (coordinates == "asymmetric")
      return node.div(x, plan.scale);
    if (coordinates == "align_corners")
      return node.select(single, zero, node.div(node.mul(x, node.sub(in, 1.0)), span));
    if (coordinates == "tf_half_pixel_for_nn")
      return halves;
    if (coordinates == "pytorch_half_pixel")
      return node.select(single, node.constant(-0.5, f32), halfPixel);
    if (coordinates == "half_pixel_symmetric") {
      Value adjustment = node.div(number(plan.out), width), center = node.mul(in, 0.5);
      return node.add(node.mul(center, node.sub(node.constant(1.0, f32), adjustment)), halfPixel);
    }
    if (coordinates == "tf_crop_and_resize") {
      Value last = node.sub(in, 1.0), region = node.mul(node.sub(plan.to, plan.from), last);
      Value inside = node.select(single, node.mul(region, 0.5), node.div(node.mul(x, region), span));
      return node.add(inside, node.mul(plan.from, last));
    }
    return halfPixel;
  }

  NodeLowering &node;
  const ResizedAxis &plan;
  const Interpolation &how;
  Type f32, i64;
  Value in, position;
};
} // namespace

/// The scale of each axis, f32 [axes], and the extents it makes, i64 [axes].
static llvm::Expected<std::pair<Value, Value>> scalesAndExtents(NodeLowering &node, Value from, size_t scalesInput) {
  Type f32 = node.builder.getF32Type(), i64 = node.builder.getI64Type();
  Value in = node.cast(from, f32);
  bool bySizes = node.has(3);
  Value given = node.operand(bySizes ? 3 : scalesInput);
  if (graph::rankOf(given) != 1)
    return node.error(ErrorKind::Model, "takes scales or sizes of one axis, got {0}", given.getType());
  node.guard(graph::dimOf(given, 0), graph::dimOf(from, 0), "must have a scale or size for each axis");
  if (!bySizes)
    return std::pair(given, node.cast(node.unary<graph::FloorOp>(node.mul(in, given)), i64));
  Value scales = node.div(node.cast(given, f32), in);
  llvm::StringRef policy = node.text("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch")
    return std::pair(scales, given);
  Value common = node.reduce(scales, {0}, policy == "not_larger" ? graph::ReduceKind::min : graph::ReduceKind::max);
  scales = node.broadcast(common, graph::dimsOf(in));
  return std::pair(scales, node.cast(node.unary<graph::FloorOp>(node.add(node.mul(in, scales), 0.5)), i64));
}

Lowered onnx::resizeByData(NodeLowering &node, ArrayRef<int64_t> axes, const Interpolation &how) {
  if (node.integer("antialias", 0))
    return node.error(ErrorKind::Unsupported, "antialias needs scales or sizes that are known at compile time");
  Value x = node.operand(0), region;
  SmallVector<Dim> dims = graph::dimsOf(x), from;
  for (int64_t axis : axes)
    from.push_back(dims[axis]);
  auto made = scalesAndExtents(node, node.dimVector(from), how.scales);
  if (!made)
    return made.takeError();
  SmallVector<Dim> extents = node.readDims(made->second);
  bool crops = how.coordinates == "tf_crop_and_resize";
  if (crops) {
    if (!node.has(1) || graph::rankOf(node.operand(1)) != 1)
      return node.error(ErrorKind::Model, "tf_crop_and_resize needs the input roi");
    region = node.cast(node.operand(1), node.builder.getF32Type());
    node.guard(graph::dimOf(region, 0), int64_t(2 * axes.size()), "roi must have two numbers for each axis");
  }
  if (node.failed() || extents.size() != axes.size())
    return one(x);

  auto at = [&](Value values, int64_t i) { return node.reshape(node.sliceAxis(values, 0, i, 1), {}); };
  Type element = graph::elementOf(x);
  bool blends = how.mode != "nearest" && !isa<FloatType>(element);
  Value y = blends ? node.cast(x, node.builder.getF32Type()) : x, beyond;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    ResizedAxis plan{axis, from[i], extents[i], at(made->first, i), Value(), Value()};
    if (crops) {
      plan.from = at(region, i);
      plan.to = at(region, axes.size() + i);
    }
    AxisResizer resizer(node, plan, how);
    y = resizer.apply(y);
    if (crops) {
      Value here = resizer.extrapolated(y);
      beyond = beyond ? node.binary<graph::OrOp>(beyond, here) : here;
    }
  }
  if (beyond)
    y = node.select(beyond, node.constant(node.real("extrapolation_value", 0), y.getType()), y);
  return one(node.cast(y, element));
}
