// Operators about shapes and types: what they compute is mostly known at compile time.
#include "dialects/graph/Evaluate.h"
#include "frontends/onnx/ElementType.h"
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

llvm::Expected<std::optional<SmallVector<int64_t>>> onnx::attributeOrInput(NodeLowering &node,
                                                                           llvm::StringRef attribute, size_t input) {
  if (!node.has(input))
    return node.integers(attribute);
  auto type = dyn_cast<RankedTensorType>(node.operand(input).getType());
  if (!type || !isa<IntegerType>(type.getElementType()))
    return node.error(ErrorKind::Model, "{0} is {1}, expected integers", attribute, node.operand(input).getType());
  std::optional<SmallVector<int64_t>> known = node.knownInts(input);
  if (!known)
    return node.error(ErrorKind::Unsupported, "{0} is computed at run time; it must be a constant", attribute);
  return known;
}

//===--- Shapes as values -------------------------------------------------------------------===//

Lowered onnx::lowerShape(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  SmallVector<Dim> dims = graph::dimsOf(node.operand(0));
  int64_t rank = dims.size();
  auto clamp = [&](int64_t position) {
    return std::clamp<int64_t>(position < 0 ? position + rank : position, 0, rank);
  };
  int64_t start = clamp(node.integer("start", 0)), end = clamp(node.integer("end", rank));
  return one(node.dimVector(ArrayRef(dims).slice(start, std::max<int64_t>(end - start, 0))));
}

Lowered onnx::lowerSize(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  return one(
      node.dimVector(product(graph::dimsOf(node.operand(0))), RankedTensorType::get({}, node.builder.getI64Type())));
}

//===--- Reshape and its kin ----------------------------------------------------------------===//

/// The requested extents where some are data: zeros and -1 are resolved at run time, then read.
static SmallVector<Dim> readShape(NodeLowering &node, Value x, Value shape, bool allowZero) {
  Type i64 = node.builder.getI64Type();
  shape = node.cast(shape, i64);
  SmallVector<Dim> from = graph::dimsOf(x);
  Value zero = node.constantInt(0, i64), one = node.constantInt(1, i64), minusOne = node.constantInt(-1, i64);
  if (!allowZero) {
    from.resize(*graph::dimOf(shape, 0).constant(), 1);
    shape = node.select(node.compare(graph::CompareKind::eq, shape, zero), node.dimVector(from), shape);
  }
  Value rest = node.compare(graph::CompareKind::eq, shape, minusOne);
  Value others = node.reduce(node.select(rest, one, shape), {0}, graph::ReduceKind::prod, /*keep=*/false);
  Value total = node.dimVector(product(graph::dimsOf(x)), RankedTensorType::get({}, i64));
  shape = node.select(rest, node.div(total, node.max(others, one)), shape);
  return node.readDims(shape);
}

Lowered onnx::lowerReshape(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(node.version() < 5 ? 1 : 2, 2))
    return error;
  Value x = node.operand(0);
  bool allowZero = node.integer("allowzero", 0);
  SmallVector<Dim> from = graph::dimsOf(x);
  SmallVector<std::optional<Dim>> wanted;
  if (node.has(1)) {
    SmallVector<Dim> extents = graph::dimsOf(node.operand(1));
    if (extents.size() != 1 || !extents[0].isConstant() || *extents[0].constant() > 64)
      return node.error(ErrorKind::Unsupported, "has a shape input of type {0}; the number of axes must be known",
                        node.operand(1).getType());
    wanted = node.partlyKnown(node.operand(1));
  } else {
    SmallVector<int64_t> sizes = node.integers("shape").value_or(SmallVector<int64_t>());
    wanted.assign(sizes.begin(), sizes.end());
  }
  SmallVector<Dim> dims;
  if (!llvm::all_of(wanted, [](auto &dim) { return dim.has_value(); }))
    dims = readShape(node, x, node.operand(1), allowZero);
  int64_t inferred = -1;
  dims.resize(wanted.size());
  for (auto [i, extent] : llvm::enumerate(wanted)) {
    if (!extent)
      continue;
    dims[i] = *extent;
    if (extent->isEqualTo(0) && !allowZero) {
      if (i >= from.size())
        return node.error(ErrorKind::Model, "shape copies axis {0} of an input of {1} axes", i, from.size());
      dims[i] = from[i];
    } else if (extent->isEqualTo(-1)) {
      if (inferred >= 0)
        return node.error(ErrorKind::Model, "shape has -1 at {0} and at {1}; only one extent can be inferred", inferred,
                          i);
      inferred = i;
      dims[i] = 1;
    }
  }
  if (inferred >= 0) {
    Dim total = product(from), others = product(dims);
    if (others.isEqualTo(0))
      return node.error(ErrorKind::Model, "shape has -1 beside a zero, so that extent cannot be inferred");
    dims[inferred] = total.floordiv(others);
  }
  return one(node.reshape(x, dims));
}

