// Attention on a device, without its scores in memory. A block has a tile of queries of one head and walks the keys a
// tile at a time; what a thread has of the result, and of each row's maximum and sum, stays in registers:
//
//   s = q k^T * scale + bias             from tiles in shared memory; keys that a query does not see are -inf
//   m', p = max(m, row max of s), exp(s - m')
//   l, o = l exp(m - m') + row sum of p, o exp(m - m') + p v
//   result = o / l                       0 where a query sees no key
//
// Where there are fewer blocks than the device runs at a time, each walks only a part of the keys, and a second phase
// combines what the parts found: m, l and o, which they leave in memory.
#include "codegen/common/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/Epilogue.h"
#include "passes/loops/IndexBuilder.h"
#include "passes/loops/ProductShape.h"
#include "passes/loops/device/BlockMemory.h"
#include "passes/loops/device/Team.h"
#include "passes/loops/device/Tiles.h"
#include "passes/loops/device/WarpInstructions.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

class AttentionTiles {
public:
  AttentionTiles(KernelFunction &kernel, AttentionOp attention);
  void emit();

private:
  /// Of one query of this thread's, while the keys are walked.
  struct Row {
    Value number;       ///< among the queries of the head
    Value isThere;      ///< the last tile may have more rows than there are queries
    Value visible;      ///< the end of the keys that it may see, within this part
    Value largest, sum; ///< of all scores so far; of the powers of this thread's keys
    SmallVector<Value> result;
  };

  void place(Value task);
  void emitPart(Value task);
  SmallVector<Value> walkKeys();
  void fill(const BlockMemory &memory, int64_t lines, int64_t across, function_ref<Value(Value, Value)> offset,
            Value tensor, Value head, Value first, Value end);
  void fillKeys(Value first);
  void fillValues(Value first);
  SmallVector<Value> products();
  Value score(const Row &row, Value sum, Value key);
  Value biasAt(const Row &row, Value key);
  void addTile(Value firstKey);
  void addValues();
  void sumRows();
  void finish();
  void keepPart(Value task);
  void combineParts(Value task);
  void unpack(ValueRange carried);
  SmallVector<Value> pack();
  void forResults(function_ref<void(int64_t row, int64_t i, Value column)> body);

  Value number(double value) { return b.create<arith::ConstantOp>(b.getFloatAttr(real, value)); }
  Value add(Value x, Value y) { return b.create<arith::AddFOp>(x, y); }
  Value mul(Value x, Value y) { return b.create<arith::MulFOp>(x, y); }
  Value exp(Value x) { return emitMath(b, b.getLoc(), MathFunction::Exp, x); }
  /// A NaN counts as no maximum; it spreads through the sum.
  Value larger(Value x, Value y) {
    return b.create<arith::SelectOp>(b.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, x, y), x, y);
  }
  Value below(Value x, Value limit) { return b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, x, limit); }
  Value quotient(Value x, Value y) { return b.create<arith::DivUIOp>(x, y); }
  Value remainder(Value x, Value y) { return b.create<arith::RemUIOp>(x, y); }
  Value smaller(Value x, Value y) { return b.create<arith::MinSIOp>(x, y); }
  Value inverseOf(Value sum);
  void when(Value condition, function_ref<void()> body);
  /// Column `i` of a thread's results: neighbours as far as one access goes, then so many threads further.
  Value column(int64_t i) {
    int64_t width = accessWidth(columns);
    return kernel.add(kernel.multiply(lane, kernel.index(width)), i / width * width * lanes + i % width);
  }

  KernelFunction &kernel;
  AttentionOp attention;
  ImplicitLocOpBuilder &b;
  Epilogue epilogue;
  FloatType real;
  Dim batches, heads, queries, keys, queryBlocks;
  int64_t depth, valueDepth, tileQueries, tileKeys, threadQueries, threadKeys, splits;
  int64_t lanes;   ///< threads that share a row
  int64_t columns; ///< of a row's results, in one thread
  int64_t queryPitch, keyPitch;
  Value lowest;    ///< below every score: -inf - -inf would be a NaN where a query sees nothing
  std::optional<BlockMemory> queryTile, keyTile, valueTile, powers;
  Value partial; ///< [part of the keys][rows of a tile][largest, sum, result ...] for each tile of queries
  // The current task.
  Value batch, head, keyHead, firstQuery, firstKey, endKey;
  Value lane, line; ///< this thread's place among those of a row, and its rows' place among the tile's
  SmallVector<Row> rows;
};

