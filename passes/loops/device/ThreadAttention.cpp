// Attention by threads: what a thread has of the result, and of each row's maximum and sum, stays in registers while
// the keys are walked:
//
//   s = q k^T * scale + bias             from tiles in shared memory; keys that a query does not see are -inf
//   m', p = max(m, row max of s), exp(s - m')
//   l, o = l exp(m - m') + row sum of p, o exp(m - m') + p v
//   result = o / l                       0 where a query sees no key
#include "codegen/common/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/loops/IndexBuilder.h"
#include "passes/loops/device/AttentionTasks.h"
#include "passes/loops/device/BlockMemory.h"
#include "passes/loops/device/Team.h"
#include "passes/loops/device/Tiles.h"
#include "passes/loops/device/WarpInstructions.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

class ThreadAttention {
public:
  ThreadAttention(KernelFunction &kernel, AttentionTasks &tasks);
  void emit();

private:
  /// Of one query of this thread's, while the keys are walked.
  struct Row {
    Value place, number; ///< in the tile; among the queries of the head
    Value isThere;       ///< the last tile may have more rows than there are queries
    Value visible;       ///< the end of the keys that it may see, within this part
    Value largest, sum;  ///< of all scores so far; of the powers of this thread's keys
    SmallVector<Value> result;
  };

  void emitPart();
  SmallVector<Value> walkKeys();
  void fill(const BlockMemory &memory, int64_t lines, int64_t across, function_ref<Value(Value, Value)> offset,
            Value tensor, Point (AttentionTasks::*at)(Value, Value), Value first, Value end);
  void fillKeys(Value first);
  void fillValues(Value first);
  SmallVector<Value> products();
  Value score(const Row &row, Value sum, Value key);
  void addTile(Value firstKey);
  void addValues();
  void sumRows();
  void finish();
  void unpack(ValueRange carried);
  SmallVector<Value> pack();

  Value number(double value) { return tasks.number(value); }
  Value add(Value x, Value y) { return b.create<arith::AddFOp>(x, y); }
  Value mul(Value x, Value y) { return b.create<arith::MulFOp>(x, y); }
  Value exp(Value x) { return emitMath(b, b.getLoc(), MathFunction::Exp, x); }
  /// A NaN counts as no maximum; it spreads through the sum.
  Value larger(Value x, Value y) { return b.create<arith::MaxNumFOp>(x, y); }
  Value below(Value x, Value limit) { return tasks.below(x, limit); }
  Value quotient(Value x, Value y) { return b.create<arith::DivUIOp>(x, y); }
  Value remainder(Value x, Value y) { return b.create<arith::RemUIOp>(x, y); }
  Value smaller(Value x, Value y) { return b.create<arith::MinSIOp>(x, y); }
  /// Column `i` of a thread's results: neighbours as far as one access goes, then so many threads further.
  Value column(int64_t i) {
    int64_t width = accessWidth(columns);
    return kernel.add(kernel.multiply(lane, kernel.index(width)), i / width * width * lanes + i % width);
  }

  KernelFunction &kernel;
  AttentionTasks &tasks;
  AttentionOp attention;
  ImplicitLocOpBuilder &b;
  FloatType real;
  int64_t depth, valueDepth, tileQueries, tileKeys, threadQueries, threadKeys;
  int64_t lanes;   ///< threads that share a row
  int64_t columns; ///< of a row's results, in one thread
  int64_t queryPitch, keyPitch;
  std::optional<BlockMemory> queryTile, keyTile, valueTile, powers;
  Value lane, line; ///< this thread's place among those of a row, and its rows' place among the tile's
  SmallVector<Row> rows;
};

/// Padding that keeps accesses of 16 bytes aligned and spreads a column over the banks.
constexpr int64_t kPadding = 4;

