// Normalizations. Those over trailing axes are graph.layer_norm with elementwise scale and bias behind it; the
// inference form of BatchNormalization is a scale and a shift per channel, which fold into the convolution before it.
#include "frontends/onnx/lowering/Normalization.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::onnx;

/// [1, C, 1...] for a value of one element per channel.
static Value perChannel(NodeLowering &node, Value value, int64_t rank) {
  if (rankOf(value) != 1) {
    node.fail(node.error(ErrorKind::Model, "a scale or bias has rank {0}, expected 1", rankOf(value)));
    return value;
  }
  SmallVector<Dim> dims(rank, 1);
  dims[1] = dimOf(value, 0);
  return node.reshape(value, dims);
}

static llvm::Error requireRank(NodeLowering &node, int64_t least) {
  if (llvm::Error error = node.expectOperands(1))
    return error;
  int64_t rank = rankOf(node.operand(0));
  if (rank >= least)
    return llvm::Error::success();
  return node.error(ErrorKind::Model, "the input has rank {0}, expected {1} or more", rank, least);
}

/// The type to compute statistics in: f32 where stash_type says so or the operand is narrower, else the operand's.
static Type statisticsType(NodeLowering &node, Type element) {
  return element.getIntOrFloatBitWidth() < 32 ? Type(node.builder.getF32Type()) : element;
}

Value onnx::layerNorm(NodeLowering &node, Value x, int64_t axis, double epsilon, bool centered) {
  Type element = elementOf(x);
  Value wide = node.cast(x, statisticsType(node, element));
  return node.cast(node.create<LayerNormOp>(wide, axis, llvm::APFloat(epsilon), centered), element);
}

//===--- BatchNormalization -----------------------------------------------------------------===//

/// One value per channel, or per channel and place (spatial = 0 before version 9), as it broadcasts to the operand.
static Value broadcastable(NodeLowering &node, size_t operand, int64_t rank) {
  Value value = node.operand(operand);
  if (rankOf(value) == 1)
    return rank == 1 ? value : perChannel(node, value, rank);
  SmallVector<int64_t> batch = {0};
  return node.unsqueeze(value, batch);
}

/// Training mode: normalizes with the batch's own statistics and moves the running ones toward them.
static Lowered batchNormTraining(NodeLowering &node, double epsilon) {
  Value x = node.operand(0);
  int64_t rank = rankOf(x);
  double momentum = node.real("momentum", 0.9);
  SmallVector<int64_t> axes = {0};
  for (int64_t axis = 2; axis < rank; ++axis)
    axes.push_back(axis);
  Type wide = statisticsType(node, elementOf(x));
  Value xw = node.cast(x, wide), mean = node.reduce(xw, axes, ReduceKind::mean);
  Value centered = node.sub(xw, mean), variance = node.reduce(node.mul(centered, centered), axes, ReduceKind::mean);
  Value y = node.div(centered, node.sqrt(node.add(variance, epsilon)));
  Value scale = node.cast(broadcastable(node, 1, rank), wide), bias = node.cast(broadcastable(node, 2, rank), wide);
  y = node.cast(node.add(node.mul(y, scale), bias), elementOf(x));

  auto moved = [&](size_t operand, Value current) {
    Value running = node.cast(node.operand(operand), wide);
    Value now = node.reshape(current, dimsOf(running));
    Value sum = node.add(node.mul(running, momentum), node.mul(now, 1.0 - momentum));
    return node.cast(sum, elementOf(node.operand(operand)));
  };
  SmallVector<Value> results(node.numResults());
  results[0] = y;
  if (node.wantsResult(1))
    results[1] = moved(3, mean);
  if (node.wantsResult(2))
    results[2] = moved(4, variance);
  return results;
}