Lowered onnx::lowerFlatten(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  SmallVector<Dim> dims = graph::dimsOf(node.operand(0));
  llvm::Expected<int64_t> axis = int64_t(dims.size());
  if (int64_t given = node.integer("axis", 1); given != int64_t(dims.size()))
    axis = node.axis(given, dims.size());
  if (!axis)
    return axis.takeError();
  return one(node.reshape(node.operand(0),
                          {product(ArrayRef(dims).take_front(*axis)), product(ArrayRef(dims).drop_front(*axis))}));
}

Lowered onnx::lowerSqueeze(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 2))
    return error;
  SmallVector<Dim> dims = graph::dimsOf(node.operand(0));
  if (std::optional<int64_t> count = dataAxes(node, 1))
    return one(squeezeFlagged(node, node.operand(0), axisFlags(node, node.operand(1), dims.size()), *count));
  llvm::Expected<std::optional<SmallVector<int64_t>>> given = attributeOrInput(node, "axes", 1);
  if (!given)
    return given.takeError();
  // Values have one rank: without axes, an axis whose extent only the run will tell stays.
  SmallVector<int64_t> all;
  for (auto [axis, dim] : llvm::enumerate(dims))
    if (dim.isEqualTo(1))
      all.push_back(axis);
    else if (!*given && !dim.constant())
      node.warn("has no axes, and axis " + Twine(axis) + " has the dynamic extent " + dim.str() +
                ", so it stays, also where it is 1; fix the model's shapes to have it squeezed");
  llvm::Expected<SmallVector<int64_t>> axes = node.axes(*given ? **given : all, dims.size());
  if (!axes)
    return axes.takeError();
  return one(node.squeeze(node.operand(0), *axes));
}

Lowered onnx::lowerUnsqueeze(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 2))
    return error;
  if (std::optional<int64_t> count = dataAxes(node, 1))
    return one(unsqueezeFlagged(node, node.operand(0),
                                axisFlags(node, node.operand(1), graph::rankOf(node.operand(0)) + *count)));
  llvm::Expected<std::optional<SmallVector<int64_t>>> given = attributeOrInput(node, "axes", 1);
  if (!given)
    return given.takeError();
  if (!*given)
    return node.error(ErrorKind::Model, "axes is missing");
  llvm::Expected<SmallVector<int64_t>> axes = node.axes(**given, graph::rankOf(node.operand(0)) + (*given)->size());
  if (!axes)
    return axes.takeError();
  return one(node.unsqueeze(node.operand(0), *axes));
}

/// The extents that an Expand asks for. Where they are data, a 1 in them means "as the input has it".
static SmallVector<Dim> readExpansion(NodeLowering &node, ArrayRef<Dim> from) {
  Value shape = node.operand(1);
  std::optional<int64_t> count = graph::rankOf(shape) == 1 ? graph::dimOf(shape, 0).constant() : std::nullopt;
  if (node.knownDims(1) || !count || *count > 64)
    return node.readDims(1);
  SmallVector<Dim> aligned(std::max<int64_t>(0, *count - int64_t(from.size())), 1);
  aligned.append(from.end() - std::min<int64_t>(*count, from.size()), from.end());
  Value none = node.compare(graph::CompareKind::eq, shape, node.constantInt(1, shape.getType()));
  SmallVector<Dim> read = node.readDims(node.select(none, node.dimVector(aligned), shape));
  for (auto [extent, own] : llvm::zip(read, aligned))
    if (!own.isEqualTo(1))
      extent = node.guard(extent, own, "the input does not broadcast to the shape");
  return read;
}

