#include "passes/loops/RecurrentCell.h"
#include "codegen/common/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

RecurrentLayer::RecurrentLayer(RnnOp op)
    : op(op), element(elementOf(op.getProjected())),
      wide(element.isF64() ? element : Type(Float32Type::get(element.getContext()))),
      steps(dimOf(op.getProjected(), 1)), batch(dimOf(op.getProjected(), 2)) {
  SmallVector<Dim> weights = dimsOf(op.getRecurrence());
  directions = *weights[0].constant();
  blocks = *weights[1].constant();
  hidden = *weights[2].constant();
  gates = *weights[3].constant();
  padded = blocks * kBlock;
}

bool RecurrentLayer::sameActivations() {
  size_t half = op.getActivations().size() / 2;
  for (size_t i = 0; i < half; ++i)
    if (op.getActivations()[i] != op.getActivations()[half + i] || op.getAlphas()[i] != op.getAlphas()[half + i] ||
        op.getBetas()[i] != op.getBetas()[half + i])
      return false;
  return true;
}

Value RecurrentCell::number(double value) {
  auto scalar = b.getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    return b.create<arith::ConstantOp>(DenseElementsAttr::get(vector, Attribute(scalar)));
  return b.create<arith::ConstantOp>(scalar);
}
Value RecurrentCell::add(Value x, Value y) { return b.create<arith::AddFOp>(x, y); }
Value RecurrentCell::sub(Value x, Value y) { return b.create<arith::SubFOp>(x, y); }
Value RecurrentCell::mul(Value x, Value y) { return b.create<arith::MulFOp>(x, y); }
Value RecurrentCell::fma(Value x, Value y, Value z) { return b.create<math::FmaOp>(x, y, z); }
Value RecurrentCell::call(StringRef name, Value x) { return emitMath(b, b.getLoc(), *mathFunctionNamed(name), x); }

Value RecurrentCell::gate(const Operands &operands, int64_t gate) {
  Value recurrent = operands.recurrent(gate);
  return add(recurrent, operands.projected(gate));
}

RecurrentCell::State RecurrentCell::step(const Operands &operands) {
  switch (op.getKind()) {
  case RnnKind::rnn:
    return {activate(0, gate(operands, 0)), {}};
  case RnnKind::lstm: {
    Value input = inputGate(operands), after = cellAfter(operands, input, forgetGate(operands, input));
    return {lstmOutput(operands, after), after};
  }
  case RnnKind::gru: {
    // Gates in the order z, r, h.
    Value reset = activate(0, gate(operands, 1)), product = operands.recurrent(2);
    Value candidate = activate(1, fma(reset, product, operands.projected(2)));
    return {mix(operands, update(operands), candidate), {}};
  }
  }
  llvm_unreachable("all kinds are handled");
}

/// A gate's sum with what the cell's state adds to it.
Value RecurrentCell::withPeephole(const Operands &operands, int64_t index, Value sum, Value state) {
  return op.getPeepholes() ? fma(operands.peephole(index), state, sum) : sum;
}

Value RecurrentCell::inputGate(const Operands &operands) {
  return activate(0, withPeephole(operands, 0, gate(operands, 0), operands.cell()));
}

Value RecurrentCell::forgetGate(const Operands &operands, Value input) {
  if (op.getInputForget())
    return sub(number(1), input);
  return activate(0, withPeephole(operands, 2, gate(operands, 2), operands.cell()));
}

Value RecurrentCell::cellAfter(const Operands &operands, Value input, Value forget) {
  Value candidate = activate(1, gate(operands, 3));
  return fma(forget, operands.cell(), mul(input, candidate));
}

Value RecurrentCell::lstmOutput(const Operands &operands, Value after) {
  Value output = activate(0, withPeephole(operands, 1, gate(operands, 1), after));
  return mul(output, activate(2, after, /*clips=*/false));
}

Value RecurrentCell::update(const Operands &operands) { return activate(0, gate(operands, 0)); }

Value RecurrentCell::resetHidden(const Operands &operands) {
  Value reset = activate(0, gate(operands, 1));
  return mul(reset, operands.hidden());
}

Value RecurrentCell::blend(const Operands &operands, Value update) {
  return mix(operands, update, activate(1, gate(operands, 2)));
}

Value RecurrentCell::mix(const Operands &operands, Value update, Value candidate) {
  return fma(update, sub(operands.hidden(), candidate), candidate);
}

Value RecurrentCell::activate(size_t index, Value x, bool clips) {
  index += firstActivation;
  double clip = op.getClip().convertToDouble();
  if (clips && clip > 0)
    x = b.create<arith::MaximumFOp>(b.create<arith::MinimumFOp>(x, number(clip)), number(-clip));
  StringRef name = cast<StringAttr>(op.getActivations()[index]).getValue();
  Value alpha = number(op.getAlphas()[index]), beta = number(op.getBetas()[index]), none = number(0), one = number(1);
  auto above = [&](Value limit, Value yes, Value no) -> Value {
    return b.create<arith::SelectOp>(b.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, x, limit), yes, no);
  };
  if (name == "Tanh")
    return call("tanh", x);
  if (name == "Sigmoid")
    return call("sigmoid", x);
  if (name == "Relu")
    return b.create<arith::MaximumFOp>(x, none);
  if (name == "Affine")
    return fma(alpha, x, beta);
  if (name == "LeakyRelu")
    return above(none, x, mul(alpha, x));
  if (name == "ThresholdedRelu")
    return above(alpha, x, none);
  if (name == "ScaledTanh")
    return mul(alpha, call("tanh", mul(beta, x)));
  if (name == "HardSigmoid")
    return b.create<arith::MaximumFOp>(b.create<arith::MinimumFOp>(fma(alpha, x, beta), one), none);
  if (name == "Elu")
    return above(none, x, mul(alpha, call("expm1", x)));
  if (name == "Softsign")
    return b.create<arith::DivFOp>(x, add(one, b.create<math::AbsFOp>(x)));
  return call("softplus", x);
}

} // namespace quern
