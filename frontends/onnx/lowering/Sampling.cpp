// Sampling at places that are data: AffineGrid makes them, GridSample reads an image there.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;

//===--- AffineGrid -------------------------------------------------------------------------===//

/// The normalized places of the outputs along one axis: from -1 to 1, of corners or of the middles of pixels.
static Value normalized(NodeLowering &node, const Dim &extent, Type element, bool corners) {
  Value index = node.cast(node.iota({extent}, 0, node.builder.getI64Type()), element);
  Value count = node.cast(node.dimVector({extent}, node.builder.getI64Type(), /*rank0=*/true), element);
  if (corners)
    return node.sub(node.div(node.mul(index, 2.0), node.max(node.sub(count, 1.0), 1.0)), 1.0);
  return node.sub(node.div(node.add(node.mul(index, 2.0), 1.0), count), 1.0);
}

/// theta [N, d, d + 1] times the homogeneous places (x first) of an output of `size` [N, C, D...].
Lowered onnx::lowerAffineGrid(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  Value theta = node.operand(0);
  SmallVector<Dim> size = node.readDims(1);
  int64_t spatial = int64_t(size.size()) - 2;
  if (node.failed() || graph::rankOf(theta) != 3 || spatial < 2 || spatial > 3)
    return node.error(ErrorKind::Model, "takes theta [N, 2, 3] with four sizes or [N, 3, 4] with five, got {0}",
                      theta.getType());
  Type element = graph::elementOf(theta);
  bool corners = node.integer("align_corners", 0);
  SmallVector<Dim> places(size.begin() + 2, size.end());
  SmallVector<Value> coordinates;
  auto spread = [&](Value value) { return node.unsqueeze(node.broadcast(value, places), {spatial}); };
  for (int64_t axis = spatial - 1; axis >= 0; --axis) {
    SmallVector<Dim> along(spatial, 1);
    along[axis] = places[axis];
    coordinates.push_back(spread(node.reshape(normalized(node, places[axis], element, corners), along)));
  }
  coordinates.push_back(spread(node.constant(1.0, element)));
  Value grid = node.reshape(node.concat(coordinates, spatial), {1, product(places), spatial + 1});
  Value moved = node.matmul(grid, node.transpose(theta, {0, 2, 1}));
  SmallVector<Dim> dims = {size[0]};
  dims.append(places);
  dims.push_back(spatial);
  return one(node.reshape(moved, dims));
}

//===--- GridSample -------------------------------------------------------------------------===//

namespace {
enum class Padding { zeros, border, reflection };

/// One spatial axis of the image, and what lies at places along it. Places are floats.
struct SampledAxis {
  NodeLowering &node;
  Dim extent;
  Padding padding;
  bool corners;
  Value count, low, high; // scalars: the extent, and where the image ends

  SampledAxis(NodeLowering &node, const Dim &extent, Padding padding, bool corners, Type element)
      : node(node), extent(extent), padding(padding), corners(corners) {
    count = node.cast(node.dimVector({extent}, node.builder.getI64Type(), /*rank0=*/true), element);
    low = node.constant(corners ? 0.0 : -0.5, element);
    high = node.sub(count, corners ? 1.0 : 0.5);
  }

  /// From [-1, 1] to pixels.
  Value denormalize(Value x) {
    if (corners)
      return node.mul(node.div(node.add(x, 1.0), 2.0), node.sub(count, 1.0));
    return node.div(node.sub(node.mul(node.add(x, 1.0), count), 1.0), 2.0);
  }

  Value clamp(Value x) { return node.max(node.min(x, node.sub(count, 1.0)), 0.0); }

  /// Mirrored at the ends of the image until it lies inside.
  Value reflect(Value x) {
    Value range = node.sub(high, low), zero = node.constant(0.0, x.getType());
    Value flat = node.compare(CompareKind::le, range, zero);
    range = node.select(flat, node.constant(1.0, x.getType()), range);
    Value distance = node.unary<graph::AbsOp>(node.sub(x, low)), period = node.mul(range, 2.0);
    Value within = node.sub(distance, node.mul(node.unary<graph::FloorOp>(node.div(distance, period)), period));
    Value folded = node.sub(range, node.unary<graph::AbsOp>(node.sub(within, range)));
    return node.add(node.select(flat, zero, folded), low);
  }

  /// A place as the padding mode moves it before interpolation.
  Value moved(Value x) {
    if (padding == Padding::zeros)
      return x;
    Value outside =
        node.binary<graph::OrOp>(node.compare(CompareKind::lt, x, low), node.compare(CompareKind::gt, x, high));
    return node.select(outside, padding == Padding::border ? clamp(x) : reflect(x), x);
  }

  /// The pixel at a whole place, an i64 inside the image.
  Value pixel(Value place) {
    return node.cast(clamp(padding == Padding::reflection ? reflect(place) : place), node.builder.getI64Type());
  }
  Value isInside(Value place) {
    return node.binary<graph::AndOp>(node.compare(CompareKind::ge, place, node.constant(0.0, place.getType())),
                                     node.compare(CompareKind::lt, place, count));
  }
};

/// A whole place along an axis and its weight; null: 1.
struct Tap {
  Value place, weight;
};
} // namespace

/// Keys' cubic kernel with a = -0.75 at a distance in [0, 2].
static Value cubicWeight(NodeLowering &node, Value d) {
  Value square = node.mul(d, d), cube = node.mul(square, d);
  Value near = node.add(node.sub(node.mul(cube, 1.25), node.mul(square, 2.25)), 1.0);
  Value far = node.add(node.sub(node.sub(node.mul(square, 3.75), node.mul(cube, 0.75)), node.mul(d, 6.0)), 3.0);
  return node.select(node.compare(CompareKind::le, d, node.constant(1.0, d.getType())), near, far);
}

