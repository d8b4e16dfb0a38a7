// Resize and its ancestor Upsample: the output extents and scales of every axis; graph.resize interpolates.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

namespace {
/// What a Resize asks for, one entry per axis of the input.
struct Request {
  SmallVector<Dim> extents;
  SmallVector<double> scales; // 0: output / input, known only at run time
};
} // namespace

/// floor(extent * scale). Exact for symbolic extents where the scale is a ratio of small integers.
static std::optional<Dim> scaled(const Dim &extent, double scale) {
  if (std::optional<int64_t> value = extent.constant()) {
    double result = std::floor(double(*value) * scale);
    return result >= 0 && result < 9e18 ? std::optional(Dim(int64_t(result))) : std::nullopt;
  }
  for (int64_t denominator = 1; denominator <= 64; ++denominator) {
    double numerator = scale * double(denominator);
    if (numerator == std::floor(numerator) && numerator < 1e6)
      return (extent * int64_t(numerator)).floordiv(denominator);
  }
  return std::nullopt;
}

static llvm::Expected<Request> byScales(NodeLowering &node, ArrayRef<double> scales, ArrayRef<int64_t> axes) {
  Request request{graph::dimsOf(node.operand(0)), {}};
  request.scales.assign(request.extents.size(), 1.0);
  if (scales.size() != axes.size())
    return node.error(ErrorKind::Model, "has {0} scales for {1} axes", scales.size(), axes.size());
  for (auto [scale, axis] : llvm::zip(scales, axes)) {
    if (!(scale > 0))
      return node.error(ErrorKind::Model, "has a scale of {0}; scales must be positive", scale);
    std::optional<Dim> extent = scaled(request.extents[axis], scale);
    if (!extent)
      return node.error(ErrorKind::Unsupported, "scales axis {0} of extent {1} by {2}; make that axis static", axis,
                        request.extents[axis].str(), scale);
    request.extents[axis] = *extent;
    request.scales[axis] = scale;
  }
  return request;
}

/// The sizes that keep the aspect ratio: one scale for all axes, and extents rounded half up.
static llvm::Error keepAspectRatio(NodeLowering &node, Request &request, ArrayRef<int64_t> axes,
                                   llvm::StringRef policy) {
  SmallVector<Dim> from = graph::dimsOf(node.operand(0));
  std::optional<double> common;
  for (int64_t axis : axes) {
    std::optional<int64_t> in = from[axis].constant(), out = request.extents[axis].constant();
    if (!in || !out || *in == 0)
      return node.error(ErrorKind::Unsupported, "keep_aspect_ratio_policy {0} needs static extents", quoted(policy));
    double scale = double(*out) / double(*in);
    common = !common ? scale : policy == "not_larger" ? std::min(*common, scale) : std::max(*common, scale);
  }
  for (int64_t axis : axes) {
    request.extents[axis] = int64_t(std::floor(*common * double(*from[axis].constant()) + 0.5));
    request.scales[axis] = *common;
  }
  return llvm::Error::success();
}

static llvm::Expected<Request> bySizes(NodeLowering &node, ArrayRef<Dim> sizes, ArrayRef<int64_t> axes) {
  SmallVector<Dim> from = graph::dimsOf(node.operand(0));
  Request request{from, SmallVector<double>(from.size(), 1.0)};
  if (sizes.size() != axes.size())
    return node.error(ErrorKind::Model, "has {0} sizes for {1} axes", sizes.size(), axes.size());
  for (auto [size, axis] : llvm::zip(sizes, axes)) {
    request.extents[axis] = size;
    if (size == from[axis])
      continue;
    std::optional<Dim> multiple = size.dividedBy(from[axis]);
    std::optional<int64_t> in = from[axis].constant(), out = size.constant(),
                           times = multiple ? multiple->constant() : std::nullopt;
    request.scales[axis] = in && out && *in ? double(*out) / double(*in) : times ? double(*times) : 0.0;
  }
  llvm::StringRef policy = node.text("keep_aspect_ratio_policy", "stretch");
  if (policy != "stretch")
    if (llvm::Error error = keepAspectRatio(node, request, axes, policy))
      return error;
  return request;
}

