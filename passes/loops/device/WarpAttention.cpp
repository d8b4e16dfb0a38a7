// Attention by the matrix units, of float16 and bfloat16: each warp has 16 queries of the block's or 32, and walks the
// keys with the block. The scores of a tile are matrices of sums, spread over the threads just as the matrix unit wants
// a left side: rounded to the element type their powers multiply the values from where they are.
//
//   s = q k^T                            summed in float32; keys that a query does not see are -inf
//   m', p = max(m, row max of s), 2^(unit * (s - m'))
//   l, o = l 2^(unit * (m - m')) + row sum of p, o 2^(unit * (m - m')) + p v
//   result = o / l                       0 where a query sees no key
//
// `unit` is log2 e times the scale, which so costs nothing, and m is kept in units: unit * s - m' is one instruction.
// With a bias, or a scale that turns scores around, s is scaled before, `unit` is log2 e, and the difference comes
// first: that of two biases of the lowest number, which mask keys, is 0, and their units are not finite.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "passes/loops/device/AttentionTasks.h"
#include "passes/loops/device/SharedTile.h"
#include "passes/loops/device/Stages.h"
#include "passes/loops/device/Team.h"
#include "passes/loops/device/WarpInstructions.h"
#include "passes/loops/device/WarpSums.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

constexpr int64_t kDepth = kMatrixDepthBytes / 2; ///< of a product of the matrix unit, in elements

/// Elements of a line as a tile has them: whole matrices, in chunks that can be swizzled.
int64_t padded(int64_t elements) {
  constexpr int64_t kLeast = 16, kWhole = 64;
  return elements > kWhole ? llvm::alignTo(elements, kWhole) : std::max<int64_t>(llvm::PowerOf2Ceil(elements), kLeast);
}

class WarpAttention {
public:
  WarpAttention(KernelFunction &kernel, AttentionTasks &tasks)
      : WarpAttention(kernel, tasks, kernel.source.getSchedule().parameter("warp_queries", 16)) {}
  void emit() {
    tasks.emit([&] { emitPart(); });
  }

private:
  /// Of one query of this thread's. Three others have the row too, each with other keys and columns.
  struct Row {
    Value place, number; ///< in the tile; among the queries of the head
    Value visible;       ///< the end of the keys that it may see
    Value largest, sum;  ///< of all scores so far, in units if they are not scaled; of the powers of this thread's keys
  };

  WarpAttention(KernelFunction &kernel, AttentionTasks &tasks, int64_t warpQueries);
  TileProblem::Side sideOf(Value tensor, const Dim &lines, bool alongDepth, Point (AttentionTasks::*at)(Value, Value));
  void emitPart();
  void addTile(Value stage, Value first, SmallVector<Value> &carried);
  SmallVector<Value> products(Value stage);
  void scale(MutableArrayRef<Value> scores, Value first);
  void hideUnseen(MutableArrayRef<Value> scores, Value first);
  void replaceByPowers(MutableArrayRef<Value> scores);
  void addValues(Value stage, ArrayRef<Value> powers);
  void accumulate(SmallVectorImpl<Value> &sums, int64_t matrix, ArrayRef<Value> lhs, ArrayRef<Value> rhs);
  void finish();
  SmallVector<Value> pack() const;
  void unpack(ArrayRef<Value> carried);

  Value add(Value x, Value y) { return b.create<arith::AddFOp>(x, y); }
  Value mul(Value x, Value y) { return b.create<arith::MulFOp>(x, y); }
  /// A NaN counts as no maximum; it spreads through the sum.
  Value inUnits(Value difference) { return isScaled ? mul(difference, tasks.number(unit)) : difference; }
  Value larger(Value x, Value y) { return b.create<arith::MaxNumFOp>(x, y); }
  /// Of the four threads that have a row.
  Value amongFour(Value value, Value (WarpAttention::*combine)(Value, Value)) {
    for (int32_t distance : {1, 2})
      value = (this->*combine)(exchanged(kernel, value, distance), value);
    return value;
  }
  Value quotient(Value a, int64_t by) { return b.create<arith::DivUIOp>(a, kernel.index(by)); }
  Value remainder(Value a, int64_t by) { return b.create<arith::RemUIOp>(a, kernel.index(by)); }
  Value lane() { return remainder(kernel.thread(), kernel.device->warp); }
  Value warpRow() { return kernel.multiply(quotient(kernel.thread(), kernel.device->warp), kernel.index(warpQueries)); }
  Value valuesOf(Value stage) {
    Value distance = b.create<arith::IndexCastOp>(b.getI64Type(), kernel.index(keyTile.bytes()));
    return b.create<LLVM::GEPOp>(stage.getType(), b.getI8Type(), stage, ArrayRef<LLVM::GEPArg>{distance});
  }

