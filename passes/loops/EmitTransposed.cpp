// Memory that is read transposed: squares of it are read along the axis where it lies, turned in registers, and written
// along the results, so that whole lines of the caches are read and written.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/Pieces.h"
#include "passes/loops/ReduceAlong.h"
#include "passes/loops/TransposeBlock.h"
#include "passes/loops/TransposePlan.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// Elements of a task along the outer and the inner axis.
constexpr int64_t kTaskOuter = 64, kTaskInner = 512;

class TurnedSquares {
public:
  TurnedSquares(KernelFunction &kernel, const TransposePlan &plan)
      : kernel(kernel), plan(plan), b(kernel.builder), pieces(cutIntoPieces(kernel)), dims(pieces.front().domain.dims) {
    int64_t bits = 32;
    for (Value value : plan.transposed)
      bits = std::max<int64_t>(bits, elementOf(value).getIntOrFloatBitWidth());
    side = kernel.level.vectorBytes * 8 / bits;
  }

  void emit() {
    Dim inner = dims[plan.inner].ceildiv(kTaskInner), outer = dims[plan.outer].ceildiv(kTaskOuter);
    kernel.forTasks(plan.otherPlaces(dims) * outer * inner, [&](Value task) {
      Value rest = b.create<arith::DivUIOp>(task, kernel.dim(inner));
      Span columns = span(plan.inner, b.create<arith::RemUIOp>(task, kernel.dim(inner)), kTaskInner);
      Span rows = span(plan.outer, b.create<arith::RemUIOp>(rest, kernel.dim(outer)), kTaskOuter);
      point = plan.otherPlace(kernel, dims, b.create<arith::DivUIOp>(rest, kernel.dim(outer)));
      kernel.forRange(rows.from, rows.whole, kernel.index(side), [&](Value row) {
        kernel.forRange(columns.from, columns.whole, kernel.index(side), [&](Value column) { turn(row, column); });
        // At most once.
        kernel.forRange(columns.whole, columns.to, kernel.index(side), [&](Value column) { turn(row, column, columns.to); });
      });
      // Fewer rows than a square has.
      emitRows(rows.whole, rows.to, columns.from, columns.to);
    });
  }

private:
  /// Of a task along an axis; up to `whole` there are squares.
  struct Span {
    Value from, whole, to;
  };

  Span span(int64_t axis, Value number, int64_t length) {
    Value from = kernel.multiply(number, kernel.index(length));
    Value to = b.create<arith::MinUIOp>(kernel.add(from, length), kernel.dim(dims[axis]));
    Value count = b.create<arith::DivUIOp>(b.create<arith::SubIOp>(to, from), kernel.index(side));
    return {from, kernel.add(from, kernel.multiply(count, kernel.index(side))), to};
  }

  /// A square of whole lines, or of as many columns as there are before `end`: the last one is read for those that are not.
  void turn(Value row, Value column, Value end = {}) {
    Value mask, last;
    if (end) {
      Value count = b.create<arith::SubIOp>(end, column);
      mask = b.create<vector::CreateMaskOp>(VectorType::get(side, b.getI1Type()), count);
      last = kernel.add(end, -1);
    }
    ElementEmitter emitter(kernel, side);
    Point at = point;
    at[plan.outer] = {row, 1, {}};
    SmallVector<SmallVector<Value>> squares;
    for (Value value : plan.transposed) {
      SmallVector<Value> &square = squares.emplace_back();
      for (int64_t i = 0; i < side; ++i) {
        Value place = kernel.add(column, i);
        at[plan.inner] = {end ? b.create<arith::MinUIOp>(place, last) : place, 0, {}};
        square.push_back(emitter.at(value, at));
      }
      transposeBlock({b}, square);
    }
    at[plan.inner] = {column, 1, {}};
    for (int64_t i = 0; i < side; ++i) {
      ElementEmitter line(kernel, side, mask);
      for (auto [value, square] : llvm::zip(plan.transposed, squares))
        line.define(value, [turned = square[i]](ElementEmitter &, const Point &) { return turned; });
      at[plan.outer] = {kernel.add(row, i), 0, {}};
      storePiece(line, pieces.front(), at);
    }
  }

  void emitRows(Value fromRow, Value toRow, Value from, Value to) {
    ElementEmitter outer(kernel, 1);
    kernel.forRange(fromRow, toRow, kernel.index(1), [&](Value row) {
      Point at = point;
      at[plan.outer] = {row, 0, {}};
      forVectors(outer, from, to, [&](ElementEmitter &emitter, const AxisPoint &column) {
        at[plan.inner] = column;
        storePiece(emitter, pieces.front(), at);
      });
    });
  }

  KernelFunction &kernel;
  const TransposePlan &plan;
  ImplicitLocOpBuilder &b;
  std::vector<Piece> pieces;
  SmallVector<Dim> dims;
  int64_t side; ///< of a square: the lanes of a vector of the widest transposed element
  Point point;
};

} // namespace

LogicalResult emitTransposed(KernelFunction &kernel, const TransposePlan &plan) {
  TurnedSquares(kernel, plan).emit();
  return success();
}

} // namespace quern
