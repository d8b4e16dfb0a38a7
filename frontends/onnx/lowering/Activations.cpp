// Activation functions, each in terms of a few elementwise ops that fuse into one kernel.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;

static Value less(NodeLowering &node, Value a, double b) {
  return node.compare(CompareKind::lt, a, node.constant(b, a.getType()));
}
static Value greater(NodeLowering &node, Value a, double b) {
  return node.compare(CompareKind::gt, a, node.constant(b, a.getType()));
}

static Value relu(NodeLowering &node, Value x) { return node.max(x, 0.0); }

static Value leakyRelu(NodeLowering &node, Value x) {
  return node.select(less(node, x, 0), node.mul(x, node.real("alpha", 0.01)), x);
}

static Value elu(NodeLowering &node, Value x) {
  return node.select(less(node, x, 0), node.mul(node.unary<graph::Expm1Op>(x), node.real("alpha", 1.0)), x);
}

static Value selu(NodeLowering &node, Value x) {
  bool old = node.version() < 6;
  double alpha = node.real("alpha", old ? 1.6732 : 1.67326319217681884765625);
  double gamma = node.real("gamma", old ? 1.0507 : 1.05070102214813232421875);
  return node.mul(node.select(greater(node, x, 0), x, node.mul(node.unary<graph::Expm1Op>(x), alpha)), gamma);
}

static Value celu(NodeLowering &node, Value x) {
  double alpha = node.real("alpha", 1.0);
  Value negative = node.mul(node.unary<graph::Expm1Op>(node.div(x, alpha)), alpha);
  return node.select(less(node, x, 0), negative, x);
}

static Value thresholdedRelu(NodeLowering &node, Value x) {
  return node.select(greater(node, x, node.real("alpha", 1.0)), x, node.constant(0, x.getType()));
}

static Value ramp(NodeLowering &node, Value x, double alpha, double beta) {
  return node.max(node.min(node.add(node.mul(x, alpha), beta), 1.0), 0.0);
}

static Value hardSigmoid(NodeLowering &node, Value x) {
  return ramp(node, x, node.real("alpha", 0.2), node.real("beta", 0.5));
}

static Value hardSwish(NodeLowering &node, Value x) { return node.mul(x, ramp(node, x, 1.0 / 6, 0.5)); }

static Value softsign(NodeLowering &node, Value x) { return node.div(x, node.add(node.unary<graph::AbsOp>(x), 1.0)); }

static Value mish(NodeLowering &node, Value x) { return node.mul(x, node.tanh(node.unary<graph::SoftplusOp>(x))); }

static Value swish(NodeLowering &node, Value x) {
  double alpha = node.real("alpha", 1.0);
  return node.mul(x, node.sigmoid(alpha == 1.0 ? x : node.mul(x, alpha)));
}

static Value shrink(NodeLowering &node, Value x) {
  double lambda = node.real("lambd", 0.5), bias = node.real("bias", 0.0);
  Value zero = node.constant(0, x.getType());
  Value above = node.select(greater(node, x, lambda), node.sub(x, bias), zero);
  return node.select(less(node, x, -lambda), node.add(x, bias), above);
}

Value onnx::gelu(NodeLowering &node, Value x, bool byTanh) {
  if (byTanh) {
    Value cube = node.mul(node.mul(x, x), x);
    Value inner = node.mul(node.add(x, node.mul(cube, 0.044715)), 0.7978845608028654);
    return node.mul(node.mul(x, 0.5), node.add(node.tanh(inner), 1.0));
  }
  Value erf = node.unary<graph::ErfOp>(node.mul(x, 0.70710678118654752440));
  return node.mul(node.mul(x, 0.5), node.add(erf, 1.0));
}

namespace {
struct Activation {
  llvm::StringLiteral name;
  Value (*build)(NodeLowering &, Value);
  bool floatsOnly;
};
} // namespace

static const Activation kActivations[] = {
    {"Relu", relu, false},          {"LeakyRelu", leakyRelu, true},     {"Elu", elu, true},
    {"Selu", selu, true},           {"Celu", celu, true},               {"ThresholdedRelu", thresholdedRelu, true},
    {"HardSigmoid", hardSigmoid, true}, {"HardSwish", hardSwish, true}, {"Softsign", softsign, true},
    {"Mish", mish, true},           {"Swish", swish, true},             {"Shrink", shrink, false},
};

Lowered onnx::lowerActivation(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  const Activation *row =
      llvm::find_if(kActivations, [&](const Activation &entry) { return entry.name == node.opType(); });
  Type element = graph::elementOf(node.operand(0));
  if (!isa<FloatType>(element) && (row->floatsOnly || !isa<IntegerType>(element)))
    return node.error(ErrorKind::Model, "does not take elements of type {0}", element);
  return one(row->build(node, node.operand(0)));
}

Lowered onnx::lowerGelu(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  llvm::StringRef approximate = node.text("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return node.error(ErrorKind::Model, "approximate is {0}; it must be 'none' or 'tanh'", quoted(approximate));
  return one(gelu(node, node.operand(0), approximate == "tanh"));
}

Lowered onnx::lowerPRelu(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  Value x = node.operand(0), slope = node.operand(1);
  // Before opset 7 the slope is one number or one for each channel.
  if (node.version() < 7 && graph::rankOf(slope) == 1 && graph::rankOf(x) > 2 && !graph::dimOf(slope, 0).isEqualTo(1)) {
    SmallVector<Dim> dims(graph::rankOf(x) - 1, 1);
    dims[0] = graph::dimOf(slope, 0);
    slope = node.reshape(slope, dims);
  }
  Value negative = node.compare(CompareKind::lt, x, node.constant(0, x.getType()));
  return one(node.select(negative, node.mul(x, slope), x));
}

Value onnx::scalar(NodeLowering &node, Value value) {
  return product(graph::dimsOf(value)).isEqualTo(1) ? node.reshape(value, {}) : value;
}

Lowered onnx::lowerClip(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 3))
    return error;
  Value x = node.operand(0);
  bool byInput = node.version() >= 11;
  auto bound = [&](size_t input, llvm::StringRef attribute) -> Value {
    if (byInput)
      return node.has(input) ? scalar(node, node.operand(input)) : Value();
    return node.hasAttr(attribute) ? node.constant(node.real(attribute, 0), x.getType()) : Value();
  };
  if (Value low = bound(1, "min"))
    x = node.max(x, low);
  if (Value high = bound(2, "max"))
    x = node.min(x, high);
  return one(x);
}

//===--- Nothing at all ---------------------------------------------------------------------===//

Lowered onnx::lowerIdentity(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  return one(node.operand(0));
}

/// Inference: the input, and a mask of ones. Training mode (an input since opset 12) has no meaning in a compiled
/// model.
Lowered onnx::lowerDropout(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 3))
    return error;
  if (node.has(2)) {
    std::optional<SmallVector<int64_t>> training = node.knownInts(2);
    std::optional<SmallVector<double>> ratio = node.has(1) ? node.knownReals(1) : SmallVector<double>{0.5};
    bool off = training && training->size() == 1 && (*training)[0] == 0;
    bool nothing = ratio && ratio->size() == 1 && (*ratio)[0] == 0;
    if (!off && !nothing)
      return node.error(ErrorKind::Unsupported,
                        "training_mode is not a constant false; export the model for inference");
  }
  Value x = node.operand(0), mask;
  if (node.wantsResult(1)) {
    Type element = node.version() >= 10 ? Type(node.builder.getI1Type()) : graph::elementOf(x);
    mask = node.splat(1, element, graph::dimsOf(x));
  }
  return SmallVector<Value>{x, mask};
}
