// Operators that cut tensors into boxes and put boxes together.
#include "dialects/graph/Evaluate.h"
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;

//===--- Concat and Split -------------------------------------------------------------------===//

Lowered onnx::lowerConcat(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(std::max<size_t>(1, node.numOperands())))
    return error;
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", 1), graph::rankOf(node.operand(0)));
  if (!axis)
    return axis.takeError();
  SmallVector<Value> parts;
  for (Value operand : node.allOperands())
    if (graph::rankOf(operand) != graph::rankOf(node.operand(0)) || !graph::dimOf(operand, *axis).isEqualTo(0))
      parts.push_back(operand);
  return one(parts.empty() ? node.operand(0) : node.concat(parts, *axis));
}

/// The extents of the parts of a Split along an axis of `extent`.
static llvm::Expected<SmallVector<Dim>> splitSizes(NodeLowering &node, const Dim &extent) {
  size_t count = node.numResults();
  SmallVector<Dim> sizes;
  if (node.has(1))
    sizes = node.readDims(1);
  else if (std::optional<SmallVector<int64_t>> given = node.integers("split"))
    sizes.assign(given->begin(), given->end());
  if (!sizes.empty()) {
    if (sizes.size() != count)
      return node.error(ErrorKind::Model, "split has {0} sizes for {1} outputs", sizes.size(), count);
    Dim sum = 0;
    for (const Dim &size : sizes)
      sum = sum + size;
    node.guard(sum, extent, "the sizes of split must add up to the axis");
    return sizes;
  }
  // Equal parts; since opset 18 the last one may be smaller.
  Dim part = node.version() < 18 ? extent.floordiv(count) : extent.ceildiv(count);
  if (node.version() < 18)
    node.guard(part * count, extent, "the axis must be a multiple of the number of outputs");
  for (size_t i = 0; i < count; ++i)
    sizes.push_back(graph::larger(graph::smaller(part, extent - part * i), 0));
  return sizes;
}

Lowered onnx::lowerSplit(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 2))
    return error;
  Value x = node.operand(0);
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", 0), graph::rankOf(x));
  if (!axis)
    return axis.takeError();
  llvm::Expected<SmallVector<Dim>> sizes = splitSizes(node, graph::dimOf(x, *axis));
  if (!sizes)
    return sizes.takeError();
  SmallVector<Value> parts;
  Dim start = 0;
  for (const Dim &size : *sizes) {
    parts.push_back(node.sliceAxis(x, *axis, start, size));
    start = start + size;
  }
  return parts;
}

//===--- Slice ------------------------------------------------------------------------------===//

namespace {
/// One axis of a Slice.
struct Cut {
  Dim start, size;
};
} // namespace

/// A position as ONNX means it: negative ones count from the end, and it is clamped into [low, high], where
/// [low, high] is [0, extent] for an end or a positive step. Nothing where the position's sign is not known.
static std::optional<Dim> clampPosition(const Dim &position, const Dim &extent, const Dim &low, const Dim &high) {
  std::optional<bool> negative = graph::decide(CompareKind::lt, position, 0);
  if (!negative)
    return std::nullopt;
  if (!*negative)
    return position.isEqualTo(INT64_MAX) ? high : graph::smaller(position, high); // "to the end"
  // extent - k, not below low: extent - min(k, extent - low) is the form in which sizes cancel.
  if (std::optional<int64_t> constant = position.constant(); constant && *constant < -INT64_MAX / 2)
    return low;
  return extent - graph::smaller(Dim(0) - position, extent - low);
}

/// The same for a position that is data: clamped at run time and then read as a symbol.
static Dim readPosition(NodeLowering &node, Value positions, int64_t i, const Dim &extent, const Dim &low,
                        const Dim &high) {
  Type i64 = node.builder.getI64Type();
  auto rank0 = RankedTensorType::get({}, i64);
  Value position = node.cast(node.reshape(node.sliceAxis(positions, 0, i, 1), {}), i64);
  Value back = node.add(position, node.dimVector(extent, rank0));
  position = node.select(node.compare(CompareKind::lt, position, node.constantInt(0, i64)), back, position);
  position = node.min(node.max(position, node.dimVector(low, rank0)), node.dimVector(high, rank0));
  // Symbols are never negative, but `low` may be -1.
  position = node.sub(position, node.dimVector(low, rank0));
  SmallVector<Dim> read = node.readDims(position);
  return read.empty() ? Dim(0) : read[0] + low;
}