  /// Sum `e` of a thread's in matrix j of the i-th row of matrices is of this row, and of this column.
  static int64_t rowOf(int64_t i, int64_t e) { return i * 2 + e / 2; }
  Value columnOf(int64_t j, int64_t e) {
    return kernel.add(kernel.multiply(remainder(lane(), 4), kernel.index(2)), j * kMatrixColumns + e % 2);
  }
  /// Runs `body(row, matrix, e, value)` for all sums of matrices, `across` in a row.
  void forSums(MutableArrayRef<Value> sums, int64_t across, function_ref<void(Row &, int64_t, int64_t, Value &)> body) {
    for (auto [n, sum] : llvm::enumerate(sums)) {
      int64_t e = n % kMatrixSums, matrix = n / kMatrixSums;
      body(rows[rowOf(matrix / across, e)], matrix % across, e, sum);
    }
  }

  KernelFunction &kernel;
  AttentionTasks &tasks;
  ImplicitLocOpBuilder &b;
  Type multiplicand;
  int64_t warpQueries, tileKeys, depth, valueDepth;
  bool isScaled;
  double unit; ///< of scores, in powers of 2
  TileProblem scoreProblem, valueProblem;
  SharedTile queryTile, keyTile, valueTile;
  WarpSums warpSums;
  Value queryMemory;
  Stages stages;
  // The current task.
  SmallVector<Row> rows;
  SmallVector<Value> results;
};

static TileProblem problemOf(TileProblem::Side lhs, TileProblem::Side rhs, const Dim &depth, Type multiplicand,
                             Type sum) {
  return {std::move(lhs), std::move(rhs), /*batches=*/1, depth, multiplicand, sum, /*store=*/{}};
}

TileProblem::Side WarpAttention::sideOf(Value tensor, const Dim &lines, bool alongDepth,
                                        Point (AttentionTasks::*at)(Value, Value)) {
  return tensorSide(kernel, tensor, lines, alongDepth, multiplicand, [=, this](Value /*batch*/, Value line, Value k) {
    return alongDepth ? (tasks.*at)(line, k) : (tasks.*at)(k, line);
  });
}

WarpAttention::WarpAttention(KernelFunction &kernel, AttentionTasks &tasks, int64_t warpQueries)
    : kernel(kernel), tasks(tasks), b(kernel.builder), multiplicand(elementOf(tasks.attention.getQuery())),
      warpQueries(warpQueries), tileKeys(tasks.tileKeys), depth(padded(tasks.depth)),
      valueDepth(padded(tasks.valueDepth)),
      scoreProblem(problemOf(sideOf(tasks.attention.getQuery(), tasks.queries, true, &AttentionTasks::queryAt),
                             sideOf(tasks.attention.getKey(), tasks.keys, true, &AttentionTasks::keyAt), tasks.depth,
                             multiplicand, tasks.real)),
      valueProblem(problemOf({}, sideOf(tasks.attention.getValue(), tasks.valueDepth, false, &AttentionTasks::keyAt),
                             tasks.keys, multiplicand, tasks.real)),
      queryTile(kernel, scoreProblem, scoreProblem.lhs, tasks.tileQueries, depth),
      keyTile(kernel, scoreProblem, scoreProblem.rhs, tileKeys, depth),
      valueTile(kernel, valueProblem, valueProblem.rhs, valueDepth, tileKeys),
      warpSums(kernel, warpQueries, valueDepth), queryMemory(kernel.sharedTile(b.getI8Type(), queryTile.bytes())),
      stages(kernel, keyTile.bytes() + valueTile.bytes(), /*copies=*/true,
             tasks.tileQueries / warpQueries * warpSums.bytes()) {
  kernel.threads = tasks.tileQueries / warpQueries * kernel.device->warp;
  double scale = tasks.attention.getScale().convertToDouble();
  isScaled = tasks.attention.getBias() || scale <= 0;
  unit = isScaled ? llvm::numbers::log2e : llvm::numbers::log2e * scale;
}

