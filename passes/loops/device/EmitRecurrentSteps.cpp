// RNN, LSTM and GRU layers on a device: a launch for each step, whose blocks meet at its end.
//
//   phase 0      the initial state goes into the state, which all blocks see
//   phase 1 + s  step s: a block has some hidden units and rows of the batch of one direction. Its threads share the
//                product of the state of before with the weights of these units: one column each, a slice of the
//                depth each; slices are added up in order. Then each thread computes cells.
//
// A GRU that resets before its product takes two phases for a step: r * h, then the rest.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/loops/ElementEmitter.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/RecurrentCell.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

class RecurrentSteps {
public:
  RecurrentSteps(KernelFunction &kernel, RnnOp op);
  void emit();

private:
  /// One unit of one row, where a thread computes its cell.
  struct Cell {
    Value localRow, localUnit; ///< among those of the block
    Value row, unit;
    Value time; ///< of the input and the result
  };
  using CellBody = function_ref<void(Cell &, RecurrentCell, const RecurrentCell::Operands &)>;

  void decode(Value task);
  void initialize();
  void emitStep(Value phase);
  void product(Value from, Value offset, int64_t firstGate, int64_t gates);
  void multiply(Value column, Value slice, Value unit, Value gate);
  void forUnits(function_ref<void(Cell &)> body);
  void forCells(CellBody body, bool keepsEnded);
  void withOperands(Cell &cell, CellBody body);
  void computeCell(Cell &cell, CellBody body);
  void keep(Cell &cell);
  void finish(Cell &cell, RecurrentCell::State after);
  Value timeOf(Value count);
  Value recurrent(Cell &cell, int64_t gate);

  Value quotient(Value x, int64_t y) { return b.create<arith::DivUIOp>(x, kernel.index(y)); }
  Value remainder(Value x, int64_t y) { return b.create<arith::RemUIOp>(x, kernel.index(y)); }
  Value times(Value x, int64_t y) { return kernel.multiply(x, kernel.index(y)); }
  Value below(Value x, Value limit) { return b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, x, limit); }
  Value equals(Value x, int64_t y) { return b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, x, kernel.index(y)); }
  void branch(Value condition, function_ref<void()> then, std::optional<function_ref<void()>> otherwise = std::nullopt);

  Value read(Value tensor, const Point &point) {
    ElementEmitter emitter(kernel, 1);
    return emitCast(b, emitter.at(tensor, point), layer.element, layer.wide);
  }
  void write(Value value, Value result, const Point &point) {
    ElementEmitter emitter(kernel, 1);
    for (auto [index, yielded] : llvm::enumerate(kernel.yield().getValues()))
      if (yielded == result)
        emitter.store(emitCast(b, value, layer.wide, layer.element), kernel.resultBuffer(index), dimsOf(result), point);
  }
  /// A place in a state [directions, batch, padded].
  Value place(Value row, Value unit) {
    Value number = kernel.add(kernel.multiply(direction, kernel.dim(layer.batch)), row);
    return kernel.add(times(number, layer.padded), unit);
  }
  Value load(Value memory, Value at) { return b.create<memref::LoadOp>(memory, at); }
  void store(Value value, Value memory, Value at) { b.create<memref::StoreOp>(value, memory, at); }

  KernelFunction &kernel;
  ImplicitLocOpBuilder &b;
  RnnOp op;
  RecurrentLayer layer;
  int64_t taskRows, taskUnits, unitBlocks;
  Dim rowBlocks;
  Value state, cellState, reset, update; ///< all blocks see these
  Value factors, sums; ///< a block's rows of the state; products [slice, row, gate, unit]
  // The task, phase and step under construction.
  Value direction, firstRow, firstUnit, step, stateBefore, stateAfter;
  int64_t slices = 0, productGates = 0, productFirst = 0;
};

