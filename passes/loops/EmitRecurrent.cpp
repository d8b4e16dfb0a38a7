// RNN, LSTM and GRU layers. A step is the product of the hidden state with the recurrence weights, which lie by blocks
// of 16 hidden units so that one stream brings all gates of a block, and then the cells of these units. A task has a
// block of rows of the batch in one direction and, of a layer whose step is worth sharing, only some of the hidden
// units:
//
//   phase 0      the initial state goes into the state, which all tasks share
//   phase 1 + s  step s: each task reads the whole state of before and writes its units of the state after, in the
//   other
//                of two places (a GRU that resets before its product takes two phases: r * h, then the rest)
//
// Where a step is too short, one task walks all phases by itself. Which of the two it is depends on shapes alone.
#include "codegen/common/VectorMath.h"
#include "passes/loops/ElementEmitter.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/RegisterTile.h"
#include "passes/loops/RowTiling.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

constexpr int64_t kBlock = 16;    ///< hidden units that lie together in the weights
constexpr int64_t kTaskRows = 16; ///< of the batch

/// Columns of a register tile: `width` units of so many gates, of `blocks` blocks.
struct TileColumns {
  int64_t width, blocks, rows;
};

class Recurrent {
public:
  Recurrent(KernelFunction &kernel, RnnOp op);
  LogicalResult emit();

private:
  /// One vector of hidden units of one row, where a cell is computed.
  struct Cell {
    ElementEmitter &e;
    AxisPoint unit;
    Index local;    ///< the unit, counted from the task's first one
    Index localRow; ///< the row, counted from the task's first one
  };

  bool sameActivations();
  Dim rowBlocks() const { return Dim::max(batch.ceildiv(kTaskRows), 1); }
  void decode(Value task, int64_t parts);
  void emitPhase(Value phase);
  void emitPhaseOfDirection(Value phase);
  void initialize();
  void emitStep(Value phase);
  void forRows(function_ref<void(Index localRow)> body);
  void forUnits(Index localRow, function_ref<void(Cell &)> body);
  void forCells(function_ref<void(Cell &)> cell, std::optional<function_ref<void(Cell &)>> pastEnd = std::nullopt);
  TileColumns tileColumns(int64_t gates) const;
  void product(Value vector, Index offset, int64_t from, int64_t to);
  void productTile(Value vector, Index offset, Index block, const TileColumns &columns, int64_t from, int64_t gates);

  //===--- Memory ---------------------------------------------------------------------------===//

  static AxisPoint fixed(Value index) { return {index, 0, {}}; }
  AxisPoint shifted(const AxisPoint &at, int64_t by) { return {kernel.add(at.base, by), at.lane, {}}; }
  Value read(ElementEmitter &e, Value tensor, const Point &point) {
    return emitCast(b, e.at(tensor, point), element, wide);
  }
  void writeResult(Cell &cell, Value result, Value value, const Point &point) {
    for (auto [index, yielded] : llvm::enumerate(kernel.yield().getValues()))
      if (yielded == result)
        cell.e.store(emitCast(b, value, wide, element), kernel.resultBuffer(index), dimsOf(result), point);
  }

  /// A row of a state [directions, batch, paddedHidden].
  Index rowOffset(Index inBatch) {
    Index number = builder.add(builder.mul(direction, kernel.dim(batch)), inBatch);
    return builder.mul(number, padded);
  }
  Index place(Cell &cell) { return builder.add(rowOffset(row), cell.unit.base); }
  Value readState(Value memory, Index at) { return builder.create<vector::LoadOp>(vector, memory, builder.value(at)); }
  void writeState(Value value, Value memory, Index at) {
    builder.create<vector::StoreOp>(value, memory, builder.value(at));
  }
  Value hiddenBefore(Cell &cell) { return readState(state, builder.add(stateBefore, place(cell))); }

  Value number(double value) {
    return b.create<arith::ConstantOp>(DenseElementsAttr::get(vector, b.getFloatAttr(wide, value)));
  }
  Value add(Value x, Value y) { return b.create<arith::AddFOp>(x, y); }
  Value sub(Value x, Value y) { return b.create<arith::SubFOp>(x, y); }
  Value mul(Value x, Value y) { return b.create<arith::MulFOp>(x, y); }
  Value fma(Value x, Value y, Value z) { return b.create<math::FmaOp>(x, y, z); }

  //===--- Cells ----------------------------------------------------------------------------===//