ThreadAttention::ThreadAttention(KernelFunction &kernel, AttentionTasks &tasks)
    : kernel(kernel), tasks(tasks), attention(tasks.attention), b(kernel.builder), real(tasks.real), depth(tasks.depth),
      valueDepth(tasks.valueDepth), tileQueries(tasks.tileQueries), tileKeys(tasks.tileKeys) {
  kernel::ScheduleAttr schedule = kernel.source.getSchedule();
  threadQueries = schedule.parameter("thread_queries", 4);
  threadKeys = schedule.parameter("thread_keys", 4);
  lanes = tileKeys / threadKeys;
  columns = llvm::divideCeil(valueDepth, lanes);
  kernel.threads = tileQueries / threadQueries * lanes;
  queryPitch = tileQueries + kPadding, keyPitch = tileKeys + kPadding;
  queryTile.emplace(kernel, real, depth * queryPitch);
  powers.emplace(kernel, real, tileKeys * queryPitch);
  // Values take the place of keys where there is no room for both.
  int64_t keyElements = depth * keyPitch, valueElements = tileKeys * columns * lanes;
  if (kernel.fitsShared((keyElements + valueElements) * real.getWidth() / 8)) {
    keyTile.emplace(kernel, real, keyElements);
    valueTile.emplace(kernel, real, valueElements);
  } else {
    keyTile.emplace(kernel, real, std::max(keyElements, valueElements));
  }
}

void ThreadAttention::emit() {
  tasks.emit([&] { emitPart(); });
}

void ThreadAttention::emitPart() {
  lane = remainder(kernel.thread(), kernel.index(lanes));
  line = kernel.multiply(quotient(kernel.thread(), kernel.index(lanes)), kernel.index(threadQueries));
  rows.assign(threadQueries, Row());
  for (auto [i, row] : llvm::enumerate(rows)) {
    row.place = kernel.add(line, i);
    row.number = kernel.add(kernel.add(tasks.firstQuery, line), i);
    row.isThere = below(row.number, kernel.dim(tasks.queries));
    row.visible = smaller(tasks.visible(row.number), tasks.endKey);
    row.largest = tasks.lowest;
    row.sum = number(0);
    row.result.assign(columns, row.sum);
  }
  fill(*queryTile, tileQueries, depth, [&](Value line, Value d) {
    return kernel.add(kernel.multiply(d, kernel.index(queryPitch)), line);
  }, attention.getQuery(), &AttentionTasks::queryAt, tasks.firstQuery, kernel.dim(tasks.queries));
  unpack(walkKeys());
  awaitCopies(b, 0); // of queries that saw no key
  finish();
}

//===--- Tiles ------------------------------------------------------------------------------===//

/// Brings lines [first, first + lines) of a head, `across` elements each; what lies behind `end` or a line's end is 0.
/// Neighbouring threads read neighbours of a line. What is in memory as it is is copied while the threads go on: all of a
/// thread's copies are under way at once.
void ThreadAttention::fill(const BlockMemory &memory, int64_t lines, int64_t across,
                           function_ref<Value(Value, Value)> offset, Value tensor,
                           Point (AttentionTasks::*at)(Value, Value), Value first, Value end) {
  bool isCopied = isInMemory(tensor, real);
  int64_t extent = *dimsOf(tensor)[3].constant();
  kernel.forThreads(kernel.index(0), kernel.index(lines * across), [&](Value number) {
    Value inner = remainder(number, kernel.index(across)), line = quotient(number, kernel.index(across));
    Value there = kernel.add(first, line), inside = below(there, end);
    Point point = (tasks.*at)(there, inner);
    if (across > extent)
      inside = b.create<arith::AndIOp>(inside, below(inner, kernel.index(extent)));
    if (isCopied) {
      Value place = kernel.index(0);
      for (auto [axis, stride] : llvm::zip(point, kernel.strides(dimsOf(tensor))))
        place = kernel.add(place, kernel.multiply(axis.base, stride));
      Value from = kernel.address(kernel.buffer(cast<BlockArgument>(tensor)), place);
      return beginCopy(b, memory.address(offset(line, inner)), from, real.getWidth() / 8, inside);
    }
    ElementEmitter emitter(kernel, 1);
    memory.store(emitter.guarded(inside, this->number(0), [&] { return elementAs(real, emitter, tensor, point); }),
                 offset(line, inner));
  });
  endCopies(b);
}