Lowered onnx::lowerExpand(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  SmallVector<Dim> from = graph::dimsOf(node.operand(0)), wanted = readExpansion(node, from);
  SmallVector<std::pair<Dim, Dim>> guards;
  FailureOr<SmallVector<Dim>> dims = graph::broadcastDims(from, wanted, &guards);
  if (failed(dims)) {
    std::string text = llvm::join(llvm::map_range(wanted, [](const Dim &dim) { return dim.str(); }), ", ");
    return node.error(ErrorKind::Model, "cannot expand {0} to [{1}]", node.operand(0).getType(), text);
  }
  for (auto &[a, b] : guards)
    node.guard(a, b, "the input does not broadcast to the shape");
  return one(node.broadcast(node.operand(0), *dims));
}

//===--- Constants --------------------------------------------------------------------------===//

Lowered onnx::lowerConstant(NodeLowering &node) {
  Builder &builder = node.builder;
  for (llvm::StringRef name : {"value", "sparse_value"})
    if (ElementsAttr value = node.tensor(name))
      return one(node.constant(value));
  if (node.hasAttr("value_float"))
    return one(node.constant(node.real("value_float", 0), builder.getF32Type()));
  if (node.hasAttr("value_int"))
    return one(node.constantInt(node.integer("value_int", 0), builder.getI64Type()));
  if (auto values = node.integers("value_ints"))
    return one(node.integerVector(*values));
  if (auto values = node.reals("value_floats")) {
    SmallVector<float> floats(values->begin(), values->end());
    return one(node.constant(DenseElementsAttr::get(
        RankedTensorType::get({int64_t(floats.size())}, builder.getF32Type()), ArrayRef(floats))));
  }
  auto string = StringType::get(builder.getContext());
  if (node.hasAttr("value_string"))
    return one(node.constant(
        DenseStringElementsAttr::get(RankedTensorType::get({}, string), {node.text("value_string", "")})));
  if (auto values = node.strings("value_strings")) {
    SmallVector<llvm::StringRef> texts(values->begin(), values->end());
    return one(
        node.constant(DenseStringElementsAttr::get(RankedTensorType::get({int64_t(texts.size())}, string), texts)));
  }
  return node.error(ErrorKind::Model, "has no value");
}

Lowered onnx::lowerConstantOfShape(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  Value value = node.constant(0, node.builder.getF32Type());
  if (node.hasAttr("value")) {
    auto given = dyn_cast_or_null<DenseElementsAttr>(node.tensor("value"));
    if (!given || given.getNumElements() != 1)
      return node.error(ErrorKind::Model, "value must be a tensor of one element");
    value = node.constant(given.reshape(RankedTensorType::get({}, given.getElementType())));
  }
  return one(node.broadcast(value, node.readDims(0)));
}

static llvm::Expected<Type> elementTypeOf(NodeLowering &node, llvm::StringRef attribute, Type otherwise) {
  if (!node.hasAttr(attribute))
    return otherwise;
  const ElementType *element = findElementType(int32_t(node.integer(attribute, 0)));
  if (!element)
    return node.error(ErrorKind::Model, "{0} is {1}, which is no element type", attribute, node.integer(attribute, 0));
  return element->build(node.builder.getContext());
}

/// Before opset 6 the type is a name, as in TensorProto.
static llvm::Expected<Type> castTarget(NodeLowering &node) {
  static const std::pair<llvm::StringLiteral, int32_t> names[] = {
      {"FLOAT", 1}, {"UINT8", 2},  {"INT8", 3}, {"UINT16", 4},   {"INT16", 5},  {"INT32", 6},  {"INT64", 7},
      {"STRING", 8}, {"BOOL", 9}, {"FLOAT16", 10}, {"DOUBLE", 11}, {"UINT32", 12}, {"UINT64", 13},
  };
  if (!node.text("to", "").empty())
    for (auto &[name, code] : names)
      if (name == node.text("to", "").upper())
        return findElementType(code)->build(node.builder.getContext());
  llvm::Expected<Type> target = elementTypeOf(node, "to", Type());
  if (target && !*target)
    return node.error(ErrorKind::Model, "does not say the type to cast to");
  return target;
}