  Value projected(Cell &cell, int64_t gate) {
    Index block = builder.add(firstBlock, builder.div(cell.local, kBlock)), inBlock = builder.rem(cell.local, kBlock);
    return read(cell.e, op.getProjected(), {fixed(direction), fixed(time), fixed(row), fixed(builder.value(block)),
                                            fixed(kernel.index(gate)), {builder.value(inBlock), 1, {}}});
  }
  Index gatePlace(Cell &cell, int64_t gate) {
    Index rowAndGate = builder.add(builder.mul(cell.localRow, gateCount), gate);
    return builder.add(builder.mul(rowAndGate, taskBlocks * kBlock), cell.local);
  }
  Value recurrent(Cell &cell, int64_t gate);
  Value gate(Cell &cell, int64_t gate) { return add(recurrent(cell, gate), projected(cell, gate)); }
  void finish(Cell &cell, Value value);
  void blend(Cell &cell, Value update, Value candidate);
  Value lstmGate(Cell &cell, int64_t index, Value state);
  void lstmGates(Cell &cell);
  void lstmState(Cell &cell);
  void lstmOutput(Cell &cell);
  void gruCell(Cell &cell);
  Value call(StringRef name, Value x) { return emitMath(b, b.getLoc(), *mathFunctionNamed(name), x); }
  Value activate(size_t index, Value x, bool clips = true);

  KernelFunction &kernel;
  IndexBuilder builder;
  ImplicitLocOpBuilder &b;
  RnnOp op;
  Type element, wide;
  Dim steps, batch;
  int64_t directions, hidden, gateCount, blocks, padded, taskBlocks, lanes, phasesPerStep;
  VectorType vector;
  size_t firstActivation = 0;
  Value state, cellState, reset, update; ///< shared by all tasks
  Value sums;                            ///< scratch: products of the task's rows, [rows, gates, units of a task]
  // The task, phase, row and step under construction.
  Value direction, row, time;
  Part rows;
  Index firstBlock, blockCount, stateBefore, stateAfter;
  Value step;
};

Recurrent::Recurrent(KernelFunction &kernel, RnnOp op)
    : kernel(kernel), builder(kernel.builder), b(kernel.builder), op(op), element(elementOf(op.getProjected())),
      wide(element.isF64() ? element : Type(b.getF32Type())), steps(dimOf(op.getProjected(), 1)),
      batch(dimOf(op.getProjected(), 2)) {
  SmallVector<Dim> weights = dimsOf(op.getRecurrence());
  directions = *weights[0].constant();
  blocks = *weights[1].constant();
  hidden = *weights[2].constant();
  gateCount = *weights[3].constant();
  padded = blocks * kBlock;
  taskBlocks = std::min(kernel.source.getSchedule().parameter("task_units", padded) / kBlock, blocks);
  lanes = std::min<int64_t>(kBlock, kernel.level.vectorBytes * 8 / wide.getIntOrFloatBitWidth());
  vector = VectorType::get(lanes, wide);
  bool resetsFirst = op.getKind() == RnnKind::gru && !op.getLinearBeforeReset();
  phasesPerStep = resetsFirst ? 2 : 1;
  Dim size = batch * (directions * padded);
  state = kernel.shared(wide, size * 2);
  if (op.getKind() == RnnKind::lstm)
    cellState = kernel.shared(wide, size);
  if (resetsFirst) {
    reset = kernel.shared(wide, size);
    update = kernel.shared(wide, size);
  }
  sums = kernel.scratch(wide, kTaskRows * gateCount * taskBlocks * kBlock);
}

LogicalResult Recurrent::emit() {
  int64_t parts = taskBlocks ? llvm::divideCeil(blocks, taskBlocks) : 1;
  Dim tasks = rowBlocks() * (directions * parts), phases = steps * phasesPerStep + 1;
  if (parts > 1) {
    kernel.forPhases(phases, tasks, [&](Value phase, Value task) {
      decode(task, parts);
      emitPhase(phase);
    });
    return success();
  }
  kernel.forTasks(tasks, [&](Value task) {
    decode(task, parts);
    kernel.forRange(kernel.index(0), kernel.dim(phases), kernel.index(1), [&](Value phase) { emitPhase(phase); });
  });
  return success();
}

bool Recurrent::sameActivations() {
  size_t half = op.getActivations().size() / 2;
  for (size_t i = 0; i < half; ++i)
    if (op.getActivations()[i] != op.getActivations()[half + i] || op.getAlphas()[i] != op.getAlphas()[half + i] ||
        op.getBetas()[i] != op.getBetas()[half + i])
      return false;
  return true;
}