void ThreadAttention::fillKeys(Value first) {
  fill(*keyTile, tileKeys, depth, [&](Value line, Value d) {
    return kernel.add(kernel.multiply(d, kernel.index(keyPitch)), line);
  }, attention.getKey(), &AttentionTasks::keyAt, first, tasks.endKey);
}

/// Columns that the last threads have too many are 0.
void ThreadAttention::fillValues(Value first) {
  int64_t padded = columns * lanes;
  fill(valueTile ? *valueTile : *keyTile, tileKeys, padded, [&](Value line, Value column) {
    return kernel.add(kernel.multiply(line, kernel.index(padded)), column);
  }, attention.getValue(), &AttentionTasks::keyAt, first, tasks.endKey);
}

//===--- A tile of keys ---------------------------------------------------------------------===//

SmallVector<Value> ThreadAttention::pack() {
  SmallVector<Value> values;
  for (const Row &row : rows) {
    values.append({row.largest, row.sum});
    values.append(row.result);
  }
  return values;
}

void ThreadAttention::unpack(ValueRange carried) {
  for (Row &row : rows) {
    row.largest = carried[0];
    row.sum = carried[1];
    row.result.assign(carried.begin() + 2, carried.begin() + 2 + columns);
    carried = carried.drop_front(2 + columns);
  }
}

SmallVector<Value> ThreadAttention::walkKeys() {
  auto loop = b.create<scf::ForOp>(tasks.firstKey, tasks.endKey, kernel.index(tileKeys), pack());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value first = loop.getInductionVar();
  unpack(loop.getRegionIterArgs());
  fillKeys(first);
  if (valueTile)
    fillValues(first);
  awaitCopies(b, /*pending=*/valueTile ? 1 : 0); // values have the time of the scores
  kernel.barrier();
  addTile(first);
  if (!valueTile) {
    kernel.barrier();
    fillValues(first);
  }
  awaitCopies(b, 0);
  kernel.barrier();
  addValues();
  kernel.barrier(); // before the tiles are filled again
  b.create<scf::YieldOp>(pack());
  return loop.getResults();
}

/// q k^T of this thread's queries and keys, along the depth.
SmallVector<Value> ThreadAttention::products() {
  auto step = [&](Value d, SmallVectorImpl<Value> &sums) {
    SmallVector<Value> q = queryTile->load(kernel.add(kernel.multiply(d, kernel.index(queryPitch)), line), threadQueries);
    Value offset = kernel.multiply(lane, kernel.index(threadKeys));
    SmallVector<Value> k = keyTile->load(kernel.add(kernel.multiply(d, kernel.index(keyPitch)), offset), threadKeys);
    for (int64_t i = 0; i < threadQueries; ++i)
      for (int64_t j = 0; j < threadKeys; ++j)
        sums[i * threadKeys + j] = b.create<math::FmaOp>(q[i], k[j], sums[i * threadKeys + j]);
  };
  constexpr int64_t kUnroll = 4;
  IndexBuilder builder(b);
  SmallVector<Value> sums(threadQueries * threadKeys, number(0));
  int64_t whole = depth / kUnroll * kUnroll;
  builder.carry(builder.index(0), builder.index(whole), kUnroll, sums, [&](Index d, SmallVectorImpl<Value> &carried) {
    for (int64_t u = 0; u < kUnroll; ++u)
      step(kernel.add(builder.value(d), u), carried);
  });
  for (int64_t d = whole; d < depth; ++d)
    step(kernel.index(d), sums);
  return sums;
}

Value ThreadAttention::score(const Row &row, Value sum, Value key) {
  Value result = mul(sum, number(attention.getScale().convertToDouble()));
  Value none = number(-std::numeric_limits<double>::infinity());
  Value isSeen = below(key, row.visible);
  if (!attention.getBias())
    return b.create<arith::SelectOp>(isSeen, result, none);
  ElementEmitter emitter(kernel, 1);
  Value isRead = b.create<arith::AndIOp>(isSeen, row.isThere);
  return emitter.guarded(isRead, none, [&] { return add(result, tasks.biasesAt(row.number, key, 1)[0]); });
}