static Cut cutAxis(NodeLowering &node, const Dim &extent, int64_t step,
                   llvm::function_ref<Dim(bool, const Dim &, const Dim &)> at) {
  if (step > 0) {
    Dim start = at(false, 0, extent), end = at(true, 0, extent);
    return {start, graph::larger((end - start).ceildiv(step), 0)};
  }
  // The start of an empty axis would be -1; no element is read then.
  Dim start = at(false, extent.isEqualTo(0) ? -1 : 0, extent - 1), end = at(true, -1, extent - 1);
  return {start, graph::smaller(graph::larger((start - end).ceildiv(-step), 0), extent)};
}

/// The integers of a Slice: attributes before opset 10, inputs since.
static llvm::Expected<std::optional<SmallVector<int64_t>>> sliceIntegers(NodeLowering &node, llvm::StringRef attribute,
                                                                         size_t input) {
  if (node.version() < 10)
    return node.integers(attribute);
  return attributeOrInput(node, attribute, input);
}

Lowered onnx::lowerSlice(NodeLowering &node) {
  bool byInput = node.version() >= 10;
  if (llvm::Error error = node.expectOperands(byInput ? 3 : 1, byInput ? 5 : 1))
    return error;
  Value x = node.operand(0);
  auto given = [&](llvm::StringRef name) {
    SmallVector<int64_t> values = node.integers(name).value_or(SmallVector<int64_t>());
    return node.integerVector(values);
  };
  Value starts = byInput ? node.operand(1) : given("starts"), ends = byInput ? node.operand(2) : given("ends");
  for (Value positions : {starts, ends})
    if (graph::rankOf(positions) != 1 || graph::dimOf(positions, 0).constant().value_or(INT64_MAX) > 64 ||
        !isa<IntegerType>(graph::elementOf(positions)))
      return node.error(ErrorKind::Unsupported, "needs starts and ends of a length known at compile time, got {0}",
                        positions.getType());
  if (byInput && ((node.has(3) && !node.knownInts(3)) || (node.has(4) && !node.knownInts(4))))
    return sliceByData(node, starts, ends, node.operand(3), node.operand(4));
  SmallVector<std::optional<Dim>> knownStarts = node.partlyKnown(starts), knownEnds = node.partlyKnown(ends);

  llvm::Expected<std::optional<SmallVector<int64_t>>> axesGiven = sliceIntegers(node, "axes", 3);
  if (!axesGiven)
    return axesGiven.takeError();
  auto inOrder = llvm::to_vector(llvm::seq<int64_t>(knownStarts.size()));
  llvm::Expected<SmallVector<int64_t>> axes = node.axes(*axesGiven ? **axesGiven : inOrder, graph::rankOf(x));
  if (!axes)
    return axes.takeError();
  llvm::Expected<std::optional<SmallVector<int64_t>>> stepsGiven = sliceIntegers(node, "steps", 4);
  if (!stepsGiven)
    return stepsGiven.takeError();
  SmallVector<int64_t> steps = *stepsGiven ? **stepsGiven : SmallVector<int64_t>(axes->size(), 1);
  if (axes->size() != knownStarts.size() || knownEnds.size() != knownStarts.size() ||
      steps.size() != knownStarts.size())
    return node.error(ErrorKind::Model, "has {0} starts, {1} ends, {2} axes and {3} steps; they must be as many",
                      knownStarts.size(), knownEnds.size(), axes->size(), steps.size());

  SmallVector<Dim> sizes = graph::dimsOf(x), allStarts(sizes.size(), 0);
  SmallVector<int64_t> allSteps(sizes.size(), 1);
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    if (steps[i] == 0)
      return node.error(ErrorKind::Model, "has a step of 0 along axis {0}", axis);
    steps[i] = std::max(steps[i], -INT64_MAX);
    Dim extent = sizes[axis];
    Cut cut = cutAxis(node, extent, steps[i], [&, i = i](bool end, const Dim &low, const Dim &high) {
      const std::optional<Dim> &position = (end ? knownEnds : knownStarts)[i];
      std::optional<Dim> clamped = position ? clampPosition(*position, extent, low, high) : std::nullopt;
      return clamped ? *clamped : readPosition(node, end ? ends : starts, i, extent, low, high);
    });
    allStarts[axis] = cut.size.isEqualTo(0) ? Dim(0) : cut.start;
    sizes[axis] = cut.size;
    allSteps[axis] = cut.size.isEqualTo(1) || cut.size.isEqualTo(0) ? 1 : steps[i];
  }
  return one(node.slice(x, allStarts, allSteps, sizes));
}

