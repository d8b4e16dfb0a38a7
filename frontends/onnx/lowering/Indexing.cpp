// Operators that read or write elements at indices that are data, and those that are built of index arithmetic.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;

static llvm::Error expectIndices(NodeLowering &node, size_t input) {
  Type element = graph::elementOf(node.operand(input));
  if (element.isInteger(32) || element.isInteger(64))
    return llvm::Error::success();
  return node.error(ErrorKind::Model, "has indices of type {0}; they must be int32 or int64", element);
}

//===--- Gather -----------------------------------------------------------------------------===//

/// Data and indices.
static llvm::Error checkGather(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  return expectIndices(node, 1);
}

Lowered onnx::lowerGather(NodeLowering &node) {
  if (llvm::Error error = checkGather(node))
    return error;
  Value data = node.operand(0), indices = node.operand(1);
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", 0), graph::rankOf(data));
  if (!axis)
    return axis.takeError();
  // One constant index is a slice.
  std::optional<int64_t> extent = graph::dimOf(data, *axis).constant();
  std::optional<SmallVector<int64_t>> known = node.knownInts(1);
  if (extent && known)
    for (int64_t index : *known)
      if (index < -*extent || index >= *extent)
        return node.error(ErrorKind::Model, "index {0} is outside axis {1} of {2} elements", index, *axis, *extent);
  if (extent && known && known->size() == 1 && !graph::knownIntegers(data)) {
    SmallVector<Dim> dims = graph::dimsOf(data), result(dims.begin(), dims.begin() + *axis);
    result.append(graph::dimsOf(indices));
    result.append(dims.begin() + *axis + 1, dims.end());
    int64_t index = (*known)[0] < 0 ? (*known)[0] + *extent : (*known)[0];
    return one(node.reshape(node.sliceAxis(data, *axis, index, 1), result));
  }
  return one(node.gather(data, indices, *axis));
}

/// Indices along one axis stand in for elements of the others, so the others must not be longer than the data's.
static void guardInside(NodeLowering &node, Value data, Value indices, int64_t axis) {
  node.guardNotEmpty(graph::dimOf(data, axis), product(graph::dimsOf(indices)));
  for (int64_t i = 0; i < graph::rankOf(data); ++i)
    if (i != axis)
      node.guardAtMost(graph::dimOf(indices, i), graph::dimOf(data, i),
                       "indices are longer than data along axis " + llvm::Twine(i));
}

Value onnx::gatherElements(NodeLowering &node, Value data, Value indices, int64_t axis) {
  guardInside(node, data, indices, axis);
  return node.createAs<graph::GatherElementsOp>(node.type(graph::dimsOf(indices), graph::elementOf(data)), data,
                                                indices, axis);
}

Lowered onnx::lowerGatherElements(NodeLowering &node) {
  if (llvm::Error error = checkGather(node))
    return error;
  Value data = node.operand(0), indices = node.operand(1);
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", 0), graph::rankOf(data));
  if (!axis)
    return axis.takeError();
  if (graph::rankOf(data) != graph::rankOf(indices))
    return node.error(ErrorKind::Model, "has data of {0} axes and indices of {1}", graph::rankOf(data),
                      graph::rankOf(indices));
  return one(gatherElements(node, data, indices, *axis));
}

/// The length of the index tuples in the last axis of `indices`.
static llvm::Expected<int64_t> tupleLength(NodeLowering &node, Value indices, int64_t most) {
  std::optional<int64_t> length = graph::rankOf(indices) ? graph::dimsOf(indices).back().constant() : std::nullopt;
  if (!length)
    return node.error(ErrorKind::Unsupported, "has indices of type {0}; their last extent must be known",
                      indices.getType());
  if (*length > most)
    return node.error(ErrorKind::Model, "has index tuples of {0} for {1} axes", *length, most);
  return *length;
}

Lowered onnx::lowerGatherND(NodeLowering &node) {
  if (llvm::Error error = checkGather(node))
    return error;
  Value data = node.operand(0), indices = node.operand(1);
  SmallVector<Dim> dataDims = graph::dimsOf(data), dims = graph::dimsOf(indices);
  int64_t batch = node.integer("batch_dims", 0);
  if (batch < 0 || batch >= int64_t(dims.size()) || batch >= int64_t(dataDims.size()))
    return node.error(ErrorKind::Model, "batch_dims is {0}, but the inputs have {1} and {2} axes", batch,
                      dataDims.size(), dims.size());
  llvm::Expected<int64_t> length = tupleLength(node, indices, dataDims.size() - batch);
  if (!length)
    return length.takeError();
  for (int64_t axis = 0; axis < batch; ++axis)
    node.guard(dataDims[axis], dims[axis], "batch axes differ");
  for (int64_t axis = batch; axis < batch + *length; ++axis)
    node.guardNotEmpty(dataDims[axis], product(dims));
  dims.pop_back();
  dims.append(dataDims.begin() + batch + *length, dataDims.end());
  return one(node.createAs<graph::GatherNdOp>(node.type(dims, graph::elementOf(data)), data, indices, batch));
}