static Lowered castTo(NodeLowering &node, Type target) {
  Type source = graph::elementOf(node.operand(0));
  if (source != target && (!isa<FloatType, IntegerType>(source) || !isa<FloatType, IntegerType>(target)))
    return node.error(ErrorKind::Unsupported, "casts {0} to {1}", source, target);
  if (node.integer("saturate", 1) == 0 && isa<FloatType>(target) && target.getIntOrFloatBitWidth() == 8)
    return node.error(ErrorKind::Unsupported, "casts to {0} with saturate=0", target);
  return one(node.cast(node.operand(0), target));
}

Lowered onnx::lowerCast(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  llvm::Expected<Type> target = castTarget(node);
  return target ? castTo(node, *target) : target.takeError();
}

/// A bool is a byte of 0 or 1 in memory, and any other byte is true.
Lowered onnx::lowerBitCast(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  llvm::Expected<Type> target = castTarget(node);
  if (!target)
    return target.takeError();
  Type source = graph::elementOf(node.operand(0));
  auto bits = [](Type element) { return element.isInteger(1) ? 8 : element.getIntOrFloatBitWidth(); };
  if (!isa<FloatType, IntegerType>(source) || !isa<FloatType, IntegerType>(*target))
    return node.error(ErrorKind::Unsupported, "takes the bits of {0} for {1}", source, *target);
  if (bits(source) != bits(*target))
    return node.error(ErrorKind::Model, "takes the {0} bits of {1} for {2}, which has {3}", bits(source), source,
                      *target, bits(*target));
  if (source.isInteger(1) || target->isInteger(1)) {
    Type byte = node.builder.getIntegerType(8, /*isSigned=*/false);
    Value value = source.isInteger(1) ? node.cast(node.operand(0), byte) : node.bitcast(node.operand(0), byte);
    return one(target->isInteger(1) ? node.cast(value, *target) : node.bitcast(value, *target));
  }
  return one(node.bitcast(node.operand(0), *target));
}

Lowered onnx::lowerCastLike(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  return castTo(node, graph::elementOf(node.operand(1)));
}

//===--- Ranges -----------------------------------------------------------------------------===//

/// The number of elements where start, limit and delta are integers that are known.
static std::optional<Dim> integerCount(NodeLowering &node) {
  std::optional<SmallVector<Dim>> start = node.knownDims(0), limit = node.knownDims(1);
  std::optional<SmallVector<int64_t>> delta = node.knownInts(2);
  if (!start || !limit || !delta || (*delta)[0] == 0 || (*delta)[0] == INT64_MIN)
    return std::nullopt;
  Dim span = (*delta)[0] > 0 ? (*limit)[0] - (*start)[0] : (*start)[0] - (*limit)[0];
  return graph::larger(span.ceildiv(std::abs((*delta)[0])), 0);
}

static std::optional<Dim> realCount(NodeLowering &node) {
  std::optional<SmallVector<double>> start = node.knownReals(0), limit = node.knownReals(1), delta = node.knownReals(2);
  if (!start || !limit || !delta)
    return std::nullopt;
  double count = std::ceil(((*limit)[0] - (*start)[0]) / (*delta)[0]);
  return count < 9e18 ? std::optional(Dim(count > 0 ? int64_t(count) : 0)) : std::nullopt;
}

Lowered onnx::lowerRange(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(3, 3))
    return error;
  SmallVector<Value> operands;
  for (Value operand : node.allOperands()) {
    operands.push_back(scalar(node, operand));
    if (graph::rankOf(operands.back()) != 0)
      return node.error(ErrorKind::Model, "takes scalars, got {0}", operand.getType());
  }
  Type element = graph::elementOf(operands[0]), i64 = node.builder.getI64Type();
  std::optional<Dim> count = isa<FloatType>(element) ? realCount(node) : integerCount(node);
  if (!count) {
    Type real = element.isF32() ? element : Type(node.builder.getF64Type());
    Value steps = node.div(node.cast(node.sub(operands[1], operands[0]), real), node.cast(operands[2], real));
    Value positive = node.max(node.unary<graph::CeilOp>(steps), 0.0);
    SmallVector<Dim> read = node.readDims(node.cast(positive, i64));
    if (read.empty())
      return node.takeFailure();
    count = read[0];
  }
  Value result = node.cast(node.iota({*count}, 0, i64), element);
  auto isKnown = [&](size_t i, int64_t value) { return node.knownInts(i) == SmallVector<int64_t>{value}; };
  if (!isKnown(2, 1))
    result = node.mul(result, operands[2]);
  return one(isKnown(0, 0) ? result : node.add(result, operands[0]));
}