//===--- Pad and Tile -----------------------------------------------------------------------===//

static std::optional<graph::PadMode> padMode(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<graph::PadMode>>(name)
      .Case("constant", graph::PadMode::constant)
      .Case("reflect", graph::PadMode::reflect)
      .Case("edge", graph::PadMode::edge)
      .Case("wrap", graph::PadMode::wrap)
      .Default(std::nullopt);
}

/// The amounts of a Pad for each axis, where those that have any are data.
static std::pair<SmallVector<Dim>, SmallVector<Dim>> padsOfDataAxes(NodeLowering &node, int64_t count) {
  Value hits = axisHits(node, node.operand(3), graph::rankOf(node.operand(0)));
  auto amounts = [&](int64_t from) {
    return node.readDims(spreadOverAxes(node, node.sliceAxis(node.operand(1), 0, from, count), hits));
  };
  return {amounts(0), amounts(count)};
}

/// The value that a Pad adds; null where it is zero.
static llvm::Expected<Value> padValue(NodeLowering &node, bool byInput) {
  Value x = node.operand(0), value;
  if (byInput && node.has(2))
    value = scalar(node, node.operand(2));
  else if (!byInput)
    value = node.constant(node.real("value", 0), x.getType());
  if (value && (graph::rankOf(value) != 0 || graph::elementOf(value) != graph::elementOf(x)))
    return node.error(ErrorKind::Model, "pads {0} with {1}; it must be a scalar of the same type", x.getType(),
                      value.getType());
  return value;
}

Lowered onnx::lowerPad(NodeLowering &node) {
  bool byInput = node.version() >= 11;
  if (llvm::Error error = node.expectOperands(byInput ? 2 : 1, 4))
    return error;
  Value x = node.operand(0);
  int64_t rank = graph::rankOf(x);
  std::optional<graph::PadMode> mode = padMode(node.text("mode", "constant"));
  if (!mode)
    return node.error(ErrorKind::Model, "mode is {0}; it must be constant, reflect, edge or wrap",
                      quoted(node.text("mode", "")));

  llvm::Expected<Value> value = padValue(node, byInput);
  if (!value)
    return value.takeError();
  if (std::optional<int64_t> count = byInput ? dataAxes(node, 3) : std::nullopt) {
    if (graph::rankOf(node.operand(1)) != 1 || !graph::dimOf(node.operand(1), 0).isEqualTo(2 * *count))
      return node.error(ErrorKind::Model, "has pads of type {0} for {1} axes; it must have two for each",
                        node.operand(1).getType(), *count);
    auto [low, high] = padsOfDataAxes(node, *count);
    return node.failed() ? one(x) : one(node.pad(x, low, high, *value, *mode));
  }
  SmallVector<Dim> pads;
  if (byInput) {
    pads = node.readDims(1);
  } else {
    auto given = node.integers(node.version() < 2 ? "paddings" : "pads").value_or(SmallVector<int64_t>());
    pads.assign(given.begin(), given.end());
  }
  auto all = llvm::to_vector(llvm::seq<int64_t>(rank));
  llvm::Expected<std::optional<SmallVector<int64_t>>> given = attributeOrInput(node, "axes", 3);
  if (!given)
    return given.takeError();
  llvm::Expected<SmallVector<int64_t>> axes = node.axes(*given ? **given : all, rank);
  if (!axes)
    return axes.takeError();
  if (pads.size() != 2 * axes->size())
    return node.error(ErrorKind::Model, "has {0} pads for {1} axes; it must have two for each", pads.size(),
                      axes->size());
  SmallVector<Dim> low(rank, 0), high(rank, 0);
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    low[axis] = pads[i];
    high[axis] = pads[axes->size() + i];
  }
  if (*mode != graph::PadMode::constant) // what is repeated has to be there
    for (auto [i, extent] : llvm::enumerate(graph::dimsOf(x)))
      if (!low[i].isEqualTo(0) || !high[i].isEqualTo(0))
        node.guardNotEmpty(extent, 1);
  return one(node.pad(x, low, high, *value, *mode));
}