//===--- Scatter ----------------------------------------------------------------------------===//

static llvm::Expected<graph::ScatterKind> scatterKind(NodeLowering &node) {
  llvm::StringRef name = node.text("reduction", "none");
  if (std::optional<graph::ScatterKind> kind = graph::symbolizeScatterKind(name))
    return *kind;
  return node.error(ErrorKind::Model, "reduction is {0}; it must be none, add, mul, min or max", quoted(name));
}

static llvm::Error checkScatter(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(3, 3))
    return error;
  if (llvm::Error error = expectIndices(node, 1))
    return error;
  if (graph::elementOf(node.operand(0)) != graph::elementOf(node.operand(2)))
    return node.error(ErrorKind::Model, "has data {0} and updates {1} of different types", node.operand(0).getType(),
                      node.operand(2).getType());
  return llvm::Error::success();
}

Lowered onnx::lowerScatterElements(NodeLowering &node) {
  if (llvm::Error error = checkScatter(node))
    return error;
  Value data = node.operand(0), indices = node.operand(1), updates = node.operand(2);
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", 0), graph::rankOf(data));
  if (!axis)
    return axis.takeError();
  llvm::Expected<graph::ScatterKind> kind = scatterKind(node);
  if (!kind)
    return kind.takeError();
  SmallVector<Dim> from = graph::dimsOf(indices), to = graph::dimsOf(updates);
  if (from.size() != to.size() || int64_t(from.size()) != graph::rankOf(data))
    return node.error(ErrorKind::Model, "has data of {0} axes, indices of {1} and updates of {2}", graph::rankOf(data),
                      from.size(), to.size());
  for (auto [a, b] : llvm::zip(from, to))
    node.guard(a, b, "indices and updates have different extents");
  guardInside(node, data, indices, *axis);
  return one(node.createAs<graph::ScatterElementsOp>(data.getType(), data, indices, updates, *axis, *kind));
}

Lowered onnx::lowerScatterND(NodeLowering &node) {
  if (llvm::Error error = checkScatter(node))
    return error;
  Value data = node.operand(0), indices = node.operand(1), updates = node.operand(2);
  llvm::Expected<int64_t> length = tupleLength(node, indices, graph::rankOf(data));
  if (!length)
    return length.takeError();
  llvm::Expected<graph::ScatterKind> kind = scatterKind(node);
  if (!kind)
    return kind.takeError();
  SmallVector<Dim> dims = graph::dimsOf(indices), dataDims = graph::dimsOf(data), given = graph::dimsOf(updates);
  for (int64_t axis = 0; axis < *length; ++axis)
    node.guardNotEmpty(dataDims[axis], product(dims));
  dims.pop_back();
  dims.append(dataDims.begin() + *length, dataDims.end());
  if (dims.size() != given.size())
    return node.error(ErrorKind::Model, "has updates of {0} axes, but data and indices make {1}", given.size(),
                      dims.size());
  for (auto [a, b] : llvm::zip(dims, given))
    node.guard(a, b, "updates have other extents than data and indices make");
  return one(node.createAs<graph::ScatterNdOp>(data.getType(), data, indices, updates, *kind));
}

//===--- Index arithmetic -------------------------------------------------------------------===//

/// Extents of 1 but for one axis.
static SmallVector<Dim> along(int64_t rank, int64_t axis, const Dim &extent) {
  SmallVector<Dim> dims(rank, 1);
  dims[axis] = extent;
  return dims;
}

Lowered onnx::lowerOneHot(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(3, 3))
    return error;
  Type i64 = node.builder.getI64Type();
  Value depthTensor = node.cast(scalar(node, node.operand(1)), i64), values = node.operand(2);
  if (graph::rankOf(values) != 1)
    return node.error(ErrorKind::Model, "needs two values, got {0}", values.getType());
  node.guard(graph::dimOf(values, 0), 2, "needs two values");
  SmallVector<Dim> depth = node.readDims(depthTensor);
  if (depth.size() != 1)
    return node.error(ErrorKind::Model, "needs one depth, got {0}", depthTensor.getType());
  int64_t rank = graph::rankOf(node.operand(0)) + 1;
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", -1), rank);
  if (!axis)
    return axis.takeError();
  Value indices = node.unsqueeze(node.cast(node.operand(0), i64), *axis);
  Value wrapped = node.add(indices, node.dimVector(depth, RankedTensorType::get({}, i64)));
  indices = node.select(node.compare(CompareKind::lt, indices, node.constantInt(0, i64)), wrapped, indices);
  Value hit = node.compare(CompareKind::eq, indices, node.iota(along(rank, *axis, depth[0]), *axis, i64));
  Value off = node.reshape(node.sliceAxis(values, 0, 0, 1), {}), on = node.reshape(node.sliceAxis(values, 0, 1, 1), {});
  return one(node.select(hit, on, off));
}

