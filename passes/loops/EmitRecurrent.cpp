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
#include "passes/loops/ElementEmitter.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/RecurrentCell.h"
#include "passes/loops/RegisterTile.h"
#include "passes/loops/RowTiling.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

constexpr int64_t kBlock = RecurrentLayer::kBlock;
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
  RecurrentCell cells() { return RecurrentCell(b, op, vector, second); }
  void withOperands(Cell &cell, function_ref<void(const RecurrentCell::Operands &)> body);
  void finish(Cell &cell, Value value);
  void lstmGates(Cell &cell);
  void lstmState(Cell &cell);
  void computeState(Cell &cell);


  KernelFunction &kernel;
  IndexBuilder builder;
  ImplicitLocOpBuilder &b;
  RnnOp op;
  RecurrentLayer layer;
  Type element, wide;
  Dim steps, batch;
  int64_t directions, hidden, gateCount, blocks, padded, taskBlocks, lanes, phasesPerStep;
  VectorType vector;
  bool second = false; ///< the code is for the second direction
  Value state, cellState, reset, update; ///< shared by all tasks
  Value sums;                            ///< scratch: products of the task's rows, [rows, gates, units of a task]
  // The task, phase, row and step under construction.
  Value direction, row, time;
  Part rows;
  Index firstBlock, blockCount, stateBefore, stateAfter;
  Value step;
};

Recurrent::Recurrent(KernelFunction &kernel, RnnOp op)
    : kernel(kernel), builder(kernel.builder), b(kernel.builder), op(op), layer(op), element(layer.element),
      wide(layer.wide), steps(layer.steps), batch(layer.batch), directions(layer.directions), hidden(layer.hidden),
      gateCount(layer.gates), blocks(layer.blocks), padded(layer.padded), phasesPerStep(layer.phasesPerStep()) {
  taskBlocks = std::min(kernel.source.getSchedule().parameter("task_units", padded) / kBlock, blocks);
  lanes = std::min<int64_t>(kBlock, kernel.level.vectorBytes * 8 / wide.getIntOrFloatBitWidth());
  vector = VectorType::get(lanes, wide);
  Dim size = batch * (directions * padded);
  state = kernel.shared(wide, size * 2);
  if (op.getKind() == RnnKind::lstm)
    cellState = kernel.shared(wide, size);
  if (layer.resetsFirst()) {
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
  if (directions == 1 || layer.sameActivations())
    return emitPhaseOfDirection(phase);
  Value first = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, direction, kernel.index(0));
  builder.branch(first, [&] { emitPhaseOfDirection(phase); },
                 [&] {
                   second = true;
                   emitPhaseOfDirection(phase);
                   second = false;
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
        Value value = initial ? read(cell.e, initial, point) : cells().number(0);
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
    writeResult(cell, op.getY(), cells().number(0), {fixed(step), fixed(direction), fixed(row), cell.unit});
  };
  if (phasesPerStep == 1) {
    product(state, stateBefore, 0, gateCount);
    if (op.getKind() == RnnKind::lstm) {
      // Loops of their own: the functions of a cell and the constants of them all do not fit the registers.
      forCells([&](Cell &cell) { lstmGates(cell); });
      forCells([&](Cell &cell) { lstmState(cell); });
    }
    return forCells([&](Cell &cell) { computeState(cell); }, keep);
  }
  Value isFirst =
      b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, builder.value(builder.rem(phase, 2)), kernel.index(0));
  builder.branch(isFirst,
                 [&] {
                   product(state, stateBefore, 0, 2);
                   forCells([&](Cell &cell) {
                     withOperands(cell, [&](const RecurrentCell::Operands &operands) {
                       writeState(cells().update(operands), update, place(cell));
                       writeState(cells().resetHidden(operands), reset, place(cell));
                     });
                   });
                 },
                 [&] {
                   product(reset, builder.index(0), 2, 3);
                   forCells(
                       [&](Cell &cell) {
                         withOperands(cell, [&](const RecurrentCell::Operands &operands) {
                           Value z = readState(update, place(cell));
                           finish(cell, cells().blend(operands, z));
                         });
                       },
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
    // The row's scalars take a register for all rows, or one each.
    tile.rows = kernel.level.multipliesLanes
                    ? std::clamp<int64_t>((registers - vectors()) / (vectors() + 1), 1, most)
                    : std::clamp<int64_t>((registers - vectors() - 1) / vectors(), 1, most);
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
      RegisterTile registers(builder, kernel.level, {size, count, lanes, wide}, operands);
      Accumulators values = registers.zero();
      Index from = builder.add(offset, rowOffset(builder.add(rows.first, first)));
      int64_t unroll = kernel.level.multipliesLanes ? lanes : 2;
      registers.accumulate(values, {{builder.index(hidden), builder.index(1), builder.index(rowStep), unroll}}, from,
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
  Value bias = read(cell.e, op.getRecurrenceBias(), {fixed(direction), shifted(cell.unit, gate * hidden)});
  return b.create<arith::AddFOp>(sum, bias);
}

void Recurrent::withOperands(Cell &cell, function_ref<void(const RecurrentCell::Operands &)> body) {
  auto fromState = [&](int64_t gate) { return recurrent(cell, gate); };
  auto fromInput = [&](int64_t gate) { return projected(cell, gate); };
  auto hidden = [&] { return hiddenBefore(cell); };
  auto cellBefore = [&] { return readState(cellState, place(cell)); };
  auto peephole = [&](int64_t index) {
    return read(cell.e, op.getPeepholes(), {fixed(direction), shifted(cell.unit, index * this->hidden)});
  };
  body({fromState, fromInput, hidden, cellBefore, peephole});
}

void Recurrent::finish(Cell &cell, Value value) {
  writeState(value, state, builder.add(stateAfter, place(cell)));
  writeResult(cell, op.getY(), value, {fixed(time), fixed(direction), fixed(row), cell.unit});
  writeResult(cell, op.getLastH(), value, {fixed(direction), fixed(row), cell.unit});
}

/// The input and the forget gate, in place of their sums.
void Recurrent::lstmGates(Cell &cell) {
  withOperands(cell, [&](const RecurrentCell::Operands &operands) {
    Value input = cells().inputGate(operands), forget = cells().forgetGate(operands, input);
    writeState(input, sums, gatePlace(cell, 0));
    writeState(forget, sums, gatePlace(cell, 2));
  });
}

void Recurrent::lstmState(Cell &cell) {
  withOperands(cell, [&](const RecurrentCell::Operands &operands) {
    Value input = readState(sums, gatePlace(cell, 0)), forget = readState(sums, gatePlace(cell, 2));
    Value after = cells().cellAfter(operands, input, forget);
    writeState(after, cellState, place(cell));
    writeResult(cell, op.getLastC(), after, {fixed(direction), fixed(row), cell.unit});
  });
}

/// Of an LSTM the part that is left, of others all of the step.
void Recurrent::computeState(Cell &cell) {
  withOperands(cell, [&](const RecurrentCell::Operands &operands) {
    if (op.getKind() != RnnKind::lstm)
      return finish(cell, cells().step(operands).hidden);
    finish(cell, cells().lstmOutput(operands, readState(cellState, place(cell))));
  });
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
