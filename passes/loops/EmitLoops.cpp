#include "passes/loops/Emitters.h"
#include "passes/loops/Domain.h"
#include "passes/loops/EmitRows.h"
#include "passes/loops/ReduceAlong.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

/// Elements that one task computes at least, so that a launch on a thread pays.
constexpr int64_t kTaskElements = 16384;

namespace {
/// A part of the results that one loop nest computes: values of the same dims, each stored into its result at an
/// offset along an axis (a piece of a concatenation).
struct Piece {
  struct Store {
    Value value;
    unsigned result;
    int64_t axis = -1;
    Dim offset = 0;
  };
  SmallVector<Store> stores;
  Domain domain;
  Dim inner, chunk, rows, tasks; // a task is `chunk` elements of the last group, or `rows` of the outer index
  bool chunked;
  bool scalar; // one element at a time: the lanes are used inside, along a reduced axis
};
} // namespace

/// Whether an element of `value` needs a reduction along its own last axis.
static bool reducesLastAxis(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (auto reduce = dyn_cast<ReduceOp>(op))
    if (llvm::is_contained(reduce.getAxes(), rankOf(reduce.getOperand()) - 1))
      return true;
  if (auto arg = dyn_cast<ArgReduceOp>(op); arg && int64_t(arg.getAxis()) == rankOf(arg.getOperand()) - 1)
    return true;
  return llvm::any_of(op->getOperands(), reducesLastAxis);
}

static void decideTasks(Piece &piece) {
  Domain &domain = piece.domain;
  size_t last = domain.groups.size() - 1;
  piece.inner = domain.groups[last].extent;
  Dim outer = domain.outer(last);
  piece.chunked = outer.isEqualTo(1) || piece.inner.estimate(64) >= kTaskElements;
  if (piece.chunked) {
    piece.chunk = piece.scalar ? 256 : kTaskElements;
    piece.tasks = outer * piece.inner.ceildiv(piece.chunk);
  } else {
    piece.rows = Dim::max(Dim(kTaskElements).floordiv(Dim::max(piece.inner, 1)), 1);
    piece.tasks = outer.ceildiv(piece.rows);
  }
}

static std::vector<Piece> cutIntoPieces(KernelFunction &kernel) {
  std::vector<Piece> pieces;
  for (auto [result, value] : llvm::enumerate(kernel.yield().getValues())) {
    if (auto concat = value.getDefiningOp<ConcatOp>()) {
      Dim offset = 0;
      for (Value input : concat.getInputs()) {
        Piece &piece = pieces.emplace_back();
        piece.stores.push_back({input, unsigned(result), int64_t(concat.getAxis()), offset});
        piece.domain = Domain::of(input, dimsOf(input), concat.getAxis());
        offset = offset + dimOf(input, concat.getAxis());
      }
      continue;
    }
    auto same = llvm::find_if(
        pieces, [&](Piece &piece) { return piece.stores[0].axis < 0 && piece.domain.dims == dimsOf(value); });
    Piece &piece = same != pieces.end() ? *same : pieces.emplace_back();
    piece.stores.push_back({value, unsigned(result)});
    SmallVector<Value> values = llvm::to_vector(llvm::map_range(piece.stores, [](auto &store) { return store.value; }));
    piece.domain = Domain::of(values, dimsOf(value));
  }
  for (Piece &piece : pieces) {
    piece.scalar = llvm::any_of(piece.stores, [](auto &store) { return reducesLastAxis(store.value); });
    decideTasks(piece);
  }
  return pieces;
}

static void storePiece(ElementEmitter &emitter, Piece &piece, const Point &point) {
  KernelFunction &kernel = emitter.kernel;
  for (Piece::Store &store : piece.stores) {
    Value value = emitter.at(store.value, point);
    Point target = point;
    if (store.axis >= 0)
      target[store.axis].base = kernel.add(target[store.axis].base, kernel.dim(store.offset));
    emitter.store(value, kernel.resultBuffer(store.result), dimsOf(kernel.yield().getValues()[store.result]), target);
  }
}

/// One row of the domain: elements [from, to) of the last group.
static void emitRow(KernelFunction &kernel, Piece &piece, Point point, Value from, Value to) {
  ElementEmitter outer(kernel, 1);
  int64_t axis = piece.domain.groups.back().axis;
  if (axis < 0) { // one element
    storePiece(outer, piece, point);
    return;
  }
  if (piece.scalar) {
    kernel.forRange(from, to, kernel.index(1), [&](Value at) {
      point[axis] = {at, 0, {}};
      storePiece(outer, piece, point);
    });
    return;
  }
  forVectors(outer, from, to, [&](ElementEmitter &emitter, const AxisPoint &at) {
    Point place = point;
    place[axis] = at;
    storePiece(emitter, piece, place);
  });
}

static void emitTask(KernelFunction &kernel, Piece &piece, Value task) {
  ImplicitLocOpBuilder &b = kernel.builder;
  size_t last = piece.domain.groups.size() - 1;
  Point point = piece.domain.origin(kernel);
  Value zero = kernel.index(0), inner = kernel.dim(piece.inner);
  if (piece.chunked) {
    Value chunks = kernel.dim(piece.inner.ceildiv(piece.chunk)), chunk = kernel.dim(piece.chunk);
    Value part = task;
    if (!piece.domain.outer(last).isEqualTo(1)) {
      piece.domain.place(kernel, point, last, b.create<arith::DivUIOp>(task, chunks));
      part = b.create<arith::RemUIOp>(task, chunks);
    }
    Value from = kernel.multiply(part, chunk);
    Value to = b.create<arith::MinSIOp>(kernel.add(from, chunk), inner);
    emitRow(kernel, piece, point, from, to);
    return;
  }
  Value rows = kernel.dim(piece.rows), from = kernel.multiply(task, rows);
  Value to = b.create<arith::MinSIOp>(kernel.add(from, rows), kernel.dim(piece.domain.outer(last)));
  kernel.forRange(from, to, kernel.index(1), [&](Value row) {
    Point place = point;
    piece.domain.place(kernel, place, last, row);
    emitRow(kernel, piece, place, zero, inner);
  });
}

static LogicalResult emitPieces(KernelFunction &kernel) {
  std::vector<Piece> pieces = cutIntoPieces(kernel);
  Dim tasks = 0;
  for (Piece &piece : pieces)
    tasks = tasks + piece.tasks;
  kernel.forTasks(tasks, [&](Value task) {
    if (pieces.size() == 1) {
      emitTask(kernel, pieces[0], task);
      return;
    }
    ImplicitLocOpBuilder &b = kernel.builder;
    Dim first = 0;
    for (Piece &piece : pieces) {
      // Unsigned: a task before the first one of this piece wraps to a large number.
      Value local = b.create<arith::SubIOp>(task, kernel.dim(first));
      Value mine = b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, local, kernel.dim(piece.tasks));
      auto choice = b.create<scf::IfOp>(mine, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(choice.thenBlock());
      emitTask(kernel, piece, local);
      first = first + piece.tasks;
    }
  });
  return success();
}

/// The vector-loop emitter: elementwise ops, data movement and reductions.
///
/// Without row operators, each result is a loop nest over its own elements; what it needs is computed by need
/// (ElementEmitter). With softmax, layer norm or reductions over the last axes, a task owns whole rows: one pass per
/// reduction along the row, values that several passes need kept in scratch, then the results.
LogicalResult emitLoops(KernelFunction &kernel) {
  if (std::optional<RowPlan> plan = planRows(kernel.body()))
    return emitRows(kernel, *plan);
  return emitPieces(kernel);
}

} // namespace quern