RecurrentSteps::RecurrentSteps(KernelFunction &kernel, RnnOp op)
    : kernel(kernel), b(kernel.builder), op(op), layer(op) {
  kernel::ScheduleAttr schedule = kernel.source.getSchedule();
  taskRows = schedule.parameter("task_rows", 1);
  taskUnits = schedule.parameter("task_units", RecurrentLayer::kBlock);
  unitBlocks = llvm::divideCeil(layer.hidden, taskUnits);
  rowBlocks = layer.batch.ceildiv(taskRows);
  Dim size = layer.batch * (layer.directions * layer.padded);
  state = kernel.shared(layer.wide, size * 2);
  if (op.getKind() == RnnKind::lstm)
    cellState = kernel.shared(layer.wide, size);
  if (layer.resetsFirst()) {
    reset = kernel.shared(layer.wide, size);
    update = kernel.shared(layer.wide, size);
  }
  sums = kernel.scratch(layer.wide, taskRows * kernel.threads);
  factors = kernel.scratch(layer.wide, std::max<int64_t>(taskRows * layer.hidden, 2));
}

void RecurrentSteps::emit() {
  Dim tasks = rowBlocks * (layer.directions * unitBlocks);
  kernel.forPhases(layer.steps * layer.phasesPerStep() + 1, tasks, [&](Value phase, Value task) {
    decode(task);
    branch(equals(phase, 0), [&] { initialize(); }, [&] { emitStep(kernel.add(phase, -1)); });
  });
}

void RecurrentSteps::branch(Value condition, function_ref<void()> then,
                            std::optional<function_ref<void()>> otherwise) {
  auto choice = b.create<scf::IfOp>(condition, otherwise.has_value());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  then();
  if (otherwise) {
    b.setInsertionPointToStart(choice.elseBlock());
    (*otherwise)();
  }
}

void RecurrentSteps::decode(Value task) {
  Value count = kernel.dim(rowBlocks), rest = b.create<arith::DivUIOp>(task, count);
  firstRow = times(b.create<arith::RemUIOp>(task, count), taskRows);
  firstUnit = times(remainder(rest, unitBlocks), taskUnits);
  direction = quotient(rest, unitBlocks);
}

//===--- Cells ------------------------------------------------------------------------------===//

/// Runs `body` for the block's units and rows that are there, each by one thread.
void RecurrentSteps::forUnits(function_ref<void(Cell &)> body) {
  kernel.forThreads(kernel.index(0), kernel.index(taskRows * taskUnits), [&](Value at) {
    Cell cell{quotient(at, taskUnits), remainder(at, taskUnits), {}, {}, {}};
    cell.row = kernel.add(firstRow, cell.localRow);
    cell.unit = kernel.add(firstUnit, cell.localUnit);
    Value isThere = b.create<arith::AndIOp>(below(cell.row, kernel.dim(layer.batch)),
                                            below(cell.unit, kernel.index(layer.hidden)));
    branch(isThere, [&] { body(cell); });
  });
}

void RecurrentSteps::initialize() {
  forUnits([&](Cell &cell) {
    Point point{{direction}, {cell.row}, {cell.unit}};
    auto start = [&](Value initial, Value memory, Value last) {
      Value value = initial ? read(initial, point) : b.create<arith::ConstantOp>(b.getFloatAttr(layer.wide, 0));
      if (memory)
        store(value, memory, place(cell.row, cell.unit));
      write(value, last, point);
    };
    start(op.getInitialH(), state, op.getLastH());
    start(op.getInitialC(), cellState, op.getLastC());
  });
}

/// The time of this step in a sequence of `count` steps.
Value RecurrentSteps::timeOf(Value count) {
  if (op.getDirection() == "forward")
    return step;
  Value backward = b.create<arith::SubIOp>(kernel.add(count, -1), step);
  if (op.getDirection() == "reverse")
    return backward;
  return b.create<arith::SelectOp>(equals(direction, 0), step, backward);
}

/// Runs `body` for what takes part in the step. A row past the end of its sequence keeps its state, if it is to, and its
/// result is zero.
void RecurrentSteps::forCells(CellBody body, bool keepsEnded) {
  forUnits([&](Cell &cell) {
    Value all = kernel.dim(layer.steps);
    if (!op.getLengths()) {
      cell.time = timeOf(all);
      return computeCell(cell, body);
    }
    ElementEmitter emitter(kernel, 1);
    Value length = b.create<arith::IndexCastOp>(b.getIndexType(), emitter.at(op.getLengths(), Point{{cell.row}}));
    Value count = b.create<arith::MinSIOp>(b.create<arith::MaxSIOp>(length, kernel.index(0)), all);
    cell.time = timeOf(count);
    branch(below(step, count), [&] { computeCell(cell, body); },
           [&] {
             if (keepsEnded)
               keep(cell);
           });
  });
}