/// Each axis is cropped or padded around its middle; the odd element goes at the end.
Lowered onnx::lowerCenterCropPad(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  Value x = node.operand(0);
  SmallVector<Dim> dims = graph::dimsOf(x), sizes = node.readDims(1), low(dims.size(), 0), high(dims.size(), 0);
  auto all = llvm::to_vector(llvm::seq<int64_t>(dims.size()));
  llvm::Expected<SmallVector<int64_t>> axes = node.axes(node.integers("axes").value_or(all), dims.size());
  if (!axes)
    return axes.takeError();
  if (axes->size() != sizes.size())
    return node.error(ErrorKind::Model, "has {0} sizes for {1} axes", sizes.size(), axes->size());
  for (auto [axis, size] : llvm::zip(*axes, sizes)) {
    Dim cropped = graph::smaller(dims[axis], size), missing = size - cropped;
    x = node.sliceAxis(x, axis, (dims[axis] - cropped).floordiv(2), cropped);
    low[axis] = missing.floordiv(2);
    high[axis] = missing - low[axis];
  }
  return one(node.pad(x, low, high));
}

/// [a, b] tiled by [m, n] is [1, a, 1, b] stretched to [m, a, n, b] and seen as [m*a, n*b].
static Value tile(NodeLowering &node, Value x, ArrayRef<Dim> repeats) {
  SmallVector<Dim> from = graph::dimsOf(x), apart, stretched, result;
  for (auto [extent, repeat] : llvm::zip(from, repeats)) {
    if (!repeat.isEqualTo(1)) {
      apart.push_back(1);
      stretched.push_back(repeat);
    }
    apart.push_back(extent);
    stretched.push_back(extent);
    result.push_back(extent * repeat);
  }
  return node.reshape(node.broadcast(node.reshape(x, apart), stretched), result);
}

Lowered onnx::lowerTile(NodeLowering &node) {
  bool old = node.version() < 6; // one axis and its count of tiles
  if (llvm::Error error = node.expectOperands(old ? 3 : 2, old ? 3 : 2))
    return error;
  Value x = node.operand(0);
  SmallVector<Dim> repeats = node.readDims(1);
  if (old) {
    std::optional<SmallVector<int64_t>> axis = node.knownInts(2);
    if (!axis || axis->size() != 1 || repeats.size() != 1 || (*axis)[0] < 0 || (*axis)[0] >= graph::rankOf(x))
      return node.error(ErrorKind::Unsupported, "needs one constant axis and one count of tiles");
    Dim count = repeats[0];
    repeats.assign(graph::rankOf(x), 1);
    repeats[(*axis)[0]] = count;
  }
  if (int64_t(repeats.size()) != graph::rankOf(x))
    return node.error(ErrorKind::Model, "has {0} repeats for a tensor of {1} axes", repeats.size(), graph::rankOf(x));
  return one(tile(node, x, repeats));
}