void WarpAttention::emitPart() {
  Value firstRow = kernel.add(warpRow(), quotient(lane(), 4));
  rows.assign(warpQueries / kLoadedRows, Row());
  for (auto [i, row] : llvm::enumerate(rows)) {
    row.place = kernel.add(firstRow, i * kLoadedRows);
    row.number = kernel.add(tasks.firstQuery, row.place);
    row.visible = tasks.visible(row.number);
    row.largest = tasks.lowest;
    row.sum = tasks.number(0);
  }
  results.assign(warpQueries / kMatrixRows * (valueDepth / kMatrixColumns) * kMatrixSums, tasks.number(0));
  Value none = kernel.index(0);
  queryTile.fill(queryMemory, none, tasks.firstQuery, none);
  endCopies(b); // awaited with the first keys
  auto fill = [&](Value stage, Value first) {
    keyTile.fill(stage, none, first, none);
    valueTile.fill(valuesOf(stage), none, none, first);
  };
  TilePlace walk{none, none, none, tasks.firstKey, tasks.endKey};
  unpack(stages.forSteps(walk, tileKeys, pack(), fill, [&](Value stage, Value first, SmallVector<Value> &carried) {
    addTile(stage, first, carried);
  }));
  finish();
  kernel.barrier(); // the next task fills this memory
}

//===--- A tile of keys ---------------------------------------------------------------------===//

SmallVector<Value> WarpAttention::pack() const {
  SmallVector<Value> values(results);
  for (const Row &row : rows)
    values.append({row.largest, row.sum});
  return values;
}

void WarpAttention::unpack(ArrayRef<Value> carried) {
  results.assign(carried.begin(), carried.begin() + results.size());
  carried = carried.drop_front(results.size());
  for (auto [i, row] : llvm::enumerate(rows)) {
    row.largest = carried[2 * i];
    row.sum = carried[2 * i + 1];
  }
}

void WarpAttention::addTile(Value stage, Value first, SmallVector<Value> &carried) {
  unpack(carried);
  SmallVector<Value> scores = products(stage);
  if (isScaled)
    scale(scores, first);
  if (!tasks.seesWholeTiles())
    hideUnseen(scores, first);
  replaceByPowers(scores);
  addValues(valuesOf(stage), scores);
  carried = pack();
}

/// q k^T.
SmallVector<Value> WarpAttention::products(Value stage) {
  int64_t steps = depth / kDepth, across = tileKeys / kMatrixColumns;
  SmallVector<Value> sums(warpQueries / kMatrixRows * across * kMatrixSums, tasks.number(0));
  for (int64_t step = 0; step < steps; ++step) {
    SmallVector<SmallVector<Value>> queries;
    for (int64_t i = 0; i < warpQueries / kMatrixRows; ++i)
      queries.push_back(queryTile.load(queryMemory, warpRow(), i, step));
    for (int64_t j = 0; j < across; j += 2) {
      SmallVector<Value> keys = keyTile.load(stage, kernel.index(0), j / 2, step);
      for (auto [i, words] : llvm::enumerate(queries))
        for (int64_t half = 0; half < 2; ++half)
          accumulate(sums, i * across + j + half, words, ArrayRef(keys).slice(half * 2, 2));
    }
  }
  return sums;
}

void WarpAttention::accumulate(SmallVectorImpl<Value> &sums, int64_t matrix, ArrayRef<Value> lhs, ArrayRef<Value> rhs) {
  Value *place = &sums[matrix * kMatrixSums];
  llvm::copy(multiplyMatrices(b, multiplicand, lhs, rhs, ArrayRef<Value>(place, kMatrixSums)), place);
}

/// Rows and keys that are not there take the bias of the last ones: nobody sees what comes of them.
void WarpAttention::scale(MutableArrayRef<Value> scores, Value first) {
  Value factor = tasks.number(tasks.attention.getScale().convertToDouble()), bias = tasks.attention.getBias();
  int64_t width = isa_and_nonnull<BlockArgument>(bias) && tasks.keys.mod(2).isEqualTo(0) ? 2 : 1;
  auto within = [&](Value at, const Dim &extent, int64_t tile, int64_t width) {
    bool isWhole = extent.mod(tile).isEqualTo(0);
    return isWhole ? at : b.create<arith::MinSIOp>(at, kernel.dim(extent - width)).getResult();
  };
  SmallVector<Value> biases; // of neighbours, where they are one access
  forSums(scores, tileKeys / kMatrixColumns, [&](Row &row, int64_t matrix, int64_t e, Value &score) {
    if (!bias) {
      score = mul(score, factor);
      return;
    }
    if (e % width == 0)
      biases = tasks.biasesAt(within(row.number, tasks.queries, tasks.tileQueries, 1),
                              within(kernel.add(first, columnOf(matrix, e)), tasks.keys, tileKeys, width), width);
    score = b.create<math::FmaOp>(score, factor, biases[e % width]);
  });
}

