// RNN, LSTM and GRU layers: a task walks all steps of one direction of one row of the batch. Each step is the product
// of the hidden state with the recurrence weights, which lie in panels of columns so that the loop over the state
// streams through them, and the gates, along vectors of hidden units.
#include "codegen/common/VectorMath.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/ReduceAlong.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

class Recurrent {
public:
  Recurrent(KernelFunction &kernel, RnnOp op)
      : kernel(kernel), b(kernel.builder), op(op), element(elementOf(op.getProjected())),
        wide(element.isF64() ? element : Type(b.getF32Type())), steps(dimOf(op.getProjected(), 1)), batch(dimOf(op.getProjected(), 2)) {
    directions = *dimOf(op.getRecurrence(), 0).constant();
    hidden = *dimOf(op.getRecurrence(), 2).constant();
    panel = *dimOf(op.getRecurrence(), 3).constant();
    gateCount = *dimOf(op.getRecurrence(), 1).constant() * panel / std::max<int64_t>(hidden, 1);
    gates = kernel.scratch(wide, gateCount * hidden);
    state = kernel.scratch(wide, hidden);
    if (op.getKind() == RnnKind::lstm)
      cell = kernel.scratch(wide, hidden);
    if (op.getKind() == RnnKind::gru && !op.getLinearBeforeReset())
      reset = kernel.scratch(wide, hidden);
  }

  LogicalResult emit() {
    kernel.forTasks(batch * directions, [&](Value task) {
      Value rows = kernel.dim(batch);
      row = b.create<arith::RemUIOp>(task, rows);
      direction = b.create<arith::DivUIOp>(task, rows);
      if (directions == 1 || sameActivations()) {
        emitSequence();
        return;
      }
      Value first = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, direction, kernel.index(0));
      auto choice = b.create<scf::IfOp>(first, /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(b);
      for (Block *block : {choice.thenBlock(), choice.elseBlock()}) {
        b.setInsertionPointToStart(block);
        emitSequence();
        firstActivation = op.getActivations().size() / 2;
      }
    });
    return success();
  }

private:
  bool sameActivations() {
    size_t half = op.getActivations().size() / 2;
    for (size_t i = 0; i < half; ++i)
      if (op.getActivations()[i] != op.getActivations()[half + i] || op.getAlphas()[i] != op.getAlphas()[half + i] ||
          op.getBetas()[i] != op.getBetas()[half + i])
        return false;
    return true;
  }

  //===--- Memory ---------------------------------------------------------------------------===//

  static AxisPoint fixed(Value index) { return {index, 0, {}}; }
  AxisPoint shifted(const AxisPoint &at, int64_t by) { return {kernel.add(at.base, by), at.lane, {}}; }
  Value read(ElementEmitter &e, Value tensor, const Point &point) { return emitCast(b, e.at(tensor, point), element, wide); }
  Value readScratch(ElementEmitter &e, Value memory, const AxisPoint &at) { return e.load(memory, wide, Dim(1), Point{at}); }
  void writeScratch(ElementEmitter &e, Value value, Value memory, const AxisPoint &at) { e.store(value, memory, Dim(1), Point{at}); }

  void writeResult(ElementEmitter &e, Value result, Value value, const Point &point) {
    for (auto [index, yielded] : llvm::enumerate(kernel.yield().getValues()))
      if (yielded == result)
        e.store(emitCast(b, value, wide, element), kernel.resultBuffer(index), dimsOf(result), point);
  }

  Value number(ElementEmitter &e, double value) { return e.spread(b.create<arith::ConstantOp>(b.getFloatAttr(wide, value))); }
  Value zero(ElementEmitter &e) { return b.create<arith::ConstantOp>(b.getZeroAttr(e.valueType(wide))); }
  Value add(Value x, Value y) { return b.create<arith::AddFOp>(x, y); }
  Value sub(Value x, Value y) { return b.create<arith::SubFOp>(x, y); }
  Value mul(Value x, Value y) { return b.create<arith::MulFOp>(x, y); }
  Value fma(Value x, Value y, Value z) { return b.create<math::FmaOp>(x, y, z); }

  /// Runs `body` along vectors of the hidden units.
  void forHidden(function_ref<void(ElementEmitter &, const AxisPoint &)> body) {
    ElementEmitter scalar(kernel, 1);
    forVectors(scalar, kernel.index(0), kernel.index(hidden), body);
  }

  //===--- The sequence ---------------------------------------------------------------------===//

