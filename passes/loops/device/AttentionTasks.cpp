#include "passes/loops/device/AttentionTasks.h"
#include "codegen/common/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/ProductShape.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

AttentionTasks::AttentionTasks(KernelFunction &kernel, AttentionOp attention)
    : kernel(kernel), attention(attention), real(cast<FloatType>(accumulatorType(elementOf(attention.getQuery())))),
      b(kernel.builder), epilogue(kernel, attention.getResult()) {
  SmallVector<Dim> q = dimsOf(attention.getQuery());
  kernel::ScheduleAttr schedule = kernel.source.getSchedule();
  tileQueries = schedule.parameter("tile_queries", 64);
  tileKeys = schedule.parameter("tile_keys", 32);
  splits = schedule.parameter("key_splits", 1);
  group = schedule.parameter("heads_together", 1);
  batches = q[0], heads = q[1].floordiv(group), queries = q[2] * group, keys = dimOf(attention.getKey(), 2);
  depth = *q[3].constant(), valueDepth = *dimOf(attention.getValue(), 3).constant();
  queryBlocks = queries.ceildiv(tileQueries);
  if (splits > 1)
    partial = kernel.shared(real, batches * heads * queryBlocks * (splits * tileQueries * (2 + valueDepth)));
  lowest = number(-llvm::APFloat::getLargest(real.getFloatSemantics()).convertToDouble());
}

void AttentionTasks::emit(function_ref<void()> part) {
  Dim tiles = batches * heads * queryBlocks;
  if (splits == 1)
    return kernel.forTasks(tiles, [&](Value tile) {
      place(task = tile);
      placeKeys(kernel.index(0));
      part();
    });
  kernel.forPhases(2, tiles * splits, [&](Value phase, Value task) {
    this->task = task;
    Value isFirst = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, phase, kernel.index(0));
    auto choice = b.create<scf::IfOp>(isFirst, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    place(quotient(task, kernel.index(splits)));
    placeKeys(remainder(task, kernel.index(splits)));
    part();
    b.setInsertionPointToStart(choice.elseBlock());
    combineParts(tiles);
  });
}

//===--- Places -----------------------------------------------------------------------------===//

/// Decodes the number of a tile of queries. Of a causal attention the last queries, which see most keys, come first, so
/// that no block is left with much to do at the end.
void AttentionTasks::place(Value tile) {
  Value blocks = kernel.dim(queryBlocks), count = kernel.dim(heads), rest = quotient(tile, blocks);
  Value block = remainder(tile, blocks);
  if (attention.getCausal())
    block = b.create<arith::SubIOp>(kernel.dim(queryBlocks - 1), block);
  firstQuery = kernel.multiply(block, kernel.index(tileQueries));
  head = remainder(rest, count);
  batch = quotient(rest, count);
  keyHead = quotient(head, kernel.dim(Dim::max(heads.floordiv(Dim::max(dimOf(attention.getKey(), 1), 1)), 1)));
}

Point AttentionTasks::queryAt(Value query, Value column) {
  Value first = kernel.multiply(head, kernel.index(group)), place = query;
  if (group > 1) {
    first = kernel.add(first, remainder(query, kernel.index(group)));
    place = quotient(query, kernel.index(group));
  }
  return {{batch}, {first}, {place}, {column}};
}

Point AttentionTasks::keyAt(Value key, Value column) {
  return {{batch}, {keyHead}, {key}, {column}};
}

/// A part of the keys is a number of whole tiles.
void AttentionTasks::placeKeys(Value part) {
  firstKey = kernel.index(0);
  endKey = visible(kernel.add(firstQuery, tileQueries - 1));
  if (splits == 1)
    return;
  Value each = kernel.dim(keys.ceildiv(splits * tileKeys) * tileKeys);
  firstKey = b.create<arith::MulIOp>(part, each);
  endKey = smaller(endKey, b.create<arith::AddIOp>(firstKey, each));
}

Value AttentionTasks::visible(Value query) {
  Value all = kernel.dim(keys);
  if (!attention.getCausal())
    return all;
  Value place = queryAt(query, {})[2].base;
  Value end = kernel.add(kernel.add(place, 1), kernel.dim(keys - dimOf(attention.getQuery(), 2)));
  return smaller(b.create<arith::MaxSIOp>(end, kernel.index(0)), all);
}

