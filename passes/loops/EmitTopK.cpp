// The k best elements of a line: a heap with the worst of them at its root, then a heap sort. A task owns whole lines.
#include "passes/loops/Emitters.h"
#include "passes/loops/Lines.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// An element with its place on the axis, which breaks ties.
struct Entry {
  Value value, index;
};

class TopK {
public:
  TopK(KernelFunction &kernel, TopKOp op)
      : kernel(kernel), b(kernel.builder), op(op), element(elementOf(op.getOperand())), i64(b.getI64Type()),
        k(dimOf(op.getValues(), op.getAxis())) {
    values = kernel.scratch(element, k);
    indices = kernel.scratch(i64, k);
  }

  void emitLine(const Point &line) {
    Value zero = kernel.index(0), one = kernel.index(1), count = kernel.dim(k),
          extent = kernel.dim(dimOf(op.getOperand(), op.getAxis()));
    kernel.forRange(zero, count, one, [&](Value i) { put(i, input(line, i)); });
    // From the last parent to the root.
    Value parents = b.create<arith::DivUIOp>(count, kernel.index(2));
    kernel.forRange(zero, parents, one, [&](Value i) {
      Value at = b.create<arith::SubIOp>(kernel.add(parents, -1), i);
      sink(at, get(at), count);
    });
    Value none = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, count, zero);
    Value from = b.create<arith::SelectOp>(none, extent, count);
    Value chunks = b.create<arith::DivUIOp>(b.create<arith::SubIOp>(extent, from), kernel.index(chunk));
    Value rest = b.create<arith::AddIOp>(from, kernel.multiply(chunks, kernel.index(chunk)));
    kernel.forRange(from, rest, kernel.index(chunk), [&](Value i) {
      auto some = b.create<scf::IfOp>(someBeyondWorst(line, i), /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(some.thenBlock());
      kernel.forRange(i, kernel.add(i, chunk), one, [&](Value j) { consider(line, j, count); });
    });
    kernel.forRange(rest, extent, one, [&](Value i) { consider(line, i, count); });
    // The worst goes behind the heap, which shrinks: the best ends at 0.
    kernel.forRange(one, count, one, [&](Value i) {
      Value last = b.create<arith::SubIOp>(count, i);
      Entry worst = get(zero), moved = get(last);
      put(last, worst);
      sink(zero, moved, last);
    });
    kernel.forRange(zero, count, one, [&](Value i) {
      Entry entry = get(i);
      ElementEmitter e(kernel, 1);
      storeOrdered(e, op, onLine(line, op.getAxis(), i), entry.value, entry.index);
    });
  }

private:
  /// Elements that are compared with the worst of the heap at once: few lines have many that are better.
  static constexpr int64_t chunk = 32;

  /// Whether one of the elements from `i` on is past the worst of the heap, whose elements all stand before it.
  Value someBeyondWorst(const Point &line, Value i) {
    ElementEmitter e(kernel, chunk);
    Value row = e.at(op.getOperand(), onLine(line, op.getAxis(), i, 1));
    return b.create<vector::ReductionOp>(vector::CombiningKind::OR, beyond(row, e.spread(get(kernel.index(0)).value)));
  }
  /// Takes the element at `i` into the heap in place of the worst where it is better.
  void consider(const Point &line, Value i, Value count) {
    Value root = kernel.index(0);
    Entry entry = input(line, i);
    auto choice = b.create<scf::IfOp>(better(entry, get(root)), /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    sink(root, entry, count);
  }
  Entry input(const Point &line, Value i) {
    ElementEmitter e(kernel, 1);
    return {e.at(op.getOperand(), onLine(line, op.getAxis(), i)), b.create<arith::IndexCastOp>(i64, i)};
  }
  Entry get(Value i) {
    ElementEmitter e(kernel, 1);
    return {e.load(values, element, k, Point{{i, 0, {}}}), b.create<memref::LoadOp>(indices, i)};
  }
  void put(Value i, Entry entry) {
    ElementEmitter e(kernel, 1);
    e.store(entry.value, values, k, Point{{i, 0, {}}});
    b.create<memref::StoreOp>(entry.index, indices, i);
  }

  /// Whether `x` comes before `y` in the result.
  Value better(Entry x, Entry y) {
    Value first = b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, x.index, y.index);
    Value none = b.create<arith::ConstantIntOp>(0, 1);
    Value tied = b.create<arith::SelectOp>(beyond(y.value, x.value), none, first);
    return b.create<arith::OrIOp>(beyond(x.value, y.value), tied);
  }

  /// Whether `x` is past `y` in the direction of the order. NaN is past all numbers upwards, so that the order is total.
  Value beyond(Value x, Value y) {
    if (op.getLargest())
      return above(x, y);
    return above(y, x);
  }
  Value above(Value x, Value y) {
    if (isa<FloatType>(element)) {
      Value notBelow = b.create<arith::CmpFOp>(arith::CmpFPredicate::UGT, x, y);
      return b.create<arith::AndIOp>(notBelow, b.create<arith::CmpFOp>(arith::CmpFPredicate::ORD, y, y));
    }
    bool natural = element.isUnsignedInteger() || element.isInteger(1);
    return b.create<arith::CmpIOp>(natural ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt, x, y);
  }

  /// Puts `entry` at `from` or, past the children that are worse, further down the heap of `count` entries.
  void sink(Value from, Entry entry, Value count) {
    Type index = b.getIndexType();
    auto loop = b.create<scf::WhileOp>(TypeRange{index, index}, ValueRange{from});
    Location loc = b.getLoc();
    OpBuilder::InsertionGuard guard(b);
    Block *before = b.createBlock(&loop.getBefore(), {}, {index}, {loc});
    Value place = before->getArgument(0), left = kernel.add(kernel.multiply(place, kernel.index(2)), 1),
          right = kernel.add(left, 1);
    auto within = [&](Value i) -> Value { return b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, i, count); };
    // Out of range reads go to the heap's own entries: `place` is inside.
    Value hasLeft = within(left), hasRight = within(right);
    Value safeLeft = b.create<arith::SelectOp>(hasLeft, left, place),
          safeRight = b.create<arith::SelectOp>(hasRight, right, safeLeft);
    Value takeRight = better(get(safeLeft), get(safeRight));
    Value child = b.create<arith::SelectOp>(takeRight, safeRight, safeLeft);
    Value goesOn = b.create<arith::AndIOp>(hasLeft, better(entry, get(child)));
    b.create<scf::ConditionOp>(goesOn, ValueRange{place, child});
    Block *after = b.createBlock(&loop.getAfter(), {}, {index, index}, {loc, loc});
    put(after->getArgument(0), get(after->getArgument(1)));
    b.create<scf::YieldOp>(ValueRange{after->getArgument(1)});
    b.setInsertionPointAfter(loop);
    put(loop.getResult(0), entry);
  }

  KernelFunction &kernel;
  ImplicitLocOpBuilder &b;
  TopKOp op;
  Type element, i64;
  Dim k;
  Value values, indices; // scratch
};

} // namespace

LogicalResult emitTopK(KernelFunction &kernel) {
  auto op = kernel.find<TopKOp>();
  if (!op)
    return kernel.source.emitError() << "has no top_k";
  TopK topK(kernel, op);
  forLines(kernel, dimsOf(op.getOperand()), op.getAxis(), dimOf(op.getValues(), op.getAxis()),
           [&](const Point &line) { topK.emitLine(line); });
  return success();
}

} // namespace quern
