#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/loops/EmitRows.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/Pieces.h"
#include "passes/loops/TransposePlan.h"
#include "passes/loops/device/Neighbours.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace quern {

/// `lanes` neighbours of a piece from its element `number` on, which is spread over the groups of the domain.
static void storeElements(KernelFunction &kernel, Piece &piece, Value number, int64_t lanes) {
  ElementEmitter emitter(kernel, lanes);
  Point point = piece.domain.origin(kernel);
  piece.domain.place(kernel, point, piece.domain.groups.size(), number);
  if (lanes > 1)
    point[piece.domain.groups.back().axis].lane = 1;
  storePiece(emitter, piece, point);
}

/// Neighbours in memory, of what is read and of what is written.
static int64_t lanesOf(KernelFunction &kernel, const Piece &piece) {
  const Domain::Group &inner = piece.domain.groups.back();
  if (inner.axis < 0)
    return 1;
  SmallVector<Value> values;
  for (const Piece::Store &store : piece.stores) {
    values.push_back(store.value);
    SmallVector<Dim> whole = graph::dimsOf(kernel.yield().getValues()[store.result]);
    if (!llvm::all_of(ArrayRef(whole).drop_front(inner.axis + 1), [](const Dim &dim) { return dim.isEqualTo(1); }))
      return 1;
  }
  return neighboursAlong(values, inner.axis, inner.extent, /*mayHaveTail=*/piece.domain.groups.size() == 1);
}

/// The elements of one thread.
static void storeOfThread(KernelFunction &kernel, Piece &piece, Value number) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Value first = kernel.multiply(number, kernel.index(piece.lanes));
  if (piece.inner.mod(piece.lanes).isEqualTo(0))
    return storeElements(kernel, piece, first, piece.lanes);
  Value all = kernel.dim(piece.inner), end = kernel.add(first, piece.lanes);
  auto choice = b.create<scf::IfOp>(b.create<arith::CmpIOp>(arith::CmpIPredicate::ule, end, all), /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  storeElements(kernel, piece, first, piece.lanes);
  b.setInsertionPointToStart(choice.elseBlock());
  kernel.forRange(first, all, kernel.index(1), [&](Value at) { storeElements(kernel, piece, at, 1); });
}

/// Threads for a row: each takes a few elements, so that combining what they found costs little.
static int64_t threadsOfRow(const Dim &length) {
  constexpr int64_t kElementsPerThread = 4, kLeast = 32, kMost = 256;
  int64_t elements = length.constant().value_or(kElementsPerThread * kMost);
  return std::clamp<int64_t>(llvm::PowerOf2Ceil(llvm::divideCeil(elements, kElementsPerThread)), kLeast, kMost);
}

/// The neighbours along a row that a thread takes.
static int64_t neighboursOfRow(KernelFunction &kernel, const RowPlan &plan) {
  SmallVector<Value> values;
  for (Operation *stage : plan.stages)
    values.push_back(stage->getOperand(0));
  for (Value value : kernel.yield().getValues())
    values.push_back(value);
  return neighboursAlong(values, plan.axis, plan.length, /*mayHaveTail=*/false);
}

/// Elementwise ops, data movement and reductions on a device: a thread for each element, or for a few that are loaded
/// and stored together; neighbouring threads have neighbours in memory. What is read transposed goes through shared
/// memory. With row operators a block computes a row, as emitRows says, its threads sharing the passes over it.
LogicalResult emitThreads(KernelFunction &kernel) {
  if (std::optional<RowPlan> plan = planRows(kernel.body())) {
    kernel.threads = threadsOfRow(plan->length);
    kernel.isTeam = true;
    kernel.neighbours = neighboursOfRow(kernel, *plan);
    return emitRows(kernel, *plan);
  }
  if (std::optional<TransposePlan> plan = planTranspose(kernel.body()))
    return emitTransposedBlocks(kernel, *plan);
  std::vector<Piece> pieces = cutIntoPieces(kernel);
  for (Piece &piece : pieces) {
    piece.inner = piece.domain.outer(piece.domain.groups.size());
    piece.lanes = lanesOf(kernel, piece);
    piece.tasks = piece.inner.ceildiv(kernel.threads * piece.lanes);
  }
  forPieces(kernel, pieces, [&](Piece &piece, Value task) {
    ImplicitLocOpBuilder &b = kernel.builder;
    Value number = kernel.add(kernel.multiply(task, kernel.index(kernel.threads)), kernel.thread());
    Value isThere = b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, number, kernel.dim(piece.inner.ceildiv(piece.lanes)));
    auto choice = b.create<scf::IfOp>(isThere, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    storeOfThread(kernel, piece, number);
  });
  return success();
}

} // namespace quern
