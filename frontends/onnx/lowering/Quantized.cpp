// Quantized operators, in terms of integer products and elementwise ops: q = saturate(round(x / scale) + zero point).
#include "frontends/onnx/ElementType.h"
#include "frontends/onnx/lowering/Families.h"
#include "frontends/onnx/lowering/Window.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

//===--- Scales and zero points -------------------------------------------------------------===//

/// One number for each block of `block` elements along `axis`, repeated to the dims of `x`.
static Value spreadBlocks(NodeLowering &node, Value value, Value x, int64_t axis, int64_t block) {
  SmallVector<Dim> dims = graph::dimsOf(value), apart = dims, repeated, wide = dims;
  apart.insert(apart.begin() + axis + 1, 1);
  repeated = apart;
  repeated[axis + 1] = block;
  wide[axis] = dims[axis] * block;
  node.guard(graph::dimOf(x, axis).ceildiv(block), dims[axis],
             "a scale or zero point must have one element for each block");
  Value all = node.reshape(node.broadcast(node.reshape(value, apart), repeated), wide);
  return node.sliceAxis(all, axis, 0, graph::dimOf(x, axis));
}

/// A scale or zero point as it broadcasts to `x`: for all of it, for each place of `axis`, or for each block.
static llvm::Expected<Value> aligned(NodeLowering &node, Value value, Value x) {
  value = scalar(node, value);
  if (graph::rankOf(value) == 0)
    return value;
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", 1), graph::rankOf(x));
  if (!axis)
    return axis.takeError();
  int64_t block = node.integer("block_size", 0);
  if (block > 0 && graph::rankOf(value) == graph::rankOf(x))
    return spreadBlocks(node, value, x, *axis, block);
  if (graph::rankOf(value) != 1 || block > 0)
    return node.error(ErrorKind::Model, "has a scale or zero point of type {0} for {1}", value.getType(), x.getType());
  SmallVector<Dim> dims(graph::rankOf(x), 1);
  dims[*axis] = graph::dimOf(value, 0);
  return node.reshape(value, dims);
}

/// The element type that an attribute names; null where it is left out.
static llvm::Expected<Type> namedType(NodeLowering &node, llvm::StringRef attribute) {
  int64_t code = node.integer(attribute, 0);
  if (code == 0)
    return Type();
  if (const ElementType *element = findElementType(int32_t(code)))
    return element->build(node.builder.getContext());
  return node.error(ErrorKind::Model, "{0} is {1}, which is no element type", attribute, code);
}

static llvm::Error expectInteger(NodeLowering &node, Type element) {
  if (isa<IntegerType>(element) && element.getIntOrFloatBitWidth() >= 8)
    return llvm::Error::success();
  if (graph::isStorable(element)) // ONNX has no quantized elements of these types
    return node.error(ErrorKind::Model,
                      "has quantized elements of type {0}; they must be integers, or floats of at most 8 bits",
                      element);
  return node.error(ErrorKind::Unsupported, "quantization to {0} is not supported, only to integers of 8 bits or more",
                    element);
}

/// round(x) + zero point in the type of x, saturated to an integer type.
static Value saturate(NodeLowering &node, Value x, Value zeroPoint, Type to) {
  x = node.unary<graph::RoundOp>(x);
  if (zeroPoint)
    x = node.add(x, node.cast(zeroPoint, graph::elementOf(x)));
  return node.cast(x, to);
}

//===--- QuantizeLinear and DequantizeLinear ------------------------------------------------===//

Lowered onnx::lowerQuantizeLinear(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 3))
    return error;
  Value x = node.operand(0);
  llvm::Expected<Type> named = namedType(node, "output_dtype");
  if (!named)
    return named.takeError();
  llvm::Expected<Type> precision = namedType(node, "precision");
  if (!precision)
    return precision.takeError();
  Type unsigned8 = IntegerType::get(node.builder.getContext(), 8, IntegerType::Unsigned);
  Type to = node.has(2) ? graph::elementOf(node.operand(2)) : *named ? *named : unsigned8;
  if (llvm::Error error = expectInteger(node, to))
    return error;
  llvm::Expected<Value> scale = aligned(node, node.operand(1), x);
  if (!scale)
    return scale.takeError();
  llvm::Expected<Value> zeroPoint = node.has(2) ? aligned(node, node.operand(2), x) : Value();
  if (!zeroPoint)
    return zeroPoint.takeError();
  Type element = graph::elementOf(x), scaleType = graph::elementOf(*scale);
  bool wider = !isa<FloatType>(element) || scaleType.getIntOrFloatBitWidth() > element.getIntOrFloatBitWidth();
  Type real = *precision ? *precision : wider ? scaleType : element;
  if (!isa<FloatType>(real))
    return node.error(ErrorKind::Model, "divides by a scale of type {0}; it must be of floats", real);
  return one(saturate(node, node.div(node.cast(x, real), node.cast(*scale, real)), *zeroPoint, to));
}

