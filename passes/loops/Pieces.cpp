#include "passes/loops/Pieces.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

/// Whether an element of `value` needs a reduction along its own last axis.
static bool reducesLastAxis(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (auto reduce = dyn_cast<ReduceOp>(op))
    if (llvm::is_contained(reduce.getAxes(), rankOf(reduce.getOperand()) - 1))
      return !isShortRow(dimsOf(reduce.getOperand()).back());
  if (auto arg = dyn_cast<ArgReduceOp>(op); arg && int64_t(arg.getAxis()) == rankOf(arg.getOperand()) - 1)
    return !isShortRow(dimsOf(arg.getOperand()).back());
  return llvm::any_of(op->getOperands(), reducesLastAxis);
}

/// A concatenation of single elements: the parts are interleaved.
static bool isStack(ConcatOp concat) {
  int64_t last = rankOf(concat.getResult()) - 1;
  return int64_t(concat.getAxis()) == last &&
         llvm::all_of(concat.getInputs(), [&](Value input) { return dimOf(input, last).isEqualTo(1); });
}

/// Whether an element of `value` is the end of a loop over many: it reads along that axis, and the lanes had better do
/// so along the axis behind it.
static bool reducesMany(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  auto isLong = [&](int64_t axis) { return !isShortRow(dimOf(op->getOperand(0), axis)); };
  if (auto reduce = dyn_cast<ReduceOp>(op); reduce && llvm::any_of(reduce.getAxes(), isLong))
    return true;
  if (auto arg = dyn_cast<ArgReduceOp>(op); arg && isLong(arg.getAxis()))
    return true;
  return llvm::any_of(op->getOperands(), reducesMany);
}

/// A last axis of few elements that no index runs over along with the axis before would fill few lanes: the lanes go
/// along the axis before, and each takes all elements.
static void takeTogether(Piece &piece) {
  SmallVector<Dim> dims = piece.domain.dims;
  bool apart = piece.domain.groups.size() > 1 && piece.domain.groups.back().axis == int64_t(dims.size()) - 1 &&
               piece.domain.groups.back().extent == dims.back();
  std::optional<int64_t> extent = dims.empty() ? std::nullopt : dims.back().constant();
  if (!apart || !extent || *extent < 2 || *extent > kMostInterleaved ||
      llvm::any_of(piece.stores, [](auto &store) { return reducesMany(store.value); }))
    return;
  piece.together = *extent;
  dims.back() = 1;
  SmallVector<Value> values = llvm::to_vector(llvm::map_range(piece.stores, [](auto &store) { return store.value; }));
  piece.domain = Domain::of(values, dims);
}

std::vector<Piece> cutIntoPieces(KernelFunction &kernel) {
  std::vector<Piece> pieces;
  for (auto [result, value] : llvm::enumerate(kernel.yield().getValues())) {
    if (auto concat = value.getDefiningOp<ConcatOp>(); concat && isStack(concat)) {
      Piece &piece = pieces.emplace_back();
      for (auto [i, input] : llvm::enumerate(concat.getInputs()))
        piece.stores.push_back({input, unsigned(result), int64_t(concat.getAxis()), int64_t(i)});
      piece.domain = Domain::of(llvm::to_vector(concat.getInputs()), dimsOf(concat.getInputs()[0]));
      piece.interleaved = true;
      continue;
    } else if (concat) {
      Dim offset = 0;
      for (Value input : concat.getInputs()) {
        Piece &piece = pieces.emplace_back();
        piece.stores.push_back({input, unsigned(result), int64_t(concat.getAxis()), offset});
        piece.domain = Domain::of(input, dimsOf(input), concat.getAxis());
        offset = offset + dimOf(input, concat.getAxis());
      }
      continue;
    }
    auto same = llvm::find_if(pieces, [&](Piece &piece) {
      return piece.stores[0].axis < 0 && dimsOf(piece.stores[0].value) == dimsOf(value);
    });
    Piece &piece = same != pieces.end() ? *same : pieces.emplace_back();
    piece.stores.push_back({value, unsigned(result)});
    SmallVector<Value> values = llvm::to_vector(llvm::map_range(piece.stores, [](auto &store) { return store.value; }));
    piece.domain = Domain::of(values, dimsOf(value));
  }
  for (Piece &piece : pieces) {
    piece.scalar = llvm::any_of(piece.stores, [](auto &store) { return reducesLastAxis(store.value); });
    if (!piece.scalar && !kernel.device && piece.stores[0].axis < 0)
      takeTogether(piece);
  }
  return pieces;
}

/// All elements of the last axis at a point.
static void storeTogether(ElementEmitter &emitter, Piece &piece, const Point &point) {
  KernelFunction &kernel = emitter.kernel;
  for (Piece::Store &store : piece.stores) {
    SmallVector<Value> values;
    SmallVector<Point> places(piece.together, point);
    for (auto [i, place] : llvm::enumerate(places)) {
      place.back().base = kernel.index(i);
      values.push_back(emitter.at(store.value, place));
    }
    SmallVector<Dim> dims = dimsOf(store.value);
    Value buffer = kernel.resultBuffer(store.result);
    if (!emitter.storeInterleaved(values, buffer, dims, point))
      for (auto [value, place] : llvm::zip(values, places))
        emitter.store(value, buffer, dims, place);
  }
}

void storePiece(ElementEmitter &emitter, Piece &piece, const Point &point) {
  KernelFunction &kernel = emitter.kernel;
  if (piece.together > 1)
    return storeTogether(emitter, piece, point);
  if (piece.interleaved) {
    SmallVector<Value> values;
    for (Piece::Store &store : piece.stores)
      values.push_back(emitter.at(store.value, point));
    unsigned result = piece.stores[0].result;
    if (emitter.storeInterleaved(values, kernel.resultBuffer(result), dimsOf(kernel.yield().getValues()[result]),
                                 point))
      return;
  }
  for (Piece::Store &store : piece.stores) {
    Value value = emitter.at(store.value, point);
    Point target = point;
    if (store.axis >= 0)
      target[store.axis].base = kernel.add(target[store.axis].base, kernel.dim(store.offset));
    emitter.store(value, kernel.resultBuffer(store.result), dimsOf(kernel.yield().getValues()[store.result]), target);
  }
}

void forPieces(KernelFunction &kernel, MutableArrayRef<Piece> pieces, function_ref<void(Piece &, Value)> body) {
  Dim tasks = 0;
  for (Piece &piece : pieces)
    tasks = tasks + piece.tasks;
  kernel.forTasks(tasks, [&](Value task) {
    if (pieces.size() == 1) {
      body(pieces[0], task);
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
      body(piece, local);
      first = first + piece.tasks;
    }
  });
}

} // namespace quern