/// The powers of a tile's scores go to shared memory; what was found so far is scaled to the new maximum.
void ThreadAttention::addTile(Value firstKey) {
  SmallVector<Value> sums = products();
  Value place = kernel.multiply(lane, kernel.index(threadKeys));
  SmallVector<SmallVector<Value>> byKey(threadKeys);
  for (auto [i, row] : llvm::enumerate(rows)) {
    SmallVector<Value> scores;
    Value largest = row.largest;
    for (int64_t j = 0; j < threadKeys; ++j) {
      scores.push_back(score(row, sums[i * threadKeys + j], kernel.add(kernel.add(firstKey, place), j)));
      largest = larger(scores.back(), largest);
    }
    for (int64_t distance = lanes / 2; distance > 0; distance /= 2)
      largest = larger(exchanged(kernel, largest, distance), largest);
    Value scale = exp(b.create<arith::SubFOp>(row.largest, largest));
    row.sum = mul(row.sum, scale);
    for (int64_t j = 0; j < threadKeys; ++j) {
      Value power = exp(b.create<arith::SubFOp>(scores[j], largest));
      row.sum = add(row.sum, power);
      byKey[j].push_back(power);
    }
    row.largest = largest;
    for (Value &value : row.result)
      value = mul(value, scale);
  }
  for (int64_t j = 0; j < threadKeys; ++j)
    powers->store(byKey[j], kernel.add(kernel.multiply(kernel.add(place, j), kernel.index(queryPitch)), line));
}

/// o += p v.
void ThreadAttention::addValues() {
  IndexBuilder builder(b);
  const BlockMemory &values = valueTile ? *valueTile : *keyTile;
  SmallVector<Value> results;
  for (const Row &row : rows)
    results.append(row.result);
  int64_t width = accessWidth(columns);
  auto step = [&](Value key, SmallVectorImpl<Value> &carried) {
    SmallVector<Value> p = powers->load(kernel.add(kernel.multiply(key, kernel.index(queryPitch)), line), threadQueries);
    Value start = kernel.multiply(key, kernel.index(columns * lanes));
    for (int64_t first = 0; first < columns; first += width) {
      SmallVector<Value> v = values.load(kernel.add(start, column(first)), width);
      for (int64_t i = 0; i < threadQueries; ++i)
        for (int64_t j = 0; j < width; ++j) {
          Value &sum = carried[i * columns + first + j];
          sum = b.create<math::FmaOp>(p[i], v[j], sum);
        }
    }
  };
  constexpr int64_t kUnroll = 4; // tiles have a multiple of so many keys
  builder.carry(builder.index(0), builder.index(tileKeys), kUnroll, results,
                [&](Index key, SmallVectorImpl<Value> &carried) {
                  for (int64_t u = 0; u < kUnroll; ++u)
                    step(kernel.add(builder.value(key), u), carried);
                });
  for (auto [i, row] : llvm::enumerate(rows))
    row.result.assign(results.begin() + i * columns, results.begin() + (i + 1) * columns);
}

//===--- Results ----------------------------------------------------------------------------===//

/// The sums of all threads of a row.
void ThreadAttention::sumRows() {
  for (Row &row : rows)
    for (int64_t distance = lanes / 2; distance > 0; distance /= 2)
      row.sum = add(exchanged(kernel, row.sum, distance), row.sum);
}

void ThreadAttention::finish() {
  sumRows();
  Value isFirst = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, lane, kernel.index(0));
  for (Row &row : rows) {
    tasks.when(isFirst, [&] { tasks.finishRow(row.place, row.largest, row.sum); });
    Value factor = tasks.factorOf(row.sum);
    tasks.when(row.isThere, [&] {
      for (int64_t i = 0; i < columns; ++i) {
        Value at = column(i);
        auto use = [&] { tasks.finish(row.place, at, mul(row.result[i], factor)); };
        columns * lanes == valueDepth ? use() : tasks.when(below(at, kernel.index(valueDepth)), use);
      }
    });
  }
}

} // namespace

void emitThreadAttention(KernelFunction &kernel, AttentionTasks &tasks) {
  ThreadAttention(kernel, tasks).emit();
}

} // namespace quern
