#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "passes/loops/EmitRows.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/IndexBuilder.h"
#include "passes/loops/Pieces.h"
#include "passes/loops/ReduceAlong.h"
#include "passes/loops/TransposePlan.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

/// Elements that one task computes at least, so that a launch on a thread pays.
constexpr int64_t kTaskElements = 16384;

/// Reductions of columns: the lanes stay columns, a loop by need runs down the rows.
static SmallVector<ReduceOp> columnReductions(KernelFunction &kernel) {
  SmallVector<ReduceOp> found;
  for (ReduceOp op : kernel.body().getOps<ReduceOp>()) {
    SmallVector<Dim> dims = dimsOf(op.getOperand());
    auto isLast = [&](int64_t axis) { return axis + 1 == int64_t(dims.size()); };
    auto isShort = [&](int64_t axis) { return isShortRow(dims[axis]); };
    if (llvm::none_of(op.getAxes(), isLast) && !llvm::all_of(op.getAxes(), isShort))
      found.push_back(op);
  }
  return found;
}

/// Vectors of columns that are reduced side by side, 1 where none are. A few lines of each row at a time: rows that lie
/// a power of two apart drive each other out of the caches before the next lines of them are read. The sums stay in
/// registers.
static int64_t columnVectors(KernelFunction &kernel) {
  constexpr int64_t kMost = 8;
  SmallVector<ReduceOp> reductions = columnReductions(kernel);
  if (kernel.device || isLong(kernel) || reductions.empty())
    return 1;
  int64_t bytes = 4; // of a lane
  for (ReduceOp op : reductions)
    bytes = std::max<int64_t>(bytes, elementOf(op).getIntOrFloatBitWidth() / 8);
  return std::min<int64_t>(kMost, kernel.level.vectorRegisters / 2 * 4 / bytes);
}

/// Terms of the longest reduction of columns, 1 where there is none.
static Dim columnTerms(KernelFunction &kernel) {
  Dim most = 1;
  for (ReduceOp op : columnReductions(kernel)) {
    Dim terms = 1;
    for (int64_t axis : op.getAxes())
      terms = terms * dimOf(op.getOperand(), axis);
    most = Dim::max(most, terms);
  }
  return most;
}