/// Neighbouring tasks share the weights, so a thread keeps its part of them in its cache.
void Recurrent::decode(Value task, int64_t parts) {
  Index count = kernel.dim(rowBlocks()), rest = builder.div(task, count);
  rows = part(builder, builder.rem(task, count), count, kernel.dim(batch));
  Index which = builder.rem(rest, parts);
  direction = builder.value(builder.div(rest, parts));
  firstBlock = builder.mul(which, taskBlocks);
  Index left = builder.sub(builder.index(blocks), firstBlock);
  blockCount = blocks % std::max<int64_t>(taskBlocks, 1) ? builder.min(left, builder.index(taskBlocks))
                                                         : builder.index(taskBlocks);
}

//===--- Phases -----------------------------------------------------------------------------===//

void Recurrent::emitPhase(Value phase) {
  if (directions == 1 || sameActivations())
    return emitPhaseOfDirection(phase);
  Value first = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, direction, kernel.index(0));
  builder.branch(first, [&] { emitPhaseOfDirection(phase); },
                 [&] {
                   firstActivation = op.getActivations().size() / 2;
                   emitPhaseOfDirection(phase);
                   firstActivation = 0;
                 });
}

void Recurrent::emitPhaseOfDirection(Value phase) {
  Value first = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, phase, kernel.index(0));
  builder.branch(first, [&] { initialize(); },
                 [&] {
                   Value before = b.create<arith::SubIOp>(phase, kernel.index(1));
                   step = builder.value(builder.div(before, phasesPerStep));
                   Index size = builder.mul(kernel.dim(batch), directions * padded), odd = builder.rem(step, 2);
                   stateBefore = builder.mul(odd, size);
                   stateAfter = builder.sub(size, stateBefore);
                   emitStep(before);
                 });
}

void Recurrent::initialize() {
  forRows([&](Index localRow) {
    forUnits(localRow, [&](Cell &cell) {
      Point point{fixed(direction), fixed(row), cell.unit};
      auto start = [&](Value initial, Value memory, Value last) {
        Value value = initial ? read(cell.e, initial, point) : number(0);
        if (memory)
          writeState(value, memory, place(cell));
        writeResult(cell, last, value, point);
      };
      start(op.getInitialH(), state, op.getLastH());
      start(op.getInitialC(), cellState, op.getLastC());
    });
  });
}

void Recurrent::emitStep(Value phase) {
  // A row past the end of its sequence keeps its state, and its output is zero.
  auto keep = [&](Cell &cell) {
    writeState(hiddenBefore(cell), state, builder.add(stateAfter, place(cell)));
    writeResult(cell, op.getY(), number(0), {fixed(step), fixed(direction), fixed(row), cell.unit});
  };
  if (phasesPerStep == 1) {
    product(state, stateBefore, 0, gateCount);
    if (op.getKind() == RnnKind::lstm) {
      // Loops of their own: the functions of a cell and the constants of them all do not fit the registers.
      forCells([&](Cell &cell) { lstmGates(cell); });
      forCells([&](Cell &cell) { lstmState(cell); });
    }
    return forCells(
        [&](Cell &cell) {
          switch (op.getKind()) {
          case RnnKind::rnn:
            return finish(cell, activate(0, gate(cell, 0)));
          case RnnKind::lstm:
            return lstmOutput(cell);
          case RnnKind::gru:
            return gruCell(cell);
          }
        },
        keep);
  }
  Value isFirst =
      b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, builder.value(builder.rem(phase, 2)), kernel.index(0));
  builder.branch(isFirst,
                 [&] {
                   product(state, stateBefore, 0, 2);
                   forCells([&](Cell &cell) {
                     writeState(activate(0, gate(cell, 0)), update, place(cell));
                     writeState(mul(activate(0, gate(cell, 1)), hiddenBefore(cell)), reset, place(cell));
                   });
                 },
                 [&] {
                   product(reset, builder.index(0), 2, 3);
                   forCells(
                       [&](Cell &cell) { blend(cell, readState(update, place(cell)), activate(1, gate(cell, 2))); },
                       keep);
                 });
}

void Recurrent::forRows(function_ref<void(Index)> body) {
  builder.loop(builder.index(0), rows.count, 1, [&](Index localRow) {
    row = builder.value(builder.add(rows.first, localRow));
    body(localRow);
  });
}