SmallVector<Value> AttentionTasks::biasesAt(Value query, Value key, int64_t count) {
  Value bias = attention.getBias();
  Point point = queryAt(query, key);
  point.back().lane = count > 1;
  SmallVector<Dim> dims = dimsOf(bias);
  point.erase(point.begin(), point.begin() + (point.size() - dims.size()));
  for (auto [axis, dim] : llvm::zip(point, dims))
    if (dim.isEqualTo(1))
      axis = {kernel.index(0)};
  ElementEmitter emitter(kernel, count);
  Value value = emitCast(b, emitter.at(bias, point), elementOf(bias), real);
  if (count == 1)
    return {value};
  SmallVector<Value> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(b.create<vector::ExtractOp>(value, i));
  return values;
}

Value AttentionTasks::partialAt(Value part, Value row, Value column) {
  Value line = kernel.add(kernel.multiply(part, kernel.index(tileQueries)), row);
  return kernel.add(kernel.multiply(line, kernel.index(2 + valueDepth)), column);
}

//===--- Results ----------------------------------------------------------------------------===//

void AttentionTasks::finishRow(Value row, Value largest, Value sum) {
  if (splits == 1)
    return;
  b.create<memref::StoreOp>(largest, partial, partialAt(task, row, kernel.index(0)));
  b.create<memref::StoreOp>(sum, partial, partialAt(task, row, kernel.index(1)));
}

void AttentionTasks::finish(Value row, Value column, Value value) {
  if (splits == 1)
    return epilogue.store(value, queryAt(kernel.add(firstQuery, row), column));
  b.create<memref::StoreOp>(value, partial, partialAt(task, row, kernel.add(column, 2)));
}

Value AttentionTasks::factorOf(Value sum) {
  return splits == 1 ? inverseOf(sum) : number(1);
}

/// 0 for the sum of no powers.
Value AttentionTasks::inverseOf(Value sum) {
  Value zero = number(0), none = b.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, sum, zero);
  return b.create<arith::SelectOp>(none, zero, b.create<arith::DivFOp>(number(1), sum));
}

/// All threads of all blocks take the elements of all tiles in turn.
void AttentionTasks::combineParts(const Dim &tiles) {
  Value each = kernel.index(tileQueries * valueDepth);
  Value first = kernel.add(kernel.multiply(task, kernel.index(kernel.threads)), kernel.thread());
  kernel.forRange(
      first, kernel.multiply(kernel.dim(tiles), each), kernel.dim(tiles * splits * kernel.threads), [&](Value number) {
        Value tile = quotient(number, each), at = remainder(number, each);
        Value row = quotient(at, kernel.index(valueDepth)), column = remainder(at, kernel.index(valueDepth));
        place(tile);
        Value query = kernel.add(firstQuery, row);
        when(below(query, kernel.dim(queries)), [&] {
          Value firstPart = kernel.multiply(tile, kernel.index(splits));
          auto read = [&](int64_t part, Value column) -> Value {
            return b.create<memref::LoadOp>(partial, partialAt(kernel.add(firstPart, part), row, column));
          };
          Value largest = lowest, sum = this->number(0), result = sum;
          for (int64_t part = 0; part < splits; ++part)
            largest = b.create<arith::MaxNumFOp>(read(part, kernel.index(0)), largest);
          for (int64_t part = 0; part < splits; ++part) {
            Value distance = b.create<arith::SubFOp>(read(part, kernel.index(0)), largest);
            Value scale = emitMath(b, b.getLoc(), MathFunction::Exp, distance);
            auto scaled = [&](Value column) { return b.create<arith::MulFOp>(read(part, column), scale); };
            sum = b.create<arith::AddFOp>(sum, scaled(kernel.index(1)));
            result = b.create<arith::AddFOp>(result, scaled(kernel.add(column, 2)));
          }
          epilogue.store(b.create<arith::MulFOp>(result, inverseOf(sum)), queryAt(query, column));
        });
      });
}

//===--- Shorthands -------------------------------------------------------------------------===//

void AttentionTasks::when(Value condition, function_ref<void()> body) {
  auto choice = b.create<scf::IfOp>(condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  body();
}

Value AttentionTasks::number(double value) {
  return b.create<arith::ConstantOp>(b.getFloatAttr(real, value));
}
Value AttentionTasks::below(Value x, Value limit) {
  return b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, x, limit);
}
Value AttentionTasks::quotient(Value x, Value y) {
  return b.create<arith::DivUIOp>(x, y);
}
Value AttentionTasks::remainder(Value x, Value y) {
  return b.create<arith::RemUIOp>(x, y);
}
Value AttentionTasks::smaller(Value x, Value y) {
  return b.create<arith::MinSIOp>(x, y);
}

} // namespace quern
