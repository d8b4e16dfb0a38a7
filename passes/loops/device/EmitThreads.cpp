#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/loops/EmitRows.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/Pieces.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace quern {

/// One element of a piece: its linear number is spread over the groups of the domain.
static void storeElement(KernelFunction &kernel, Piece &piece, Value number) {
  ElementEmitter emitter(kernel, 1);
  Point point = piece.domain.origin(kernel);
  piece.domain.place(kernel, point, piece.domain.groups.size(), number);
  storePiece(emitter, piece, point);
}

/// Threads for a row: each takes a few elements, so that combining what they found costs little.
static int64_t threadsOfRow(const Dim &length) {
  constexpr int64_t kElementsPerThread = 4, kLeast = 32, kMost = 256;
  int64_t elements = length.constant().value_or(kElementsPerThread * kMost);
  return std::clamp<int64_t>(llvm::PowerOf2Ceil(llvm::divideCeil(elements, kElementsPerThread)), kLeast, kMost);
}

/// Elementwise ops, data movement and reductions on a device: a thread for each element, neighbours next to each other
/// in memory. With row operators a block computes a row, as emitRows says, its threads sharing the passes over it.
LogicalResult emitThreads(KernelFunction &kernel) {
  if (std::optional<RowPlan> plan = planRows(kernel.body())) {
    kernel.threads = threadsOfRow(plan->length);
    kernel.isTeam = true;
    return emitRows(kernel, *plan);
  }
  std::vector<Piece> pieces = cutIntoPieces(kernel);
  for (Piece &piece : pieces) {
    piece.inner = piece.domain.outer(piece.domain.groups.size());
    piece.tasks = piece.inner.ceildiv(kernel.threads);
  }
  forPieces(kernel, pieces, [&](Piece &piece, Value task) {
    ImplicitLocOpBuilder &b = kernel.builder;
    Value number = kernel.add(kernel.multiply(task, kernel.index(kernel.threads)), kernel.thread());
    Value isThere = b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, number, kernel.dim(piece.inner));
    auto choice = b.create<scf::IfOp>(isThere, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    storeElement(kernel, piece, number);
  });
  return success();
}

} // namespace quern