/// Padding that keeps accesses of 16 bytes aligned and spreads a column over the banks.
constexpr int64_t kPadding = 4;

AttentionTiles::AttentionTiles(KernelFunction &kernel, AttentionOp attention)
    : kernel(kernel), attention(attention), b(kernel.builder), epilogue(kernel, attention.getResult()),
      real(cast<FloatType>(accumulatorType(elementOf(attention.getQuery())))) {
  SmallVector<Dim> q = dimsOf(attention.getQuery()), k = dimsOf(attention.getKey());
  kernel::ScheduleAttr schedule = kernel.source.getSchedule();
  tileQueries = schedule.parameter("tile_queries", 64);
  tileKeys = schedule.parameter("tile_keys", 32);
  threadQueries = schedule.parameter("thread_queries", 4);
  threadKeys = schedule.parameter("thread_keys", 4);
  splits = schedule.parameter("key_splits", 1);
  batches = q[0], heads = q[1], queries = q[2], keys = k[2];
  depth = *q[3].constant(), valueDepth = *dimsOf(attention.getValue())[3].constant();
  queryBlocks = queries.ceildiv(tileQueries);
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
  if (splits > 1)
    partial = kernel.shared(real, batches * heads * queryBlocks * (splits * tileQueries * (2 + valueDepth)));
  lowest = number(-llvm::APFloat::getLargest(real.getFloatSemantics()).convertToDouble());
}

void AttentionTiles::emit() {
  Dim tiles = batches * heads * queryBlocks;
  if (splits == 1)
    return kernel.forTasks(tiles, [&](Value task) { emitPart(task); });
  kernel.forPhases(2, tiles * splits, [&](Value phase, Value task) {
    Value isFirst = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, phase, kernel.index(0));
    auto choice = b.create<scf::IfOp>(isFirst, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    emitPart(task);
    b.setInsertionPointToStart(choice.elseBlock());
    when(below(task, kernel.dim(tiles)), [&] { combineParts(task); });
  });
}