void RecurrentSteps::computeCell(Cell &cell, CellBody body) {
  if (layer.directions == 1 || layer.sameActivations())
    return withOperands(cell, body);
  auto of = [&](bool second) {
    withOperands(cell, [&](Cell &cell, RecurrentCell, const RecurrentCell::Operands &operands) {
      body(cell, RecurrentCell(b, op, layer.wide, second), operands);
    });
  };
  branch(equals(direction, 0), [&] { of(false); }, [&] { of(true); });
}

void RecurrentSteps::withOperands(Cell &cell, CellBody body) {
  constexpr int64_t kBlock = RecurrentLayer::kBlock;
  auto fromState = [&](int64_t gate) { return recurrent(cell, gate); };
  auto fromInput = [&](int64_t gate) {
    return read(op.getProjected(), {{direction}, {cell.time}, {cell.row}, {quotient(cell.unit, kBlock)},
                                    {kernel.index(gate)}, {remainder(cell.unit, kBlock)}});
  };
  auto hidden = [&] { return load(state, kernel.add(stateBefore, place(cell.row, cell.unit))); };
  auto cellBefore = [&] { return load(cellState, place(cell.row, cell.unit)); };
  auto peephole = [&](int64_t index) {
    return read(op.getPeepholes(), Point{{direction}, {kernel.add(cell.unit, index * layer.hidden)}});
  };
  body(cell, RecurrentCell(b, op, layer.wide, /*second=*/false),
       {fromState, fromInput, hidden, cellBefore, peephole});
}

void RecurrentSteps::keep(Cell &cell) {
  Value at = place(cell.row, cell.unit);
  store(load(state, kernel.add(stateBefore, at)), state, kernel.add(stateAfter, at));
  write(b.create<arith::ConstantOp>(b.getFloatAttr(layer.wide, 0)), op.getY(),
        {{step}, {direction}, {cell.row}, {cell.unit}});
}

void RecurrentSteps::finish(Cell &cell, RecurrentCell::State after) {
  Value at = place(cell.row, cell.unit);
  Point last{{direction}, {cell.row}, {cell.unit}};
  if (after.cell) {
    store(after.cell, cellState, at);
    write(after.cell, op.getLastC(), last);
  }
  store(after.hidden, state, kernel.add(stateAfter, at));
  write(after.hidden, op.getY(), {{cell.time}, {direction}, {cell.row}, {cell.unit}});
  write(after.hidden, op.getLastH(), last);
}

//===--- Steps ------------------------------------------------------------------------------===//

void RecurrentSteps::emitStep(Value phase) {
  step = quotient(phase, layer.phasesPerStep());
  Value size = kernel.dim(layer.batch * (layer.directions * layer.padded));
  stateBefore = b.create<arith::MulIOp>(remainder(step, 2), size);
  stateAfter = b.create<arith::SubIOp>(size, stateBefore);
  if (!layer.resetsFirst()) {
    product(state, stateBefore, 0, layer.gates);
    forCells([&](Cell &cell, RecurrentCell cells,
                 const RecurrentCell::Operands &operands) { finish(cell, cells.step(operands)); },
             /*keepsEnded=*/true);
    return kernel.barrier();
  }
  auto resetState = [&] {
    product(state, stateBefore, 0, 2);
    forCells([&](Cell &cell, RecurrentCell cells, const RecurrentCell::Operands &operands) {
      Value at = place(cell.row, cell.unit);
      store(cells.update(operands), update, at);
      store(cells.resetHidden(operands), reset, at);
    }, /*keepsEnded=*/false);
  };
  auto mixStates = [&] {
    product(reset, kernel.index(0), 2, 1);
    forCells([&](Cell &cell, RecurrentCell cells, const RecurrentCell::Operands &operands) {
      Value z = load(update, place(cell.row, cell.unit));
      finish(cell, {cells.blend(operands, z), {}});
    }, /*keepsEnded=*/true);
  };
  branch(equals(remainder(phase, 2), 0), resetState, mixStates);
  kernel.barrier(); // before the next task's rows come in
}