static SmallVector<Tap> tapsAt(NodeLowering &node, Value x, llvm::StringRef mode) {
  if (mode == "nearest")
    return {{x, Value()}};
  Value floor = node.unary<graph::FloorOp>(x), ratio = node.sub(x, floor);
  SmallVector<Tap> taps;
  bool cubic = mode == "cubic";
  for (int64_t tap = cubic ? -1 : 0; tap < (cubic ? 3 : 2); ++tap) {
    Value distance = node.unary<graph::AbsOp>(node.sub(node.constant(double(tap), x.getType()), ratio));
    Value weight = cubic ? cubicWeight(node, distance) : node.sub(node.constant(1.0, x.getType()), distance);
    taps.push_back({node.add(floor, double(tap)), weight});
  }
  return taps;
}

/// Sums the taps of all axes: x as [N, C, pixels], places as [N, outputs].
static Value sumOfTaps(NodeLowering &node, Value x, MutableArrayRef<SampledAxis> axes,
                       ArrayRef<SmallVector<Tap>> taps) {
  SmallVector<Dim> dims = graph::dimsOf(x);
  Value sum;
  auto add = [&](auto &&self, size_t level, Value pixel, Value weight, Value inside) -> void {
    if (level == axes.size()) {
      SmallVector<Dim> picked = {dims[0], dims[1], graph::dimOf(pixel, 1)};
      Value index = node.broadcast(node.unsqueeze(pixel, {1}), picked);
      Value value = node.createAs<graph::GatherElementsOp>(node.type(picked, graph::elementOf(x)), x, index, 2);
      if (inside)
        value = node.select(node.unsqueeze(inside, {1}), value, node.constant(0.0, x.getType()));
      if (weight)
        value = node.mul(value, node.cast(node.unsqueeze(weight, {1}), graph::elementOf(x)));
      sum = sum ? node.add(sum, value) : value;
      return;
    }
    SampledAxis &axis = axes[level];
    Value stride = node.dimVector({axis.extent}, node.builder.getI64Type(), /*rank0=*/true);
    for (const Tap &tap : taps[level]) {
      Value here = axis.pixel(tap.place), nextInside = inside, nextWeight = weight;
      if (axis.padding == Padding::zeros) {
        Value in = axis.isInside(tap.place);
        nextInside = inside ? node.binary<graph::AndOp>(inside, in) : in;
      }
      if (tap.weight)
        nextWeight = weight ? node.mul(weight, tap.weight) : tap.weight;
      self(self, level + 1, pixel ? node.add(node.mul(pixel, stride), here) : here, nextWeight, nextInside);
    }
  };
  add(add, 0, Value(), Value(), Value());
  return sum;
}

static std::optional<Padding> paddingMode(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Padding>>(name)
      .Case("zeros", Padding::zeros)
      .Case("border", Padding::border)
      .Case("reflection", Padding::reflection)
      .Default(std::nullopt);
}

Lowered onnx::lowerGridSample(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  Value x = node.operand(0), grid = node.operand(1);
  SmallVector<Dim> dims = graph::dimsOf(x), gridDims = graph::dimsOf(grid);
  int64_t spatial = int64_t(dims.size()) - 2;
  llvm::StringRef mode = node.text("mode", node.version() < 20 ? "bilinear" : "linear");
  mode = mode == "bilinear" ? "linear" : mode == "bicubic" ? "cubic" : mode;
  std::optional<Padding> padding = paddingMode(node.text("padding_mode", "zeros"));
  if (!padding || !llvm::is_contained({"linear", "nearest", "cubic"}, mode))
    return node.error(ErrorKind::Model, "has the mode {0} and padding_mode {1}", quoted(mode),
                      quoted(node.text("padding_mode", "zeros")));
  if (spatial < 1 || gridDims.size() != dims.size() || !isa<FloatType>(graph::elementOf(grid)))
    return node.error(ErrorKind::Model, "samples {0} at {1}; both must have as many axes, 3 or more", x.getType(),
                      grid.getType());
  if (mode == "cubic" && spatial > 3)
    return node.error(ErrorKind::Unsupported, "cubic sampling of {0} axes; at most 3 are supported", spatial);
  node.guard(gridDims.back(), spatial, "the grid's last axis must have a coordinate for each spatial axis");
  node.guard(gridDims[0], dims[0], "image and grid must have one batch");

  SmallVector<Dim> places(gridDims.begin() + 1, gridDims.end() - 1), result = {dims[0], dims[1]};
  result.append(places);
  Value flatGrid = node.reshape(grid, {gridDims[0], product(places), gridDims.back()});
  SmallVector<SampledAxis> axes;
  SmallVector<SmallVector<Tap>> taps;
  for (int64_t axis = 0; axis < spatial; ++axis) {
    SampledAxis &line = axes.emplace_back(node, dims[2 + axis], *padding, node.integer("align_corners", 0) != 0,
                                          graph::elementOf(grid));
    Value place =
        line.denormalize(node.squeeze(node.sliceAxis(flatGrid, 2, spatial - 1 - axis, 1), {2})); // the last axis first
    if (mode == "nearest")
      place = node.unary<graph::RoundOp>(place);
    taps.push_back(tapsAt(node, line.moved(place), mode));
  }
  Value flat = node.reshape(x, {dims[0], dims[1], product(ArrayRef(dims).drop_front(2))});
  return one(node.reshape(sumOfTaps(node, flat, axes, taps), result));
}