Lowered onnx::lowerBatchNormalization(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(5, 5))
    return error;
  if (llvm::Error error = requireRank(node, 1))
    return error;
  Value x = node.operand(0);
  double epsilon = node.real("epsilon", 1e-5);
  if (node.version() >= 14 && node.integer("training_mode", 0))
    return batchNormTraining(node, epsilon);
  for (size_t i = 1; i < node.numResults(); ++i)
    if (node.wantsResult(i))
      return node.error(ErrorKind::Unsupported, "result {0} exists only in training before version 14", i);

  // y = x * (scale / sqrt(variance + epsilon)) + (bias - mean * that), both constants as a rule.
  int64_t rank = rankOf(x);
  Type wide = statisticsType(node, elementOf(x));
  auto parameter = [&](size_t i) { return node.cast(broadcastable(node, i, rank), wide); };
  Value factor = node.div(parameter(1), node.sqrt(node.add(parameter(4), epsilon)));
  Value shift = node.sub(parameter(2), node.mul(parameter(3), factor));
  Value y = node.add(node.mul(node.cast(x, wide), factor), shift);
  SmallVector<Value> results(node.numResults());
  results[0] = node.cast(y, elementOf(x));
  return results;
}

//===--- Over trailing axes -----------------------------------------------------------------===//

static SmallVector<int64_t> axesFrom(Value x, int64_t axis) {
  return llvm::to_vector(llvm::seq<int64_t>(axis, rankOf(x)));
}

SmallVector<Value, 2> onnx::layerStatistics(NodeLowering &node, Value x, int64_t axis, double epsilon, bool centered) {
  Value wide = node.cast(x, statisticsType(node, elementOf(x))), mean;
  if (centered) {
    mean = node.reduce(wide, axesFrom(x, axis), ReduceKind::mean);
    wide = node.sub(wide, mean);
  }
  Value variance = node.reduce(node.mul(wide, wide), axesFrom(x, axis), ReduceKind::mean);
  Value deviation = node.sqrt(node.add(variance, epsilon));
  return {mean, node.div(node.constant(1.0, deviation.getType()), deviation)};
}

/// The axis attribute of a normalization over trailing axes.
static llvm::Expected<int64_t> readAxis(NodeLowering &node) {
  if (llvm::Error error = requireRank(node, 1))
    return error;
  return node.axis(node.integer("axis", -1), rankOf(node.operand(0)));
}

Lowered onnx::lowerLayerNormalization(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 3))
    return error;
  llvm::Expected<int64_t> axis = readAxis(node);
  if (!axis)
    return axis.takeError();
  Value x = node.operand(0);
  double epsilon = node.real("epsilon", 1e-5);
  Value y = node.mul(layerNorm(node, x, *axis, epsilon, /*centered=*/true), node.operand(1));
  if (node.has(2))
    y = node.add(y, node.operand(2));
  SmallVector<Value> results = {y, Value(), Value()};
  if (node.wantsResult(1) || node.wantsResult(2)) {
    auto statistics = layerStatistics(node, x, *axis, epsilon, /*centered=*/true);
    results[1] = statistics[0];
    results[2] = statistics[1];
  }
  results.resize(node.numResults());
  return results;
}

/// RMSNormalization and ONNX Runtime's SimplifiedLayerNormalization, whose second result is 1 / RMS.
Lowered onnx::lowerRmsNormalization(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  llvm::Expected<int64_t> axis = readAxis(node);
  if (!axis)
    return axis.takeError();
  Value x = node.operand(0), scale = node.operand(1);
  double epsilon = node.real("epsilon", 1e-5);
  Value y = layerNorm(node, x, *axis, epsilon, /*centered=*/false);
  SmallVector<Value> results(node.numResults());
  // The scale's type is the result's.
  results[0] = node.mul(node.cast(y, elementOf(scale)), scale);
  if (node.wantsResult(1))
    results[1] = layerStatistics(node, x, *axis, epsilon, /*centered=*/false)[1];
  return results;
}

Lowered onnx::lowerInstanceNormalization(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(3, 3))
    return error;
  if (llvm::Error error = requireRank(node, 3))
    return error;
  Value x = node.operand(0);
  int64_t rank = rankOf(x);
  Value y = layerNorm(node, x, 2, node.real("epsilon", 1e-5), /*centered=*/true);
  y = node.add(node.mul(y, perChannel(node, node.operand(1), rank)), perChannel(node, node.operand(2), rank));
  return SmallVector<Value>{y};
}