/// sums[slice, row, gate, unit] = from[row] R^T over the slice's part of the depth.
void RecurrentSteps::product(Value from, Value offset, int64_t firstGate, int64_t gates) {
  int64_t columns = gates * taskUnits;
  slices = kernel.threads / columns;
  productFirst = firstGate;
  productGates = gates;
  Value zero = b.create<arith::ConstantOp>(b.getFloatAttr(layer.wide, 0));
  kernel.forThreads(kernel.index(0), kernel.index(taskRows * layer.hidden), [&](Value at) {
    Value row = kernel.add(firstRow, quotient(at, layer.hidden));
    ElementEmitter emitter(kernel, 1);
    Value value = emitter.guarded(below(row, kernel.dim(layer.batch)), zero, [&] {
      return load(from, kernel.add(offset, place(row, remainder(at, layer.hidden))));
    });
    store(value, factors, at);
  });
  kernel.barrier();
  Value thread = kernel.thread(), slice = quotient(thread, columns), column = remainder(thread, columns);
  Value unit = kernel.add(firstUnit, remainder(column, taskUnits));
  Value gate = kernel.add(quotient(column, taskUnits), firstGate);
  auto mine = [&] { multiply(column, slice, unit, gate); };
  slices * columns == kernel.threads ? mine() : branch(below(slice, kernel.index(slices)), mine);
  kernel.barrier();
}

/// One column of one slice, for all rows of the block.
void RecurrentSteps::multiply(Value column, Value slice, Value unit, Value gate) {
  constexpr int64_t kBlock = RecurrentLayer::kBlock;
  constexpr int64_t kUnroll = 4; // loads that are under way at a time
  Value block = quotient(unit, kBlock), inBlock = remainder(unit, kBlock);
  auto add = [&](Value h, SmallVectorImpl<Value> &values) {
    Value weight = read(op.getRecurrence(), {{direction}, {block}, {h}, {gate}, {inBlock}});
    for (int64_t row = 0; row < taskRows; ++row)
      values[row] = b.create<math::FmaOp>(load(factors, kernel.add(h, row * layer.hidden)), weight, values[row]);
  };
  // The place goes from loop to loop behind the sums.
  auto walk = [&](SmallVector<Value> start, int64_t unroll) {
    Value end = kernel.index(std::max<int64_t>(layer.hidden - (unroll - 1) * slices, 0));
    auto loop = b.create<scf::ForOp>(start.back(), end, kernel.index(unroll * slices), start);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> values(loop.getRegionIterArgs());
    for (int64_t u = 0; u < unroll; ++u)
      add(kernel.add(loop.getInductionVar(), u * slices), values);
    values.back() = kernel.add(loop.getInductionVar(), unroll * slices);
    b.create<scf::YieldOp>(values);
    return SmallVector<Value>(loop.getResults());
  };
  SmallVector<Value> values(taskRows, b.create<arith::ConstantOp>(b.getFloatAttr(layer.wide, 0)));
  values.push_back(slice);
  values = walk(walk(values, kUnroll), 1);
  int64_t columns = productGates * taskUnits;
  Value start = kernel.add(times(slice, taskRows * columns), column);
  for (int64_t row = 0; row < taskRows; ++row)
    store(values[row], sums, kernel.add(start, row * columns));
}

/// The state's part of a gate.
Value RecurrentSteps::recurrent(Cell &cell, int64_t gate) {
  int64_t columns = productGates * taskUnits;
  Value at = kernel.add(kernel.add(times(cell.localRow, columns), cell.localUnit), (gate - productFirst) * taskUnits), sum;
  for (int64_t slice = 0; slice < slices; ++slice) {
    Value part = load(sums, kernel.add(at, slice * taskRows * columns));
    sum = sum ? b.create<arith::AddFOp>(sum, part).getResult() : part;
  }
  if (!op.getRecurrenceBias())
    return sum;
  Value bias = read(op.getRecurrenceBias(), Point{{direction}, {kernel.add(cell.unit, gate * layer.hidden)}});
  return b.create<arith::AddFOp>(sum, bias);
}

} // namespace

LogicalResult emitRecurrentSteps(KernelFunction &kernel) {
  RnnOp rnn = kernel.find<RnnOp>();
  if (!rnn)
    return kernel.source.emitError() << "has no recurrent layer";
  RecurrentSteps(kernel, rnn).emit();
  return success();
}

} // namespace quern