Lowered onnx::lowerDequantizeLinear(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 3))
    return error;
  Value x = node.operand(0);
  if (llvm::Error error = expectInteger(node, graph::elementOf(x)))
    return error;
  llvm::Expected<Type> named = namedType(node, "output_dtype");
  if (!named)
    return named.takeError();
  llvm::Expected<Value> scale = aligned(node, node.operand(1), x);
  if (!scale)
    return scale.takeError();
  Type to = *named ? *named : graph::elementOf(*scale), f32 = node.builder.getF32Type();
  Value real = node.cast(x, f32);
  if (node.has(2)) {
    llvm::Expected<Value> zeroPoint = aligned(node, node.operand(2), x);
    if (!zeroPoint)
      return zeroPoint.takeError();
    Type i32 = node.builder.getI32Type();
    real = node.cast(node.sub(node.cast(x, i32), node.cast(*zeroPoint, i32)), f32);
  }
  return one(node.cast(node.mul(real, node.cast(*scale, f32)), to));
}

/// Scale and zero point from the range of the data, which is widened to hold 0.
Lowered onnx::lowerDynamicQuantizeLinear(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  Value x = node.operand(0);
  Type unsigned8 = IntegerType::get(node.builder.getContext(), 8, IntegerType::Unsigned);
  SmallVector<int64_t> all = llvm::to_vector(llvm::seq<int64_t>(graph::rankOf(x)));
  Value high = node.max(node.reduce(x, all, graph::ReduceKind::max, /*keep=*/false), 0.0);
  Value low = node.min(node.reduce(x, all, graph::ReduceKind::min, /*keep=*/false), 0.0);
  Value range = node.sub(high, low), zero = node.constant(0.0, x.getType());
  Value flat = node.compare(graph::CompareKind::eq, range, zero);
  Value scale = node.div(node.select(flat, node.constant(1.0, x.getType()), range), 255.0);
  Value exact = node.min(node.max(node.neg(node.div(low, scale)), 0.0), 255.0);
  Value zeroPoint = node.cast(node.unary<graph::RoundOp>(exact), unsigned8);
  return SmallVector<Value>{saturate(node, node.div(x, scale), zeroPoint, unsigned8), scale, zeroPoint};
}

//===--- Products ---------------------------------------------------------------------------===//

/// An operand as i32 with its zero point taken off; a zero point of rank 1 goes along `axis`.
static Value centered(NodeLowering &node, Value x, Value zeroPoint, int64_t axis) {
  Type i32 = node.builder.getI32Type();
  x = node.cast(x, i32);
  if (!zeroPoint)
    return x;
  zeroPoint = node.cast(scalar(node, zeroPoint), i32);
  if (graph::rankOf(zeroPoint) == 1) {
    SmallVector<Dim> dims(graph::rankOf(x), 1);
    dims[axis] = graph::dimOf(zeroPoint, 0);
    zeroPoint = node.reshape(zeroPoint, dims);
  }
  return node.sub(x, zeroPoint);
}

/// A sum of products to the scale of the result. f64 holds all i32.
static Value requantize(NodeLowering &node, Value sum, Value scale, Value zeroPoint) {
  Type f64 = node.builder.getF64Type();
  return saturate(node, node.mul(node.cast(sum, f64), node.cast(scale, f64)), zeroPoint, graph::elementOf(zeroPoint));
}

static Value matrixProduct(NodeLowering &node, Value a, Value b) {
  bool row = graph::rankOf(a) == 1, column = graph::rankOf(b) == 1;
  Value product = node.matmul(row ? node.unsqueeze(a, {0}) : a, column ? node.unsqueeze(b, {1}) : b);
  SmallVector<int64_t> added;
  if (row)
    added.push_back(graph::rankOf(product) - 2);
  if (column)
    added.push_back(graph::rankOf(product) - 1);
  return node.squeeze(product, added);
}