static void decideTasks(Piece &piece, const Dim &terms) {
  // A chunk has whole groups of vectors that are reduced side by side.
  constexpr int64_t kGroup = 256;
  Domain &domain = piece.domain;
  size_t last = domain.groups.size() - 1;
  piece.inner = domain.groups[last].extent;
  Dim outer = domain.outer(last);
  Dim elements = Dim(kTaskElements).floordiv(Dim::max(terms, 1));
  piece.chunked = outer.isEqualTo(1) || piece.inner.estimate(64) >= kTaskElements;
  if (piece.chunked) {
    piece.chunk = piece.scalar ? Dim(256) : Dim::max(elements.ceildiv(kGroup), 1) * kGroup;
    piece.tasks = outer * piece.inner.ceildiv(piece.chunk);
  } else {
    piece.rows = Dim::max(elements.floordiv(Dim::max(piece.inner, 1)), 1);
    piece.tasks = outer.ceildiv(piece.rows);
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
  auto store = [&](ElementEmitter &emitter, const AxisPoint &at) {
    Point place = point;
    place[axis] = at;
    storePiece(emitter, piece, place);
  };
  if (int64_t vectors = columnVectors(kernel); vectors > 1) {
    ImplicitLocOpBuilder &b = kernel.builder;
    int64_t lanes = vectorLanes(kernel.level) * vectors;
    Value count = b.create<arith::DivUIOp>(b.create<arith::SubIOp>(to, from), kernel.index(lanes));
    Value whole = kernel.add(from, kernel.multiply(count, kernel.index(lanes)));
    kernel.forRange(from, whole, kernel.index(lanes), [&](Value at) {
      ElementEmitter wide(kernel, lanes);
      store(wide, {at, 1, {}});
    });
    from = whole;
  }
  forVectors(outer, from, to, store);
}

/// Where a row of the piece is copied from and to, from its element `from` on; null where the elements are computed, or lie
/// apart.
static std::pair<Value, Value> copied(KernelFunction &kernel, Piece &piece, Point point, Value from) {
  int64_t axis = piece.domain.groups.back().axis;
  if (kernel.device || piece.stores.size() != 1 || piece.scalar || piece.interleaved || piece.together > 1 || axis < 0)
    return {};
  Piece::Store &store = piece.stores[0];
  ElementEmitter lanes(kernel, vectorLanes(kernel.level));
  point[axis] = {from, 1, {}};
  Value source = lanes.addressAt(store.value, point);
  if (!source)
    return {};
  if (store.axis >= 0)
    point[store.axis].base = kernel.add(point[store.axis].base, kernel.dim(store.offset));
  SmallVector<Dim> dims = dimsOf(kernel.yield().getValues()[store.result]);
  return {source, lanes.addressAt(kernel.resultBuffer(store.result), dims, point)};
}

using EmitRow = function_ref<void(const Point &, Value from, Value to)>;

/// Rows of `length` elements by `body`, which gets what emits one. What lies in memory as it will lie in the result is copied
/// by the system's function, if it is long: that aligns its stores, and writes lines that it does not read before.
static void emitPieceRows(KernelFunction &kernel, Piece &piece, Value length, function_ref<void(EmitRow)> body) {
  constexpr int64_t kLongRow = 1024; // bytes
  IndexBuilder b(kernel.builder);
  int64_t bits = elementOf(kernel.yield().getValues()[piece.stores[0].result]).getIntOrFloatBitWidth();
  int64_t bytes = llvm::divideCeil(bits, 8);
  auto computed = [&](const Point &point, Value from, Value to) { emitRow(kernel, piece, point, from, to); };
  if (piece.inner.constant().value_or(kLongRow) * bytes < kLongRow)
    return body(computed);
  // Elements of a concatenation of columns lie apart in the result.
  auto [source, target] = copied(kernel, piece, piece.domain.origin(kernel), kernel.index(0));
  if (!source || !target)
    return body(computed);
  auto whole = [&](const Point &point, Value from, Value to) {
    auto [source, target] = copied(kernel, piece, point, from);
    Value size = b.create<arith::IndexCastOp>(b.builder.getI64Type(), b.value(b.mul(b.sub(to, from), bytes)));
    b.create<LLVM::MemcpyOp>(target, source, size, /*isVolatile=*/false);
  };
  b.branch(b.lessThan(b.mul(length, bytes), b.index(kLongRow)), [&] { body(computed); }, [&] { body(whole); });
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
    Value length = b.create<arith::SubIOp>(to, from);
    emitPieceRows(kernel, piece, length, [&](EmitRow emit) { emit(point, from, to); });
    return;
  }
  Value rows = kernel.dim(piece.rows), from = kernel.multiply(task, rows);
  Value to = b.create<arith::MinSIOp>(kernel.add(from, rows), kernel.dim(piece.domain.outer(last)));
  emitPieceRows(kernel, piece, inner, [&](EmitRow emit) {
    kernel.forRange(from, to, kernel.index(1), [&](Value row) {
      Point place = point;
      piece.domain.place(kernel, place, last, row);
      emit(place, zero, inner);
    });
  });
}

static LogicalResult emitPieces(KernelFunction &kernel) {
  std::vector<Piece> pieces = cutIntoPieces(kernel);
  Dim terms = columnTerms(kernel);
  for (Piece &piece : pieces)
    decideTasks(piece, terms);
  forPieces(kernel, pieces, [&](Piece &piece, Value task) { emitTask(kernel, piece, task); });
  return success();
}

/// The vector-loop emitter: elementwise ops, data movement and reductions.
///
/// Without row operators, or with sums of a few elements alone, each result is a loop nest over its own elements; what
/// it needs is computed by need (ElementEmitter). With softmax, layer norm or reductions over the last axes, a task
/// owns whole rows: one pass per reduction along the row, values that several passes need kept in scratch, then the
/// results.
LogicalResult emitLoops(KernelFunction &kernel) {
  std::optional<RowPlan> plan = planRows(kernel.body());
  bool isShort = plan && !kernel.device && isShortRow(plan->length) &&
                 llvm::all_of(plan->stages, [](Operation *stage) { return isa<ReduceOp>(stage); });
  if (plan && !isShort)
    return emitRows(kernel, *plan);
  if (std::optional<TransposePlan> turned = planTranspose(kernel.body()))
    return emitTransposed(kernel, *turned);
  return emitPieces(kernel);
}

} // namespace quern