  void emitSequence() {
    Value zeroIndex = kernel.index(0), all = kernel.dim(steps), count = all;
    if (op.getLengths()) {
      ElementEmitter scalar(kernel, 1);
      Value length = b.create<arith::IndexCastOp>(b.getIndexType(), scalar.at(op.getLengths(), Point{fixed(row)}));
      count = b.create<arith::MinSIOp>(b.create<arith::MaxSIOp>(length, zeroIndex), all);
    }
    forHidden([&](ElementEmitter &e, const AxisPoint &at) {
      Point place{fixed(direction), fixed(row), at};
      writeScratch(e, op.getInitialH() ? read(e, op.getInitialH(), place) : zero(e), state, at);
      if (cell)
        writeScratch(e, op.getInitialC() ? read(e, op.getInitialC(), place) : zero(e), cell, at);
    });
    kernel.forRange(zeroIndex, count, kernel.index(1), [&](Value step) {
      Value backward = b.create<arith::SubIOp>(kernel.add(count, -1), step);
      if (op.getDirection() == "reverse") {
        time = backward;
      } else if (op.getDirection() == "forward") {
        time = step;
      } else {
        Value forward = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, direction, zeroIndex);
        time = b.create<arith::SelectOp>(forward, step, backward);
      }
      emitStep();
    });
    // Past the end of a shorter sequence the output is zero.
    if (op.getLengths())
      kernel.forRange(count, all, kernel.index(1), [&](Value rest) {
        forHidden([&](ElementEmitter &e, const AxisPoint &at) { writeResult(e, op.getY(), zero(e), {fixed(rest), fixed(direction), fixed(row), at}); });
      });
    forHidden([&](ElementEmitter &e, const AxisPoint &at) {
      Point place{fixed(direction), fixed(row), at};
      writeResult(e, op.getLastH(), readScratch(e, state, at), place);
      writeResult(e, op.getLastC(), cell ? readScratch(e, cell, at) : zero(e), place);
    });
  }

  void emitStep() {
    switch (op.getKind()) {
    case RnnKind::rnn:
      product(state, 0, 1, /*withProjection=*/true);
      return forHidden([&](ElementEmitter &e, const AxisPoint &at) { finish(e, activate(e, 0, gate(e, 0, at)), at); });
    case RnnKind::lstm:
      product(state, 0, 4, /*withProjection=*/true);
      return forHidden([&](ElementEmitter &e, const AxisPoint &at) { emitLstm(e, at); });
    case RnnKind::gru:
      return emitGru();
    }
  }

  Value gate(ElementEmitter &e, int64_t index, const AxisPoint &at) { return readScratch(e, gates, shifted(at, index * hidden)); }
  Value projected(ElementEmitter &e, const AxisPoint &column) {
    return read(e, op.getProjected(), {fixed(direction), fixed(time), fixed(row), column});
  }
  void finish(ElementEmitter &e, Value value, const AxisPoint &at) {
    writeScratch(e, value, state, at);
    writeResult(e, op.getY(), value, {fixed(time), fixed(direction), fixed(row), at});
  }

  /// Gates in the order i, o, f, c; peepholes i, o, f.
  void emitLstm(ElementEmitter &e, const AxisPoint &at) {
    Value before = readScratch(e, cell, at);
    auto peep = [&](int64_t index, Value sum, Value value) {
      if (!op.getPeepholes())
        return sum;
      return fma(read(e, op.getPeepholes(), {fixed(direction), shifted(at, index * hidden)}), value, sum);
    };
    Value input = activate(e, 0, peep(0, gate(e, 0, at), before));
    Value forget = op.getInputForget() ? sub(number(e, 1), input) : activate(e, 0, peep(2, gate(e, 2, at), before));
    Value candidate = activate(e, 1, gate(e, 3, at));
    Value after = fma(forget, before, mul(input, candidate));
    Value output = activate(e, 0, peep(1, gate(e, 1, at), after));
    writeScratch(e, after, cell, at);
    finish(e, mul(output, activate(e, 2, after, /*clips=*/false)), at);
  }

  /// Gates in the order z, r, h.
  void emitGru() {
    auto blend = [&](ElementEmitter &e, Value update, Value candidate, const AxisPoint &at) {
      finish(e, fma(update, sub(readScratch(e, state, at), candidate), candidate), at);
    };
    product(state, 0, 2, /*withProjection=*/true);
    if (op.getLinearBeforeReset()) {
      product(state, 2, 3, /*withProjection=*/false);
      return forHidden([&](ElementEmitter &e, const AxisPoint &at) {
        Value r = activate(e, 0, gate(e, 1, at));
        Value candidate = activate(e, 1, fma(r, gate(e, 2, at), projected(e, shifted(at, 2 * hidden))));
        blend(e, activate(e, 0, gate(e, 0, at)), candidate, at);
      });
    }
    forHidden([&](ElementEmitter &e, const AxisPoint &at) {
      writeScratch(e, mul(activate(e, 0, gate(e, 1, at)), readScratch(e, state, at)), reset, at);
    });
    product(reset, 2, 3, /*withProjection=*/true);
    forHidden([&](ElementEmitter &e, const AxisPoint &at) {
      blend(e, activate(e, 0, gate(e, 0, at)), activate(e, 1, gate(e, 2, at)), at);
    });
  }

  //===--- The product ----------------------------------------------------------------------===//

  /// gates[from, to) = vector * R^T (+ what the step's input gives). Panels never cross a gate.
  void product(Value vector, int64_t from, int64_t to, bool withProjection) {
    int64_t perGate = hidden / std::max<int64_t>(panel, 1), lanes = vectorLanes(kernel.level);
    if (hidden == 0)
      return;
    constexpr int64_t most = 8; // accumulators: as many as hide the latency of two units
    kernel.forRange(kernel.index(from * perGate), kernel.index(to * perGate), kernel.index(1), [&](Value index) {
      ElementEmitter wideEmitter(kernel, lanes);
      int64_t column = 0;
      while (column + lanes <= panel) {
        int64_t count = std::min(most, (panel - column) / lanes);
        SmallVector<AxisPoint> columns;
        for (int64_t v = 0; v < count; ++v)
          columns.push_back({kernel.index(column + v * lanes), 1, {}});
        productBlock(wideEmitter, vector, index, columns, withProjection);
        column += count * lanes;
      }
      ElementEmitter scalar(kernel, 1);
      forVectors(scalar, kernel.index(column), kernel.index(panel),
                 [&](ElementEmitter &e, const AxisPoint &at) { productBlock(e, vector, index, {at}, withProjection); });
    });
  }

  void productBlock(ElementEmitter &e, Value vector, Value index, ArrayRef<AxisPoint> columns, bool withProjection) {
    Value base = kernel.multiply(index, kernel.index(panel));
    auto absolute = [&](const AxisPoint &column) { return AxisPoint{kernel.add(base, column.base), column.lane, {}}; };
    SmallVector<Value> sums;
    for (const AxisPoint &column : columns) {
      Value sum = withProjection ? projected(e, absolute(column)) : zero(e);
      if (op.getRecurrenceBias())
        sum = add(sum, read(e, op.getRecurrenceBias(), {fixed(direction), absolute(column)}));
      sums.push_back(sum);
    }
    auto loop = b.create<scf::ForOp>(kernel.index(0), kernel.index(hidden), kernel.index(1), sums);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value k = loop.getInductionVar(), factor = e.spread(b.create<memref::LoadOp>(vector, k));
      SmallVector<Value> next;
      for (auto [column, sum] : llvm::zip(columns, loop.getRegionIterArgs()))
        next.push_back(fma(read(e, op.getRecurrence(), {fixed(direction), fixed(index), fixed(k), column}), factor, sum));
      b.create<scf::YieldOp>(next);
    }
    for (auto [column, sum] : llvm::zip(columns, loop.getResults()))
      writeScratch(e, sum, gates, absolute(column));
  }

  //===--- Activations ----------------------------------------------------------------------===//

  Value call(StringRef name, Value x) { return emitMath(b, b.getLoc(), *mathFunctionNamed(name), x); }

  Value activate(ElementEmitter &e, size_t index, Value x, bool clips = true) {
    index += firstActivation;
    double clip = op.getClip().convertToDouble();
    if (clips && clip > 0)
      x = b.create<arith::MaximumFOp>(b.create<arith::MinimumFOp>(x, number(e, clip)), number(e, -clip));
    StringRef name = cast<StringAttr>(op.getActivations()[index]).getValue();
    Value alpha = number(e, op.getAlphas()[index]), beta = number(e, op.getBetas()[index]), none = number(e, 0), one = number(e, 1);
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

  KernelFunction &kernel;
  ImplicitLocOpBuilder &b;
  RnnOp op;
  Type element, wide;
  Dim steps, batch;
  int64_t directions, hidden, panel, gateCount;
  size_t firstActivation = 0;
  Value gates, state, cell, reset; // scratch
  Value row, direction, time;      // of the task and step under construction
};

} // namespace

LogicalResult emitRecurrent(KernelFunction &kernel) {
  for (Operation &op : kernel.body())
    if (auto rnn = dyn_cast<RnnOp>(op))
      return Recurrent(kernel, rnn).emit();
  return kernel.source.emitError() << "has no recurrent layer";
}

} // namespace quern