void AttentionTiles::when(Value condition, function_ref<void()> body) {
  auto choice = b.create<scf::IfOp>(condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  body();
}

/// Decodes the number of a tile of queries, and this thread's place in it.
void AttentionTiles::place(Value tile) {
  Value blocks = kernel.dim(queryBlocks), count = kernel.dim(heads), rest = quotient(tile, blocks);
  firstQuery = kernel.multiply(remainder(tile, blocks), kernel.index(tileQueries));
  head = remainder(rest, count);
  batch = quotient(rest, count);
  keyHead = quotient(head, kernel.dim(Dim::max(heads.floordiv(Dim::max(dimOf(attention.getKey(), 1), 1)), 1)));
  lane = remainder(kernel.thread(), kernel.index(lanes));
  line = kernel.multiply(quotient(kernel.thread(), kernel.index(lanes)), kernel.index(threadQueries));
}

void AttentionTiles::emitPart(Value task) {
  place(splits == 1 ? task : quotient(task, kernel.index(splits)));
  Value all = kernel.dim(keys), difference = kernel.dim(keys - queries);
  auto visible = [&](Value query) {
    if (!attention.getCausal())
      return all;
    Value end = kernel.add(kernel.add(query, 1), difference);
    return smaller(b.create<arith::MaxSIOp>(end, kernel.index(0)), all);
  };
  firstKey = kernel.index(0);
  endKey = visible(kernel.add(firstQuery, tileQueries - 1));
  if (splits > 1) {
    Value each = kernel.dim(keys.ceildiv(splits * tileKeys) * tileKeys);
    firstKey = b.create<arith::MulIOp>(remainder(task, kernel.index(splits)), each);
    endKey = smaller(endKey, b.create<arith::AddIOp>(firstKey, each));
  }
  rows.assign(threadQueries, Row());
  for (auto [i, row] : llvm::enumerate(rows)) {
    row.number = kernel.add(kernel.add(firstQuery, line), i);
    row.isThere = below(row.number, kernel.dim(queries));
    row.visible = splits == 1 ? visible(row.number) : smaller(visible(row.number), endKey);
    row.largest = lowest;
    row.sum = number(0);
    row.result.assign(columns, row.sum);
  }
  fill(*queryTile, tileQueries, depth, [&](Value line, Value d) {
    return kernel.add(kernel.multiply(d, kernel.index(queryPitch)), line);
  }, attention.getQuery(), head, firstQuery, kernel.dim(queries));
  unpack(walkKeys());
  awaitCopies(b, 0); // of queries that saw no key
  splits == 1 ? finish() : keepPart(task);
}

//===--- Tiles ------------------------------------------------------------------------------===//

/// Brings lines [first, first + lines) of a head, `across` elements each; what lies behind `end` or a line's end is 0.
/// Neighbouring threads read neighbours of a line. What is in memory as it is is copied while the threads go on: all of a
/// thread's copies are under way at once.
void AttentionTiles::fill(const BlockMemory &memory, int64_t lines, int64_t across,
                          function_ref<Value(Value, Value)> offset, Value tensor, Value head, Value first, Value end) {
  bool isCopied = isInMemory(tensor, real);
  int64_t extent = *dimsOf(tensor)[3].constant();
  kernel.forThreads(kernel.index(0), kernel.index(lines * across), [&](Value at) {
    Value inner = remainder(at, kernel.index(across)), line = quotient(at, kernel.index(across));
    Value there = kernel.add(first, line), inside = below(there, end);
    if (across > extent)
      inside = b.create<arith::AndIOp>(inside, below(inner, kernel.index(extent)));
    if (isCopied) {
      Value place = kernel.index(0);
      for (auto [axis, stride] : llvm::zip(ArrayRef<Value>{batch, head, there, inner}, kernel.strides(dimsOf(tensor))))
        place = kernel.add(place, kernel.multiply(axis, stride));
      Value from = kernel.address(kernel.buffer(cast<BlockArgument>(tensor)), place);
      return beginCopy(b, memory.address(offset(line, inner)), from, real.getWidth() / 8, inside);
    }
    ElementEmitter emitter(kernel, 1);
    memory.store(emitter.guarded(inside, number(0), [&] {
      return elementAs(real, emitter, tensor, {{batch}, {head}, {there}, {inner}});
    }), offset(line, inner));
  });
  endCopies(b);
}

void AttentionTiles::fillKeys(Value first) {
  fill(*keyTile, tileKeys, depth, [&](Value line, Value d) {
    return kernel.add(kernel.multiply(d, kernel.index(keyPitch)), line);
  }, attention.getKey(), keyHead, first, endKey);
}

/// Columns that the last threads have too many are 0.
void AttentionTiles::fillValues(Value first) {
  int64_t padded = columns * lanes;
  fill(valueTile ? *valueTile : *keyTile, tileKeys, padded, [&](Value line, Value column) {
    return kernel.add(kernel.multiply(line, kernel.index(padded)), column);
  }, attention.getValue(), keyHead, first, endKey);
}

//===--- A tile of keys ---------------------------------------------------------------------===//

SmallVector<Value> AttentionTiles::pack() {
  SmallVector<Value> values;
  for (const Row &row : rows) {
    values.append({row.largest, row.sum});
    values.append(row.result);
  }
  return values;
}

void AttentionTiles::unpack(ValueRange carried) {
  for (Row &row : rows) {
    row.largest = carried[0];
    row.sum = carried[1];
    row.result.assign(carried.begin() + 2, carried.begin() + 2 + columns);
    carried = carried.drop_front(2 + columns);
  }
}

SmallVector<Value> AttentionTiles::walkKeys() {
  auto loop = b.create<scf::ForOp>(firstKey, endKey, kernel.index(tileKeys), pack());
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
SmallVector<Value> AttentionTiles::products() {
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

Value AttentionTiles::biasAt(const Row &row, Value key) {
  Value bias = attention.getBias();
  Point point{{batch}, {head}, {row.number}, {key}};
  SmallVector<Dim> dims = dimsOf(bias);
  point.erase(point.begin(), point.begin() + (point.size() - dims.size()));
  for (auto [axis, dim] : llvm::zip(point, dims))
    if (dim.isEqualTo(1))
      axis = {kernel.index(0)};
  ElementEmitter emitter(kernel, 1);
  return elementAs(real, emitter, bias, point);
}

Value AttentionTiles::score(const Row &row, Value sum, Value key) {
  Value result = mul(sum, number(attention.getScale().convertToDouble()));
  Value none = number(-std::numeric_limits<double>::infinity());
  Value isSeen = below(key, row.visible);
  if (!attention.getBias())
    return b.create<arith::SelectOp>(isSeen, result, none);
  ElementEmitter emitter(kernel, 1);
  Value isRead = b.create<arith::AndIOp>(isSeen, row.isThere);
  return emitter.guarded(isRead, none, [&] { return add(result, biasAt(row, key)); });
}

/// The powers of a tile's scores go to shared memory; what was found so far is scaled to the new maximum.
void AttentionTiles::addTile(Value firstKey) {
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
void AttentionTiles::addValues() {
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

Value AttentionTiles::inverseOf(Value sum) {
  Value zero = number(0), none = b.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, sum, zero);
  return b.create<arith::SelectOp>(none, zero, b.create<arith::DivFOp>(number(1), sum));
}

/// Runs `body` for the results that this thread has and that are there.
void AttentionTiles::forResults(function_ref<void(int64_t, int64_t, Value)> body) {
  for (auto [r, row] : llvm::enumerate(rows))
    when(row.isThere, [&, r = r] {
      for (int64_t i = 0; i < columns; ++i) {
        Value at = column(i);
        auto use = [&] { body(r, i, at); };
        columns * lanes == valueDepth ? use() : when(below(at, kernel.index(valueDepth)), use);
      }
    });
}

/// The sums of all threads of a row.
void AttentionTiles::sumRows() {
  for (Row &row : rows)
    for (int64_t distance = lanes / 2; distance > 0; distance /= 2)
      row.sum = add(exchanged(kernel, row.sum, distance), row.sum);
}

void AttentionTiles::finish() {
  sumRows();
  for (Row &row : rows)
    row.sum = inverseOf(row.sum);
  forResults([&](int64_t r, int64_t i, Value column) {
    epilogue.store(mul(rows[r].result[i], rows[r].sum), {{batch}, {head}, {rows[r].number}, {column}});
  });
}

void AttentionTiles::keepPart(Value task) {
  sumRows();
  int64_t pitch = 2 + valueDepth;
  Value start = kernel.multiply(task, kernel.index(tileQueries * pitch));
  auto keep = [&](Value value, int64_t row, Value at) {
    Value place = kernel.multiply(kernel.add(line, row), kernel.index(pitch));
    b.create<memref::StoreOp>(value, partial, kernel.add(kernel.add(start, place), at));
  };
  when(b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, lane, kernel.index(0)), [&] {
    for (auto [r, row] : llvm::enumerate(rows)) {
      keep(row.largest, r, kernel.index(0));
      keep(row.sum, r, kernel.index(1));
    }
  });
  forResults([&](int64_t r, int64_t i, Value column) { keep(rows[r].result[i], r, kernel.add(column, 2)); });
}

/// A thread for each element of a tile of results.
void AttentionTiles::combineParts(Value tile) {
  place(tile);
  int64_t pitch = 2 + valueDepth;
  Value start = kernel.multiply(tile, kernel.index(splits * tileQueries * pitch));
  kernel.forThreads(kernel.index(0), kernel.index(tileQueries * valueDepth), [&](Value at) {
    Value row = quotient(at, kernel.index(valueDepth)), column = remainder(at, kernel.index(valueDepth));
    Value query = kernel.add(firstQuery, row);
    when(below(query, kernel.dim(queries)), [&] {
      Value place = kernel.add(start, kernel.multiply(row, kernel.index(pitch)));
      auto read = [&](int64_t part, Value offset) -> Value {
        Value at = kernel.add(kernel.add(place, part * tileQueries * pitch), offset);
        return b.create<memref::LoadOp>(partial, at);
      };
      Value largest = lowest, sum = number(0), result = sum;
      for (int64_t part = 0; part < splits; ++part)
        largest = larger(read(part, kernel.index(0)), largest);
      for (int64_t part = 0; part < splits; ++part) {
        Value scale = exp(b.create<arith::SubFOp>(read(part, kernel.index(0)), largest));
        sum = add(sum, mul(read(part, kernel.index(1)), scale));
        result = add(result, mul(read(part, kernel.add(column, 2)), scale));
      }
      epilogue.store(mul(result, inverseOf(sum)), {{batch}, {head}, {query}, {column}});
    });
  });
}

} // namespace

LogicalResult emitTiledAttention(KernelFunction &kernel) {
  auto found = Epilogue::findAnchor<AttentionOp>(kernel);
  if (failed(found))
    return failure();
  AttentionOp attention = *found;
  for (Value operand : {attention.getQuery(), attention.getValue()})
    if (!dimOf(operand, 3).constant())
      return kernel.source.emitError("has an attention with an unknown head size");
  AttentionTiles(kernel, attention).emit();
  if (!kernel.fitsShared(0))
    return kernel.source.emitError("has tiles of attention that do not fit the memory of a block");
  return success();
}

} // namespace quern