/// Runs `body` along vectors of the task's hidden units. The states have room for whole vectors, tensors do not.
void Recurrent::forUnits(Index localRow, function_ref<void(Cell &)> body) {
  builder.loop(builder.index(0), builder.mul(blockCount, kBlock), lanes, [&](Index local) {
    Index unit = builder.add(builder.mul(firstBlock, kBlock), local);
    Value mask;
    if (hidden % kBlock)
      mask = b.create<vector::CreateMaskOp>(VectorType::get(lanes, b.getI1Type()),
                                            builder.value(builder.sub(builder.index(hidden), unit)));
    ElementEmitter emitter(kernel, lanes, mask);
    Cell cell{emitter, {builder.value(unit), 1, {}}, local, localRow};
    body(cell);
  });
}

/// Runs `cell` for what takes part in the step, and `pastEnd` for rows whose sequence has ended.
void Recurrent::forCells(function_ref<void(Cell &)> cell, std::optional<function_ref<void(Cell &)>> pastEnd) {
  Value all = kernel.dim(steps), zero = kernel.index(0);
  forRows([&](Index localRow) {
    Value count = all;
    if (op.getLengths()) {
      ElementEmitter scalar(kernel, 1);
      Value length = b.create<arith::IndexCastOp>(b.getIndexType(), scalar.at(op.getLengths(), Point{fixed(row)}));
      count = b.create<arith::MinSIOp>(b.create<arith::MaxSIOp>(length, zero), all);
    }
    Value backward = b.create<arith::SubIOp>(kernel.add(count, -1), step);
    time = op.getDirection() == "reverse" ? backward : step;
    if (op.getDirection() == "bidirectional")
      time =
          b.create<arith::SelectOp>(b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, direction, zero), step, backward);
    if (!op.getLengths())
      return forUnits(localRow, cell);
    Value within = b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, step, count);
    builder.branch(within, [&] { forUnits(localRow, cell); },
                   [&] {
                     if (pastEnd)
                       forUnits(localRow, *pastEnd);
                   });
  });
}

//===--- The product ------------------------------------------------------------------------===//

/// A tile has about eight accumulators or more, which hide the latency of two units, and fits the registers.
TileColumns Recurrent::tileColumns(int64_t gates) const {
  constexpr int64_t enough = 8;
  int64_t registers = kernel.level.vectorRegisters,
          most = batch.constant() ? std::min(*batch.constant(), kTaskRows) : 4;
  TileColumns tile{kBlock, 1, 1};
  auto vectors = [&] { return tile.blocks * gates * tile.width / lanes; };
  // One row uses each vector once, straight from memory; of several rows each is loaded once and kept.
  int64_t loaded = most > 1 ? 2 : 1;
  while (tile.width > lanes && loaded * vectors() + 2 > registers)
    tile.width /= 2;
  if (tile.width == kBlock && most == 1)
    while (tile.blocks < taskBlocks && 2 * vectors() <= enough)
      tile.blocks *= 2;
  if (most > 1)
    tile.rows = std::clamp<int64_t>((registers - vectors() - 1) / vectors(), 1, most);
  return tile;
}

/// sums[row, gate, unit] = vector[row] * R^T for the gates [from, to) of the task's rows and units.
void Recurrent::product(Value vectors, Index offset, int64_t from, int64_t to) {
  TileColumns tile = tileColumns(to - from);
  Index whole = builder.sub(blockCount, builder.rem(blockCount, tile.blocks));
  builder.loop(builder.index(0), whole, tile.blocks,
               [&](Index block) { productTile(vectors, offset, block, tile, from, to - from); });
  if (tile.blocks == 1)
    return;
  tile.blocks = 1;
  builder.loop(whole, blockCount, 1, [&](Index block) { productTile(vectors, offset, block, tile, from, to - from); });
}

