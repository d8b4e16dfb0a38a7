#include "passes/loops/RowFold.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

Operation *RowFold::find(KernelFunction &kernel) {
  for (Value value : kernel.yield().getValues())
    if (Operation *op = value.getDefiningOp(); isa_and_present<ReduceOp, ArgReduceOp>(op))
      return op;
  return nullptr;
}

RowFold::RowFold(KernelFunction &kernel, Operation *reduction, const Dim &mostRows, int64_t lanes)
    : kernel(kernel), builder(kernel.builder), reduction(reduction), element(elementOf(reduction->getOperand(0))),
      position(builder.builder.getIntegerType(element.getIntOrFloatBitWidth())), lanes(lanes) {
  values = kernel.scratch(element, mostRows * lanes);
  if (auto reduce = dyn_cast<ReduceOp>(reduction)) {
    kind = reduce.getKind();
    return;
  }
  kind = cast<ArgReduceOp>(reduction).getLargest() ? ReduceKind::max : ReduceKind::min;
  columns = kernel.scratch(position, mostRows * lanes);
  Value most = builder.value(APInt::getSignedMaxValue(position.getIntOrFloatBitWidth()).getSExtValue());
  Value extent = kernel.dim(dimsOf(operand()).back());
  kernel.fail(builder.create<arith::CmpIOp>(arith::CmpIPredicate::sgt, extent, most), KernelError::Size);
}

void RowFold::start(Index rows) {
  Value first = reductionStart(kernel, kind, element, vectorOf(element)), lane;
  if (auto arg = dyn_cast<ArgReduceOp>(reduction)) {
    // Of rows that are nothing but the first value, which only a value beyond it replaces: the first column.
    SmallVector<APInt> numbers;
    for (int64_t i = 0; i < lanes; ++i)
      numbers.push_back(APInt(position.getIntOrFloatBitWidth(), arg.getLast() ? 0 : i));
    lane = builder.create<arith::ConstantOp>(DenseElementsAttr::get(vectorOf(position), numbers));
  }
  builder.loop(builder.index(0), rows, 1, [&](Index row) {
    Value at = builder.value(builder.mul(row, lanes));
    builder.create<vector::StoreOp>(first, values, at);
    if (columns)
      builder.create<vector::StoreOp>(lane, columns, at);
  });
}

void RowFold::take(Value value, Index row, Value column, Value mask) {
  Value at = builder.value(builder.mul(row, lanes));
  auto keep = [&](Value memory, Value condition, Value next, Value before) {
    if (condition)
      next = builder.create<arith::SelectOp>(condition, next, before);
    builder.create<vector::StoreOp>(next, memory, at);
  };
  Value before = builder.create<vector::LoadOp>(vectorOf(element), values, at);
  auto arg = dyn_cast<ArgReduceOp>(reduction);
  if (!arg)
    return keep(values, mask, reductionStep(builder.builder, kind, element, before, value), before);
  Value better = extremumMoves(builder.builder, arg, element, value, before);
  if (mask)
    better = builder.create<arith::AndIOp>(better, mask);
  SmallVector<APInt> numbers;
  for (int64_t i = 0; i < lanes; ++i)
    numbers.push_back(APInt(position.getIntOrFloatBitWidth(), i));
  Value lane = builder.create<arith::ConstantOp>(DenseElementsAttr::get(vectorOf(position), numbers));
  Value first = builder.create<vector::BroadcastOp>(vectorOf(position),
                                                    builder.create<arith::IndexCastOp>(position, column));
  keep(values, better, value, before);
  keep(columns, better, builder.create<arith::AddIOp>(first, lane),
       builder.create<vector::LoadOp>(vectorOf(position), columns, at));
}

/// Of a row's lanes: their reduction, or the first (or last) column of those that have the extremum. That is NaN where a
/// lane's is.
Value RowFold::result(Value best, Value positions) {
  Value one = reduceLanes(builder.builder, kind, element, best);
  if (!positions)
    return one;
  auto arg = cast<ArgReduceOp>(reduction);
  Value equal = builder.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, best,
                                              builder.create<vector::BroadcastOp>(vectorOf(element), one));
  Value hit = builder.create<arith::OrIOp>(equal, builder.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, best, best));
  ReduceKind pick = arg.getLast() ? ReduceKind::max : ReduceKind::min;
  Value miss = reductionStart(kernel, pick, position, vectorOf(position));
  Value column = reduceLanes(builder.builder, pick, position,
                             builder.create<arith::SelectOp>(hit, positions, miss));
  return emitCast(builder.builder, column, position, elementOf(reduction->getResult(0)));
}

void RowFold::finish(Index rows, function_ref<Point(Index)> place) {
  Value result = reduction->getResult(0);
  unsigned index = llvm::find(kernel.yield().getValues(), result) - kernel.yield().getValues().begin();
  builder.loop(builder.index(0), rows, 1, [&](Index row) {
    Value at = builder.value(builder.mul(row, lanes)), positions;
    Value best = builder.create<vector::LoadOp>(vectorOf(element), values, at);
    if (columns)
      positions = builder.create<vector::LoadOp>(vectorOf(position), columns, at);
    Point point = place(row);
    point.back() = {builder.value(0), 0, {}};
    ElementEmitter emitter(kernel, 1);
    emitter.store(this->result(best, positions), kernel.resultBuffer(index), dimsOf(result), point);
  });
}

} // namespace quern