/// A scale or zero point of one row or column of a matrix, as it broadcasts to it: rows lie along the axis before the
/// last.
static int64_t rowAxis(Value x) {
  return std::max<int64_t>(graph::rankOf(x) - 2, 0);
}
static int64_t columnAxis(Value x) {
  return graph::rankOf(x) - 1;
}

Lowered onnx::lowerMatMulInteger(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 4))
    return error;
  Value a = node.operand(0), b = node.operand(1);
  if (graph::rankOf(a) == 0 || graph::rankOf(b) == 0)
    return node.error(ErrorKind::Model, "multiplies {0} and {1}; both must have axes", a.getType(), b.getType());
  return one(matrixProduct(node, centered(node, a, node.operand(2), rowAxis(a)),
                           centered(node, b, node.operand(3), columnAxis(b))));
}

Lowered onnx::lowerQLinearMatMul(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(8, 8))
    return error;
  Value a = node.operand(0), b = node.operand(3), zeroPoint = scalar(node, node.operand(7));
  if (llvm::Error error = expectInteger(node, graph::elementOf(zeroPoint)))
    return error;
  if (graph::rankOf(a) == 0 || graph::rankOf(b) == 0)
    return node.error(ErrorKind::Model, "multiplies {0} and {1}; both must have axes", a.getType(), b.getType());
  Value sum = matrixProduct(node, centered(node, a, node.operand(2), rowAxis(a)),
                            centered(node, b, node.operand(5), columnAxis(b)));
  Value rows = scalar(node, node.operand(1)), columns = scalar(node, node.operand(4)),
        result = scalar(node, node.operand(6));
  if (graph::rankOf(rows) == 1)
    rows = node.unsqueeze(rows, {1});
  return one(requantize(node, sum, node.div(node.mul(rows, columns), result), zeroPoint));
}

/// Operands that are i32 and centered, so that pads are zeros.
static llvm::Expected<Value> convolve(NodeLowering &node, Value x, Value w) {
  int64_t rank = graph::rankOf(x), group = node.integer("group", 1);
  if (rank < 3 || graph::rankOf(w) != rank || group < 1)
    return node.error(ErrorKind::Model, "convolves {0} with {1} in {2} groups", x.getType(), w.getType(), group);
  SmallVector<int64_t> kernel;
  SmallVector<Dim> dims = graph::dimsOf(w);
  for (const Dim &extent : ArrayRef(dims).drop_front(2)) {
    if (!extent.isConstant())
      return node.error(ErrorKind::Unsupported, "the weight's spatial extent {0} is dynamic, expected a static one",
                        extent.str());
    kernel.push_back(*extent.constant());
  }
  node.guard(graph::dimOf(x, 1), dims[1] * group, "the input's channels and the weight's");
  auto window = readWindow(node, kernel);
  if (!window)
    return window.takeError();
  x = padDynamically(node, x, *window, node.constantInt(0, x.getType()));
  return node.create<graph::ConvOp>(x, w, window->strides, window->dilations, window->pads(), group);
}

Lowered onnx::lowerConvInteger(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 4))
    return error;
  llvm::Expected<Value> sum = convolve(node, centered(node, node.operand(0), node.operand(2), 1),
                                       centered(node, node.operand(1), node.operand(3), 0));
  return sum ? one(*sum) : Lowered(sum.takeError());
}

Lowered onnx::lowerQLinearConv(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(8, 9))
    return error;
  Value zeroPoint = scalar(node, node.operand(7));
  if (llvm::Error error = expectInteger(node, graph::elementOf(zeroPoint)))
    return error;
  llvm::Expected<Value> product = convolve(node, centered(node, node.operand(0), node.operand(2), 1),
                                           centered(node, node.operand(3), node.operand(5), 0));
  if (!product)
    return product.takeError();
  Value sum = *product, channels = scalar(node, node.operand(4));
  auto perChannel = [&](Value value) {
    SmallVector<Dim> dims(graph::rankOf(sum), 1);
    dims[1] = graph::dimOf(value, 0);
    return node.reshape(value, dims);
  };
  if (node.has(8) && graph::rankOf(node.operand(8)) == 1)
    sum = node.add(sum, perChannel(node.operand(8)));
  if (graph::rankOf(channels) == 1)
    channels = perChannel(channels);
  Value scale = node.div(node.mul(scalar(node, node.operand(1)), channels), scalar(node, node.operand(6)));
  return one(requantize(node, sum, scale, zeroPoint));
}