/// Only the last tiles have such keys.
void WarpAttention::hideUnseen(MutableArrayRef<Value> scores, Value first) {
  Value areSeen =
      b.create<arith::CmpIOp>(arith::CmpIPredicate::sle, kernel.add(first, tileKeys), tasks.visible(tasks.firstQuery));
  auto choice = b.create<scf::IfOp>(TypeRange(ValueRange(scores)), areSeen, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  b.create<scf::YieldOp>(scores);
  b.setInsertionPointToStart(choice.elseBlock());
  Value hidden = tasks.number(-std::numeric_limits<double>::infinity());
  forSums(scores, tileKeys / kMatrixColumns, [&](Row &row, int64_t matrix, int64_t e, Value &score) {
    Value isSeen = tasks.below(kernel.add(first, columnOf(matrix, e)), row.visible);
    score = b.create<arith::SelectOp>(isSeen, score, hidden);
  });
  b.create<scf::YieldOp>(scores);
  llvm::copy(choice.getResults(), scores.begin());
}

/// What was found so far is scaled to the new maximum.
void WarpAttention::replaceByPowers(MutableArrayRef<Value> scores) {
  int64_t across = tileKeys / kMatrixColumns;
  SmallVector<Value> largest(rows.size(), tasks.lowest), factors;
  auto numberOf = [&](const Row &row) { return &row - rows.data(); };
  forSums(scores, across, [&](Row &row, int64_t, int64_t, Value &score) {
    Value &sofar = largest[numberOf(row)];
    sofar = larger(score, sofar);
  });
  for (Row &row : rows) {
    Value inTile = amongFour(largest[numberOf(row)], &WarpAttention::larger), before = row.largest;
    row.largest = larger(isScaled ? inTile : mul(inTile, tasks.number(unit)), before);
    factors.push_back(powerOfTwo(b, inUnits(b.create<arith::SubFOp>(before, row.largest))));
    row.sum = mul(row.sum, factors.back());
  }
  forSums(results, valueDepth / kMatrixColumns,
          [&](Row &row, int64_t, int64_t, Value &result) { result = mul(result, factors[numberOf(row)]); });
  forSums(scores, across, [&](Row &row, int64_t, int64_t, Value &score) {
    Value below = b.create<arith::NegFOp>(row.largest);
    score = powerOfTwo(b, isScaled ? inUnits(add(score, below))
                                   : b.create<math::FmaOp>(score, tasks.number(unit), below).getResult());
    row.sum = add(row.sum, score);
  });
}

/// o += p v. Two matrices of scores side by side are a left side.
void WarpAttention::addValues(Value stage, ArrayRef<Value> powers) {
  int64_t across = valueDepth / kMatrixColumns, matrices = tileKeys / kMatrixColumns;
  for (int64_t step = 0; step < tileKeys / kDepth; ++step) {
    SmallVector<SmallVector<Value>> lhs(warpQueries / kMatrixRows);
    for (auto [i, words] : llvm::enumerate(lhs))
      for (int64_t half = 0; half < 2; ++half)
        for (int64_t e = 0; e < kMatrixSums; e += 2) {
          ArrayRef<Value> pair = powers.slice((i * matrices + 2 * step + half) * kMatrixSums + e, 2);
          words.push_back(packMultiplicands(b, multiplicand, pair[0], pair[1]));
        }
    for (int64_t j = 0; j < across; j += 2) {
      SmallVector<Value> values = valueTile.load(stage, kernel.index(0), j / 2, step);
      for (auto [i, words] : llvm::enumerate(lhs))
        for (int64_t half = 0; half < 2; ++half)
          accumulate(results, i * across + j + half, words, ArrayRef(values).slice(half * 2, 2));
    }
  }
}

//===--- Results ----------------------------------------------------------------------------===//

void WarpAttention::finish() {
  Value isFirst = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, remainder(lane(), 4), kernel.index(0));
  for (Row &row : rows) {
    row.sum = amongFour(row.sum, &WarpAttention::add);
    tasks.when(isFirst, [&] {
      Value largest = isScaled ? row.largest : mul(row.largest, tasks.number(llvm::numbers::ln2));
      tasks.finishRow(row.place, largest, row.sum);
    });
    row.sum = tasks.factorOf(row.sum);
  }
  forSums(results, valueDepth / kMatrixColumns,
          [&](Row &row, int64_t, int64_t, Value &result) { result = mul(result, row.sum); });
  Value firstRow = warpRow();
  warpSums.store(stages.memory, results, [&](Value i, Value column, Value result) {
    Value row = kernel.add(firstRow, i);
    tasks.when(tasks.below(kernel.add(tasks.firstQuery, row), kernel.dim(tasks.queries)), [&] {
      auto use = [&] { tasks.finish(row, column, result); };
      valueDepth == tasks.valueDepth ? use() : tasks.when(tasks.below(column, kernel.index(tasks.valueDepth)), use);
    });
  });
}

} // namespace

void emitWarpAttention(KernelFunction &kernel, AttentionTasks &tasks) {
  WarpAttention(kernel, tasks).emit();
}

} // namespace quern