Lowered onnx::lowerGroupNormalization(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(3, 3))
    return error;
  if (llvm::Error error = requireRank(node, 3))
    return error;
  Value x = node.operand(0), scale = node.operand(1), bias = node.operand(2);
  SmallVector<Dim> dims = dimsOf(x), grouped = dims;
  int64_t groups = node.integer("num_groups", 0), rank = dims.size();
  if (groups < 1 || (dims[1].isConstant() && *dims[1].constant() % groups != 0))
    return node.error(ErrorKind::Model, "num_groups is {0}, expected a divisor of the {1} channels", groups,
                      dims[1].str());

  grouped[1] = groups;
  grouped.insert(grouped.begin() + 2, dims[1].floordiv(groups));
  Value y = layerNorm(node, node.reshape(x, grouped), 2, node.real("epsilon", 1e-5), /*centered=*/true);
  // Scale and bias have one element per group in version 18, one per channel from version 21 on.
  bool perGroup = node.version() < 21;
  if (!perGroup)
    y = node.reshape(y, dims);
  int64_t over = perGroup ? rank + 1 : rank;
  y = node.add(node.mul(y, perChannel(node, scale, over)), perChannel(node, bias, over));
  return SmallVector<Value>{node.reshape(y, dims)};
}

//===--- Others -----------------------------------------------------------------------------===//

Lowered onnx::lowerLpNormalization(NodeLowering &node) {
  llvm::Expected<int64_t> axis = readAxis(node);
  if (!axis)
    return axis.takeError();
  int64_t p = node.integer("p", 2);
  if (p != 1 && p != 2)
    return node.error(ErrorKind::Model, "p is {0}, expected 1 or 2", p);
  Value x = node.operand(0);
  Value norm = p == 1 ? node.reduce(node.unary<AbsOp>(x), {*axis}, ReduceKind::sum)
                      : node.sqrt(node.reduce(node.mul(x, x), {*axis}, ReduceKind::sum));
  // A row of zeros stays one.
  Value zero = node.constant(0.0, x.getType());
  return SmallVector<Value>{node.select(node.compare(CompareKind::eq, norm, zero), zero, node.div(x, norm))};
}

Lowered onnx::lowerMeanVarianceNormalization(NodeLowering &node) {
  if (llvm::Error error = requireRank(node, 1))
    return error;
  Value x = node.operand(0);
  auto axes = node.axes(node.integers("axes").value_or(SmallVector<int64_t>{0, 2, 3}), rankOf(x));
  if (!axes)
    return axes.takeError();
  // As in the operator's definition: the variance as E[x^2] - E[x]^2, and 1e-9 added to the deviation.
  Value mean = node.reduce(x, *axes, ReduceKind::mean);
  Value square = node.reduce(node.mul(x, x), *axes, ReduceKind::mean);
  Value deviation = node.sqrt(node.sub(square, node.mul(mean, mean)));
  return SmallVector<Value>{node.div(node.sub(x, mean), node.add(deviation, 1e-9))};
}

/// x / (bias + alpha/size * sum of squares over `size` neighbouring channels)^beta. The sum over size is an average
/// pool over the channels: [N, C, D...] -> [N, 1, C, D].
Lowered onnx::lowerLrn(NodeLowering &node) {
  if (llvm::Error error = requireRank(node, 3))
    return error;
  Value x = node.operand(0);
  int64_t size = node.integer("size", 0);
  if (size < 1 || size > (1 << 20))
    return node.error(ErrorKind::Model, "size is {0}, expected 1 or more", size);
  double alpha = node.real("alpha", 1e-4), beta = node.real("beta", 0.75), bias = node.real("bias", 1.0);
  SmallVector<Dim> dims = dimsOf(x), planes = {dims[0], 1, dims[1], quern::product(ArrayRef(dims).drop_front(2))};
  SmallVector<int64_t> kernel = {size, 1}, ones = {1, 1}, pads = {(size - 1) / 2, 0, size / 2, 0};
  Value mean = node.create<PoolOp>(node.reshape(node.mul(x, x), planes), PoolKind::average, kernel, ones, ones, pads,
                                   /*ceil=*/false, /*count_padding=*/true, /*blocked=*/false);
  Value base = node.add(node.mul(node.reshape(mean, dims), alpha), bias);
  return SmallVector<Value>{node.div(x, node.binary<PowOp>(base, node.constant(beta, x.getType())))};
}