void Recurrent::productTile(Value factors, Index offset, Index block, const TileColumns &tile, int64_t from,
                            int64_t gates) {
  int64_t rowStep = gateCount * kBlock, span = gates * tile.width, count = tile.blocks * span / lanes;
  Value weights = kernel.buffer(cast<BlockArgument>(op.getRecurrence()));
  Index number = builder.add(builder.mul(direction, blocks), builder.add(firstBlock, block));
  Index start = builder.add(builder.mul(number, hidden * rowStep), from * kBlock);
  // Blocks whose gates all go in lie side by side as panels; parts of a block are panels of one gate each.
  bool isWhole = tile.width == kBlock;
  TileOperands operands{factors, builder.index(padded), weights, isWhole ? span : tile.width,
                        builder.index(isWhole ? hidden * rowStep : kBlock)};
  builder.loop(builder.index(0), builder.index(kBlock), tile.width, [&](Index inBlock) {
    tileRows(builder, rows.count, rows.known, tile.rows, [&](int64_t size, Index first) {
      RegisterTile registers(builder, {size, count, lanes, wide}, operands);
      Accumulators values = registers.zero();
      Index from = builder.add(offset, rowOffset(builder.add(rows.first, first)));
      registers.accumulate(values, {{builder.index(hidden), builder.index(1), builder.index(rowStep), 2}}, from,
                           builder.add(start, inBlock));
      for (int64_t i = 0; i < size; ++i)
        for (int64_t j = 0; j < count; ++j) {
          int64_t column = j * lanes, gate = column % span / tile.width,
                  unit = column / span * kBlock + column % tile.width;
          Index rowAndGate = builder.add(builder.mul(builder.add(first, i), gateCount), builder.index(gate));
          Index local = builder.add(builder.add(builder.mul(block, kBlock), inBlock), builder.index(unit));
          writeState(values[i * count + j], sums, builder.add(builder.mul(rowAndGate, taskBlocks * kBlock), local));
        }
    });
  });
}

//===--- Cells ------------------------------------------------------------------------------===//

/// The state's part of a gate.
Value Recurrent::recurrent(Cell &cell, int64_t gate) {
  // Of a GRU that resets before its product, the candidate's product comes alone.
  bool isAlone = phasesPerStep == 2 && gate == 2;
  Value sum = readState(sums, gatePlace(cell, isAlone ? 0 : gate));
  if (!op.getRecurrenceBias())
    return sum;
  return add(sum, read(cell.e, op.getRecurrenceBias(), {fixed(direction), shifted(cell.unit, gate * hidden)}));
}

void Recurrent::finish(Cell &cell, Value value) {
  writeState(value, state, builder.add(stateAfter, place(cell)));
  writeResult(cell, op.getY(), value, {fixed(time), fixed(direction), fixed(row), cell.unit});
  writeResult(cell, op.getLastH(), value, {fixed(direction), fixed(row), cell.unit});
}

/// A gate with what the cell's state adds to it. Gates in the order i, o, f, c; peepholes i, o, f.
Value Recurrent::lstmGate(Cell &cell, int64_t index, Value state) {
  Value sum = gate(cell, index);
  if (op.getPeepholes())
    sum = fma(read(cell.e, op.getPeepholes(), {fixed(direction), shifted(cell.unit, index * hidden)}), state, sum);
  return activate(0, sum);
}

/// The input and the forget gate, in place of their sums.
void Recurrent::lstmGates(Cell &cell) {
  Value before = readState(cellState, place(cell)), input = lstmGate(cell, 0, before);
  Value forget = op.getInputForget() ? sub(number(1), input) : lstmGate(cell, 2, before);
  writeState(input, sums, gatePlace(cell, 0));
  writeState(forget, sums, gatePlace(cell, 2));
}

void Recurrent::lstmState(Cell &cell) {
  Value input = readState(sums, gatePlace(cell, 0)), forget = readState(sums, gatePlace(cell, 2));
  Value before = readState(cellState, place(cell)), after = fma(forget, before, mul(input, activate(1, gate(cell, 3))));
  writeState(after, cellState, place(cell));
  writeResult(cell, op.getLastC(), after, {fixed(direction), fixed(row), cell.unit});
}

void Recurrent::lstmOutput(Cell &cell) {
  Value after = readState(cellState, place(cell));
  finish(cell, mul(lstmGate(cell, 1, after), activate(2, after, /*clips=*/false)));
}

/// Gates in the order z, r, h.
void Recurrent::gruCell(Cell &cell) {
  Value r = activate(0, gate(cell, 1));
  Value candidate = activate(1, fma(r, recurrent(cell, 2), projected(cell, 2)));
  blend(cell, activate(0, gate(cell, 0)), candidate);
}

void Recurrent::blend(Cell &cell, Value update, Value candidate) {
  finish(cell, fma(update, sub(hiddenBefore(cell), candidate), candidate));
}

Value Recurrent::activate(size_t index, Value x, bool clips) {
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

} // namespace

LogicalResult emitRecurrent(KernelFunction &kernel) {
  RnnOp rnn = kernel.find<RnnOp>();
  if (!rnn)
    return kernel.source.emitError() << "has no recurrent layer";
  if (!isa<BlockArgument>(rnn.getRecurrence()))
    return kernel.source.emitError() << "has a recurrent layer whose weights are computed in the kernel";
  return Recurrent(kernel, rnn).emit();
}

} // namespace quern
