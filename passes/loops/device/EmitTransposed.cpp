// A block has a square of the two axes that a transpose exchanges: it reads the square along one of them into shared
// memory and writes along the other, so that neighbouring threads have neighbours in memory on both sides.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/loops/Pieces.h"
#include "passes/loops/TransposePlan.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// Lines of a square; one element more from line to line spreads a column over the banks.
constexpr int64_t kSide = 32, kPitch = kSide + 1;
class Squares {
public:
  Squares(KernelFunction &kernel, const TransposePlan &plan)
      : kernel(kernel), plan(plan), b(kernel.builder), pieces(cutIntoPieces(kernel)) {
    dims = pieces.front().domain.dims;
    for (Value value : plan.transposed)
      squares.push_back(kernel.scratch(elementOf(value), kSide * kPitch));
  }

  void emit() {
    Dim inner = dims[plan.inner].ceildiv(kSide), outer = dims[plan.outer].ceildiv(kSide);
    kernel.forTasks(plan.otherPlaces(dims) * outer * inner, [&](Value task) {
      Value rest = b.create<arith::DivUIOp>(task, kernel.dim(inner));
      firstInner = kernel.multiply(b.create<arith::RemUIOp>(task, kernel.dim(inner)), kernel.index(kSide));
      firstOuter = kernel.multiply(b.create<arith::RemUIOp>(rest, kernel.dim(outer)), kernel.index(kSide));
      point = plan.otherPlace(kernel, dims, b.create<arith::DivUIOp>(rest, kernel.dim(outer)));
      forSquare(/*alongInner=*/false, [&](Value line, Value column) { read(line, column); });
      kernel.barrier();
      forSquare(/*alongInner=*/true, [&](Value line, Value column) { write(line, column); });
      kernel.barrier(); // before the squares are filled again
    });
  }

private:

  /// Runs `body(line, column)` for the places of the square that are there, neighbouring threads along the inner or the
  /// outer axis; `line` counts along the inner axis, `column` along the outer one.
  void forSquare(bool alongInner, function_ref<void(Value, Value)> body) {
    Value thread = kernel.thread(), across = kernel.index(kSide);
    Value fast = b.create<arith::RemUIOp>(thread, across), slow = b.create<arith::DivUIOp>(thread, across);
    for (int64_t i = 0; i < kSide * kSide / kernel.threads; ++i) {
      Value other = kernel.add(slow, i * (kernel.threads / kSide));
      Value line = alongInner ? fast : other, column = alongInner ? other : fast;
      point[plan.inner].base = kernel.add(firstInner, line);
      point[plan.outer].base = kernel.add(firstOuter, column);
      Value isThere = b.create<arith::AndIOp>(isBelow(plan.inner), isBelow(plan.outer));
      auto choice = b.create<scf::IfOp>(isThere, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(choice.thenBlock());
      body(line, column);
    }
  }
  Value isBelow(int64_t axis) {
    return b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, point[axis].base, kernel.dim(dims[axis]));
  }

  Point placeInSquare(Value line, Value column) {
    return {{kernel.add(kernel.multiply(line, kernel.index(kPitch)), column), 0, {}}};
  }

  void read(Value line, Value column) {
    ElementEmitter emitter(kernel, 1);
    for (auto [value, square] : llvm::zip(plan.transposed, squares))
      emitter.store(emitter.at(value, point), square, Dim(kSide * kPitch), placeInSquare(line, column));
  }

  void write(Value line, Value column) {
    ElementEmitter emitter(kernel, 1);
    Point place = placeInSquare(line, column);
    for (auto [value, square] : llvm::zip(plan.transposed, squares))
      emitter.define(value, [square = square, place, element = elementOf(value)](ElementEmitter &e, const Point &) {
        return e.load(square, element, Dim(kSide * kPitch), place);
      });
    storePiece(emitter, pieces.front(), point);
  }

  KernelFunction &kernel;
  const TransposePlan &plan;
  ImplicitLocOpBuilder &b;
  std::vector<Piece> pieces;
  SmallVector<Dim> dims;
  SmallVector<Value> squares; ///< of each transpose
  Value firstInner, firstOuter;
  Point point;
};

} // namespace

LogicalResult emitTransposedBlocks(KernelFunction &kernel, const TransposePlan &plan) {
  Squares(kernel, plan).emit();
  return success();
}

} // namespace quern