Lowered onnx::lowerTrilu(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 2))
    return error;
  Value x = node.operand(0);
  SmallVector<Dim> dims = graph::dimsOf(x);
  if (dims.size() < 2)
    return node.error(ErrorKind::Model, "takes tensors of 2 axes or more, got {0}", dims.size());
  Type i64 = node.builder.getI64Type();
  Value k = node.has(1) ? scalar(node, node.operand(1)) : node.constantInt(0, i64);
  Value rows = node.iota({dims[dims.size() - 2], 1}, 0, i64), columns = node.iota({1, dims.back()}, 1, i64);
  bool upper = node.integer("upper", 1);
  Value keep = node.compare(upper ? CompareKind::ge : CompareKind::le, columns, node.add(rows, k));
  return one(node.select(keep, x, node.constantInt(0, x.getType())));
}

Lowered onnx::lowerReverseSequence(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  Value x = node.operand(0);
  SmallVector<Dim> dims = graph::dimsOf(x);
  int64_t batch = node.integer("batch_axis", 1), time = node.integer("time_axis", 0);
  if (dims.size() < 2 || batch + time != 1 || batch * time != 0)
    return node.error(ErrorKind::Model, "batch_axis is {0} and time_axis {1}; they must be 0 and 1 in either order",
                      batch, time);
  if (graph::rankOf(node.operand(1)) != 1)
    return node.error(ErrorKind::Model, "sequence_lens is {0}; it must have one axis", node.operand(1).getType());
  Type i64 = node.builder.getI64Type();
  Value lengths = node.reshape(node.cast(node.operand(1), i64), along(dims.size(), batch, dims[batch]));
  Value step = node.iota(along(dims.size(), time, dims[time]), time, i64);
  Value mirrored = node.sub(node.sub(lengths, step), node.constantInt(1, i64));
  Value index = node.select(node.compare(CompareKind::lt, step, lengths), mirrored, step);
  index = node.broadcast(index, dims);
  return one(gatherElements(node, x, index, time));
}

//===--- As many as the data says -----------------------------------------------------------===//

Value onnx::nonZero(NodeLowering &node, Value x) {
  x = graph::rankOf(x) == 0 ? node.reshape(x, {Dim(1)}) : x;
  Type i64 = node.builder.getI64Type();
  // A constant that is nowhere zero, as in old exports of ranges, has its indices known.
  if (auto splat = x.getDefiningOp<graph::BroadcastOp>(); splat && graph::rankOf(x) == 1) {
    std::optional<SmallVector<int64_t>> value = node.knownInts(splat.getOperand());
    if (value && value->size() == 1 && (*value)[0] != 0)
      return node.unsqueeze(node.iota(graph::dimsOf(x), 0, i64), {0});
  }
  // Counted first: the result's place is made when its size is known.
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, graph::rankOf(x)));
  Value flags = node.cast(node.cast(x, node.builder.getI1Type()), i64);
  Dim count = node.readDims(node.reshape(node.reduce(flags, axes, graph::ReduceKind::sum), {}), 0).front();
  return node.createAs<graph::NonZeroOp>(node.type({graph::rankOf(x), count}, i64), x, count.str());
}

Lowered onnx::lowerNonZero(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  return one(nonZero(node, node.operand(0)));
}

Lowered onnx::lowerCompress(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  Value x = node.operand(0), condition = node.operand(1);
  if (graph::rankOf(condition) != 1)
    return node.error(ErrorKind::Model, "condition is {0}; it must have one axis", condition.getType());
  llvm::Expected<int64_t> axis = 0;
  if (node.hasAttr("axis"))
    axis = node.axis(node.integer("axis", 0), graph::rankOf(x));
  else
    x = node.reshape(x, {product(graph::dimsOf(x))});
  if (!axis)
    return axis.takeError();
  return one(node.gather(x, node.squeeze(nonZero(node, condition), {0}), *axis));
}

//===--- Running sums -----------------------------------------------------------------------===//

Lowered onnx::lowerCumulative(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  Value x = node.operand(0);
  int64_t rank = graph::rankOf(x);
  auto kind = node.opType() == "CumProd" ? graph::ReduceKind::prod : graph::ReduceKind::sum;
  bool exclusive = node.integer("exclusive", 0), reverse = node.integer("reverse", 0);
  auto along = [&](int64_t axis) {
    return node.createAs<graph::CumulativeOp>(x.getType(), x, axis, kind, exclusive, reverse);
  };
  if (std::optional<SmallVector<int64_t>> given = node.knownInts(1)) {
    llvm::Expected<int64_t> axis = node.axis(given->size() == 1 ? (*given)[0] : INT64_MAX, rank);
    return axis ? one(along(*axis)) : axis.takeError();
  }
  // An axis that is data picks one of the results; there are as many as axes.
  Value axis = scalar(node, node.operand(1)), result = rank ? along(0) : x;
  for (int64_t candidate = 1; candidate < rank; ++candidate) {
    Type type = axis.getType();
    Value hit = node.binary<graph::OrOp>(node.compare(CompareKind::eq, axis, node.constantInt(candidate, type)),
                                         node.compare(CompareKind::eq, axis, node.constantInt(candidate - rank, type)));
    result = node.select(hit, along(candidate), result);
  }
  return one(result);
}