Lowered onnx::lowerEyeLike(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  SmallVector<Dim> dims = graph::dimsOf(node.operand(0));
  if (dims.size() != 2)
    return node.error(ErrorKind::Model, "takes a tensor of 2 axes, got {0}", dims.size());
  llvm::Expected<Type> element = elementTypeOf(node, "dtype", graph::elementOf(node.operand(0)));
  if (!element)
    return element.takeError();
  Type i64 = node.builder.getI64Type();
  Value shifted = node.add(node.iota({dims[0], 1}, 0, i64), node.constantInt(node.integer("k", 0), i64));
  return one(node.cast(node.compare(graph::CompareKind::eq, shifted, node.iota({1, dims[1]}, 1, i64)), *element));
}

//===--- Order of axes ----------------------------------------------------------------------===//

Lowered onnx::lowerTranspose(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  int64_t rank = graph::rankOf(node.operand(0));
  auto reversed = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(rank)));
  llvm::Expected<SmallVector<int64_t>> permutation = node.axes(node.integers("perm").value_or(reversed), rank, "perm");
  if (!permutation)
    return permutation.takeError();
  return one(node.transpose(node.operand(0), *permutation));
}

/// The extents of an image [N, C, H, W] and the block size, checked.
static llvm::Expected<SmallVector<Dim>> blockedImage(NodeLowering &node, int64_t block) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  SmallVector<Dim> dims = graph::dimsOf(node.operand(0));
  if (dims.size() != 4)
    return node.error(ErrorKind::Model, "takes a tensor of 4 axes, got {0}", dims.size());
  if (block < 1 || block > 1 << 20)
    return node.error(ErrorKind::Model, "blocksize is {0}; it must be positive", block);
  return dims;
}

Lowered onnx::lowerDepthToSpace(NodeLowering &node) {
  int64_t block = node.integer("blocksize", 0);
  llvm::Expected<SmallVector<Dim>> dims = blockedImage(node, block);
  if (!dims)
    return dims.takeError();
  Dim n = (*dims)[0], h = (*dims)[2], w = (*dims)[3], c = (*dims)[1].floordiv(block * block);
  node.guard((*dims)[1], c * block * block, "channels must be a multiple of blocksize squared");
  bool rowsFirst = node.text("mode", "DCR") == "DCR";
  Value x = node.operand(0);
  x = rowsFirst ? node.reshape(x, {n, block, block, c, h, w}) : node.reshape(x, {n, c, block, block, h, w});
  x = node.transpose(x, rowsFirst ? ArrayRef<int64_t>{0, 3, 4, 1, 5, 2} : ArrayRef<int64_t>{0, 1, 4, 2, 5, 3});
  return one(node.reshape(x, {n, c, h * block, w * block}));
}

Lowered onnx::lowerSpaceToDepth(NodeLowering &node) {
  int64_t block = node.integer("blocksize", 0);
  llvm::Expected<SmallVector<Dim>> dims = blockedImage(node, block);
  if (!dims)
    return dims.takeError();
  Dim n = (*dims)[0], c = (*dims)[1], h = (*dims)[2].floordiv(block), w = (*dims)[3].floordiv(block);
  node.guard((*dims)[2], h * block, "height must be a multiple of blocksize");
  node.guard((*dims)[3], w * block, "width must be a multiple of blocksize");
  Value x = node.reshape(node.operand(0), {n, c, h, block, w, block});
  x = node.transpose(x, {0, 3, 5, 1, 2, 4});
  return one(node.reshape(x, {n, c * block * block, h, w}));
}