static Value resize(NodeLowering &node, const Request &request, llvm::StringRef mode, llvm::StringRef coordinates,
                    llvm::StringRef nearest) {
  Value x = node.operand(0);
  bool same = llvm::all_of(request.scales, [](double scale) { return scale == 1.0; });
  if (same && ArrayRef(graph::dimsOf(x)) == ArrayRef(request.extents))
    return x;
  for (auto [from, to] : llvm::zip(graph::dimsOf(x), request.extents))
    if (from != to)
      node.guardNotEmpty(from, to);
  return node.createAs<graph::ResizeOp>(
      node.type(request.extents, graph::elementOf(x)), x, mode, coordinates, nearest, ArrayRef<double>(request.scales),
      llvm::APFloat(node.real("cubic_coeff_a", -0.75)), bool(node.integer("exclude_outside", 0)),
      bool(node.integer("antialias", 0)), llvm::APFloat(node.real("extrapolation_value", 0)));
}

/// Upsample, and Resize of opset 10: scales only; pixels begin at 0 and are floored.
static Lowered lowerOldResize(NodeLowering &node) {
  SmallVector<double> scales;
  int64_t rank = graph::rankOf(node.operand(0));
  llvm::StringRef mode = node.text("mode", "nearest");
  Interpolation how{mode == "bilinear" ? "linear" : mode, "asymmetric", "floor", /*scales=*/1};
  if (node.version() >= 9) {
    if (llvm::Error error = node.expectOperands(2, 2))
      return error;
    std::optional<SmallVector<double>> known = node.knownReals(1);
    if (!known)
      return resizeByData(node, llvm::to_vector(llvm::seq<int64_t>(rank)), how);
    scales = *known;
  } else if (auto given = node.reals("scales")) {
    scales = *given;
  } else {
    scales.assign(rank, 1.0);
    if (rank < 2)
      return node.error(ErrorKind::Model, "takes images, got {0}", node.operand(0).getType());
    scales[rank - 2] = node.real("height_scale", 1);
    scales[rank - 1] = node.real("width_scale", 1);
  }
  llvm::Expected<Request> request = byScales(node, scales, llvm::to_vector(llvm::seq<int64_t>(rank)));
  if (!request)
    return request.takeError();
  return one(resize(node, *request, how.mode, how.coordinates, how.nearest));
}

static llvm::Error checkNames(NodeLowering &node, llvm::StringRef mode, llvm::StringRef coordinates,
                              llvm::StringRef nearest) {
  if (!llvm::is_contained({"nearest", "linear", "cubic"}, mode))
    return node.error(ErrorKind::Model, "mode is {0}; it must be nearest, linear or cubic", quoted(mode));
  if (!llvm::is_contained({"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
                           "tf_half_pixel_for_nn", "tf_crop_and_resize"},
                          coordinates))
    return node.error(ErrorKind::Model, "coordinate_transformation_mode is {0}, which does not exist",
                      quoted(coordinates));
  if (!llvm::is_contained({"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}, nearest))
    return node.error(ErrorKind::Model, "nearest_mode is {0}, which does not exist", quoted(nearest));
  return llvm::Error::success();
}

Lowered onnx::lowerResize(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 4))
    return error;
  if (node.opType() == "Upsample" || node.version() < 11)
    return lowerOldResize(node);
  int64_t rank = graph::rankOf(node.operand(0));
  llvm::Expected<SmallVector<int64_t>> axes =
      node.axes(node.integers("axes").value_or(llvm::to_vector(llvm::seq<int64_t>(rank))), rank);
  if (!axes)
    return axes.takeError();
  llvm::StringRef mode = node.text("mode", "nearest"),
                  coordinates = node.text("coordinate_transformation_mode", "half_pixel");
  llvm::StringRef nearest = node.text("nearest_mode", "round_prefer_floor");
  if (llvm::Error error = checkNames(node, mode, coordinates, nearest))
    return error;

  // An empty tensor stands for scales that are left out, where the node has sizes.
  bool hasScales = node.has(2) && !product(graph::dimsOf(node.operand(2))).isEqualTo(0);
  if (hasScales == node.has(3))
    return node.error(ErrorKind::Model, "must have either scales or sizes");
  std::optional<SmallVector<double>> scales = hasScales ? node.knownReals(2) : std::nullopt;
  bool keepsRatio = !hasScales && node.text("keep_aspect_ratio_policy", "stretch") != "stretch";
  if ((hasScales && !scales) || (keepsRatio && !node.knownInts(3)) || coordinates == "tf_crop_and_resize")
    return resizeByData(node, *axes, {mode, coordinates, nearest, /*scales=*/2});
  llvm::Expected<Request> request = Request();
  if (hasScales) {
    request = byScales(node, *scales, *axes);
  } else {
    request = bySizes(node, node.readDims(3), *axes);
  }
  if (!request)
    return request.takeError();
  return one(resize(node, *request, mode, coordinates, nearest));
}
