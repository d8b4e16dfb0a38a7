// Arithmetic: one ONNX operator, one graph op, with the broadcast rules of every operator set.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

//===--- Unary ------------------------------------------------------------------------------===//

namespace {
struct Unary {
  llvm::StringLiteral name;
  Value (*build)(NodeLowering &, Value);
};
} // namespace

template <typename OpTy> static Value build(NodeLowering &node, Value x) { return node.unary<OpTy>(x); }

static const Unary kUnary[] = {
    {"Abs", build<graph::AbsOp>},     {"Acos", build<graph::AcosOp>},       {"Acosh", build<graph::AcoshOp>},
    {"Asin", build<graph::AsinOp>},   {"Asinh", build<graph::AsinhOp>},     {"Atan", build<graph::AtanOp>},
    {"Atanh", build<graph::AtanhOp>}, {"BitwiseNot", build<graph::NotOp>},  {"Ceil", build<graph::CeilOp>},
    {"Cos", build<graph::CosOp>},     {"Cosh", build<graph::CoshOp>},       {"Erf", build<graph::ErfOp>},
    {"Exp", build<graph::ExpOp>},     {"Floor", build<graph::FloorOp>},     {"IsNaN", build<graph::IsNanOp>},
    {"Log", build<graph::LogOp>},     {"Neg", build<graph::NegOp>},         {"Not", build<graph::NotOp>},
    {"Round", build<graph::RoundOp>}, {"Sigmoid", build<graph::SigmoidOp>}, {"Sign", build<graph::SignOp>},
    {"Sin", build<graph::SinOp>},     {"Sinh", build<graph::SinhOp>},       {"Softplus", build<graph::SoftplusOp>},
    {"Sqrt", build<graph::SqrtOp>},   {"Tan", build<graph::TanOp>},         {"Tanh", build<graph::TanhOp>},
};

Lowered onnx::lowerUnary(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  const Unary *row = llvm::find_if(kUnary, [&](const Unary &unary) { return unary.name == node.opType(); });
  return one(row->build(node, node.operand(0)));
}

Lowered onnx::lowerReciprocal(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  return one(node.div(node.constant(1, node.operand(0).getType()), node.operand(0)));
}

Lowered onnx::lowerIsInf(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  bool negative = node.integer("detect_negative", 1), positive = node.integer("detect_positive", 1);
  return one(node.create<graph::IsInfOp>(node.operand(0), negative, positive));
}

//===--- Binary -----------------------------------------------------------------------------===//

/// Before opset 7 the second input does not broadcast unless `broadcast` says so, and `axis` is where its first axis
/// lies.
llvm::Expected<Value> onnx::alignedRhs(NodeLowering &node) {
  Value a = node.operand(0), b = node.operand(1);
  if (node.version() >= 7 || !node.hasAttr("axis") || !node.integer("broadcast", 0))
    return b;
  int64_t rank = graph::rankOf(a);
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", 0), rank + 1);
  if (!axis)
    return axis.takeError();
  SmallVector<Dim> dims = graph::dimsOf(b);
  if (*axis + int64_t(dims.size()) > rank)
    return node.error(ErrorKind::Model, "axis is {0}, but inputs of {1} and {2} axes do not fit there", *axis, rank,
                      dims.size());
  dims.resize(rank - *axis, 1);
  return node.reshape(b, dims);
}

namespace {
struct Binary {
  llvm::StringLiteral name;
  Value (*build)(NodeLowering &, Value, Value);
};
} // namespace

template <typename OpTy> static Value build(NodeLowering &node, Value a, Value b) { return node.binary<OpTy>(a, b); }

static const Binary kBinary[] = {
    {"Add", build<graph::AddOp>},        {"And", build<graph::AndOp>},        {"BitwiseAnd", build<graph::AndOp>},
    {"BitwiseOr", build<graph::OrOp>},   {"BitwiseXor", build<graph::XorOp>}, {"Div", build<graph::DivOp>},
    {"Mul", build<graph::MulOp>},        {"Or", build<graph::OrOp>},          {"Pow", build<graph::PowOp>},
    {"Sub", build<graph::SubOp>},        {"Xor", build<graph::XorOp>},
};

Lowered onnx::lowerBinary(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  llvm::Expected<Value> rhs = alignedRhs(node);
  if (!rhs)
    return rhs.takeError();
  const Binary *row = llvm::find_if(kBinary, [&](const Binary &binary) { return binary.name == node.opType(); });
  return one(row->build(node, node.operand(0), *rhs));
}

Lowered onnx::lowerMod(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  bool truncated = node.integer("fmod", 0);
  if (isa<FloatType>(graph::elementOf(node.operand(0))) && !truncated)
    return node.error(ErrorKind::Model, "needs fmod=1 for floats, got 0");
  return one(node.binary<graph::ModOp>(node.operand(0), node.operand(1), truncated));
}

Lowered onnx::lowerBitShift(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  llvm::StringRef direction = node.text("direction", "");
  if (direction == "LEFT")
    return one(node.binary<graph::ShiftLeftOp>(node.operand(0), node.operand(1)));
  if (direction == "RIGHT")
    return one(node.binary<graph::ShiftRightOp>(node.operand(0), node.operand(1)));
  return node.error(ErrorKind::Model, "direction is {0}; it must be 'LEFT' or 'RIGHT'", quoted(direction));
}

//===--- Any number of inputs ---------------------------------------------------------------===//

static const Binary kVariadic[] = {{"Max", build<graph::MaxOp>},
                                   {"Mean", build<graph::AddOp>},
                                   {"Min", build<graph::MinOp>},
                                   {"Sum", build<graph::AddOp>}};

Lowered onnx::lowerVariadic(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(std::max<size_t>(1, node.numOperands())))
    return error;
  const Binary *row = llvm::find_if(kVariadic, [&](const Binary &binary) { return binary.name == node.opType(); });
  Value result = node.operand(0);
  for (Value operand : node.allOperands().drop_front())
    result = row->build(node, result, operand);
  if (node.opType() == "Mean" && node.numOperands() > 1)
    result = node.div(result, double(node.numOperands()));
  return one(result);
}
