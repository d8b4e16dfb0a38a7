// Attention: a task is a block of queries of one head. Its keys are packed once into panels of 16, which pays from a
// few queries on; fewer read them where they lie. Then, for each tile of queries, the scores stay in scratch small
// enough for L1 or L2 between the two products:
//
//   scores = q k^T * scale + bias     register tiles, panels of keys; or along the depth, as many keys as there are
//   lanes p      = exp(scores - max)        row by row, 1 / sum kept aside result = p v / sum                register
//   tiles, v read where it lies
//
// Keys that no query of a tile may see are not touched. A query that sees no key at all gets zeros.
#include "codegen/Schedules.h"
#include "codegen/common/VectorMath.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/Epilogue.h"
#include "passes/loops/RecordTile.h"
#include "passes/loops/RegisterTile.h"
#include "passes/loops/RowTiling.h"
#include "passes/loops/TransposeBlock.h"

using namespace mlir;

namespace quern {
namespace {

constexpr int64_t kPanel = 16;
/// So many queries read the keys in place.
constexpr int64_t kFewQueries = 4;

class AttentionEmitter {
public:
  AttentionEmitter(KernelFunction &kernel, graph::AttentionOp attention);
  void emit();

private:
  /// Where one head of an operand lies: elements before it, and from row to row.
  struct Head {
    Value memory;
    Index offset, rowStride;
  };
  Head headOf(Value operand, Index batch, Index head);
  void emitTask(Value task);
  void packKeys();
  void packValues();
  void emitTile(int64_t rows, Index first, bool inPlace);
  void emitScoresInPlace(Index row, Index keys);
  Value productAlongDepth(Index row, Index firstKey, bool clamps);
  Value loadWide(Value memory, Index at, Value mask);
  void emitScores(int64_t rows, Index first, Index keys);
  void emitScoreGroup(int64_t rows, Index first, Index key, int64_t vectors);
  Value score(Value sum, Index row, Index key);
  void emitSoftmax(int64_t rows, Index keys);
  void emitProduct(int64_t rows, Index first, Index keys);
  void emitProductGroup(int64_t rows, Index first, Index keys, Index column, int64_t vectors);
  Index visibleKeys(Index row);

  Value constant(double value) {
    return builder.create<arith::ConstantOp>(DenseElementsAttr::get(vector, builder.builder.getFloatAttr(real, value)));
  }
  Value larger(Value a, Value b) {
    return builder.create<arith::SelectOp>(builder.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, a, b), a, b);
  }

  KernelFunction &kernel;
  graph::AttentionOp attention;
  IndexBuilder builder;
  Epilogue epilogue;
  FloatType real; ///< of the scores and sums
  VectorType vector;
  int64_t lanes, perPanel;
  Dim batches, heads, queries, keyCount, queryBlocks;
  int64_t depth, valueDepth, headsPerKey;
  TileChoice tile;
  bool ragged;        ///< the last panel of keys may be partly filled
  bool copiesValues;  ///< rows of v do not hold whole vectors
  Value packedKeys, packedValues, scores, inverses;
  Index scoreStride;
  // The current task.
  Head query, key, value;
  Index batch, head;
};

AttentionEmitter::AttentionEmitter(KernelFunction &kernel, graph::AttentionOp attention)
    : kernel(kernel), attention(attention), builder(kernel.builder), epilogue(kernel, attention.getResult()) {
  SmallVector<Dim> q = graph::dimsOf(attention.getQuery()), k = graph::dimsOf(attention.getKey());
  SmallVector<Dim> v = graph::dimsOf(attention.getValue());
  auto element = cast<FloatType>(graph::elementOf(attention.getQuery()));
  real = element.getWidth() < 32 ? FloatType::getF32(element.getContext()) : element;
  lanes = std::min<int64_t>(kPanel, kernel.level.vectorBytes * 8 / real.getWidth());
  perPanel = kPanel / lanes;
  vector = VectorType::get(lanes, real);
  batches = q[0], heads = q[1], queries = q[2], keyCount = k[2];
  depth = *q[3].constant(), valueDepth = *v[3].constant();
  headsPerKey = *q[1].constant() / std::max<int64_t>(*k[1].constant(), 1);
  queryBlocks = queries.ceildiv(kernel.source.getSchedule().parameter("task_queries", 128));
  ragged = !keyCount.constant() || *keyCount.constant() % kPanel;
  copiesValues = valueDepth % kPanel;

  TileDemand demand;
  if (auto rows = queries.constant())
    demand.rows = llvm::divideCeil(*rows, std::max<int64_t>(*queryBlocks.constant(), 1));
  demand.vectors = llvm::divideCeil(valueDepth, kPanel) * perPanel;
  demand.multiple = perPanel;
  demand.farRows = !keyCount.constant();
  tile = chooseTile(kernel.level, demand);
  recordTile(kernel, tile, lanes);

  // One panel more than the keys need: rows of scores do not fall on the same cache sets.
  constexpr int64_t kMostRows = 32;
  Dim panels = keyCount.ceildiv(kPanel), stride = (panels + 1) * kPanel;
  scoreStride = kernel.dim(stride);
  if (!queries.constant() || *queries.constant() > kFewQueries)
    packedKeys = kernel.scratch(graph::elementOf(attention.getKey()), panels * (kPanel * depth));
  scores = kernel.scratch(real, stride * (packedKeys ? kMostRows : 1)); // in place, one query at a time
  inverses = kernel.scratch(real, kMostRows);
  if (copiesValues)
    packedValues = kernel.scratch(graph::elementOf(attention.getValue()),
                                  keyCount * int64_t(llvm::alignTo(valueDepth, kPanel)));
}

void AttentionEmitter::emit() {
  kernel.forTasks(batches * heads * queryBlocks, [&](Value task) { emitTask(task); });
}

AttentionEmitter::Head AttentionEmitter::headOf(Value operand, Index batch, Index head) {
  SmallVector<Value> strides = kernel.strides(graph::dimsOf(operand));
  Index offset = builder.add(builder.mul(batch, strides[0]), builder.mul(head, strides[1]));
  return {kernel.buffer(cast<BlockArgument>(operand)), offset, strides[2]};
}

void AttentionEmitter::emitTask(Value task) {
  Index blocks = kernel.dim(queryBlocks);
  Part rows = part(builder, builder.rem(task, blocks), blocks, kernel.dim(queries));
  Index rest = builder.div(task, blocks);
  head = builder.rem(rest, kernel.dim(heads));
  batch = builder.div(rest, kernel.dim(heads));
  Index keyHead = builder.div(head, builder.index(headsPerKey));
  query = headOf(attention.getQuery(), batch, head);
  key = headOf(attention.getKey(), batch, keyHead);
  value = headOf(attention.getValue(), batch, keyHead);
  if (copiesValues)
    packValues();
  auto inPlace = [&] {
    builder.loop(builder.index(0), rows.count, 1,
                 [&](Index row) { emitTile(1, builder.add(rows.first, row), /*inPlace=*/true); });
  };
  if (!packedKeys)
    return inPlace();
  auto inPanels = [&] {
    packKeys();
    tileRows(builder, rows.count, rows.known, tile.rows,
             [&](int64_t size, Index row) { emitTile(size, builder.add(rows.first, row), /*inPlace=*/false); });
  };
  if (queries.constant())
    return inPanels();
  builder.branch(builder.lessThan(rows.count, builder.index(kFewQueries + 1)), inPlace, inPanels);
}

//===--- Operands ---------------------------------------------------------------------------===//

/// [T, D] -> [ceil(T/16), D, 16]. Keys past the last repeat it: their scores are masked.
void AttentionEmitter::packKeys() {
  Type element = graph::elementOf(attention.getKey());
  auto stored = VectorType::get(lanes, element);
  Index last = builder.sub(kernel.dim(keyCount), 1);
  int64_t whole = depth / lanes * lanes;
  builder.loop(builder.index(0), kernel.dim(keyCount.ceildiv(kPanel)), 1, [&](Index panel) {
    Index to = builder.mul(panel, kPanel * depth), first = builder.mul(panel, kPanel);
    auto rowOf = [&](int64_t i) {
      Index row = builder.add(first, i);
      return builder.add(key.offset, builder.mul(ragged ? builder.min(row, last) : row, key.rowStride));
    };
    builder.loop(builder.index(0), builder.index(whole), lanes, [&](Index d) {
      for (int64_t part = 0; part < perPanel; ++part) {
        SmallVector<Value> rows;
        for (int64_t i = 0; i < lanes; ++i)
          rows.push_back(builder.create<vector::LoadOp>(stored, key.memory,
                                                        builder.value(builder.add(rowOf(part * lanes + i), d))));
        transposeBlock(builder, rows);
        for (int64_t i = 0; i < lanes; ++i) {
          Index at = builder.add(builder.add(to, builder.mul(builder.add(d, i), kPanel)), part * lanes);
          builder.create<vector::StoreOp>(rows[i], packedKeys, builder.value(at));
        }
      }
    });
    builder.loop(builder.index(whole), builder.index(depth), 1, [&](Index d) {
      for (int64_t i = 0; i < kPanel; ++i) {
        Value scalar = builder.create<memref::LoadOp>(key.memory, builder.value(builder.add(rowOf(i), d)));
        Index at = builder.add(builder.add(to, builder.mul(d, kPanel)), i);
        builder.create<memref::StoreOp>(scalar, packedKeys, builder.value(at));
      }
    });
  });
}

/// Rows of v with zeros up to whole panels.
void AttentionEmitter::packValues() {
  int64_t padded = llvm::alignTo(valueDepth, kPanel);
  auto stored = VectorType::get(lanes, graph::elementOf(attention.getValue()));
  Value zero = builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(stored));
  builder.loop(builder.index(0), kernel.dim(keyCount), 1, [&](Index row) {
    Index from = builder.add(value.offset, builder.mul(row, value.rowStride)), to = builder.mul(row, padded);
    for (int64_t column = 0; column < padded; column += lanes) {
      Value mask = builder.create<vector::CreateMaskOp>(VectorType::get(lanes, builder.builder.getI1Type()),
                                                        builder.value(std::max<int64_t>(valueDepth - column, 0)));
      Value loaded = builder.create<vector::MaskedLoadOp>(stored, value.memory,
                                                          builder.value(builder.add(from, column)), mask, zero);
      builder.create<vector::StoreOp>(loaded, packedValues, builder.value(builder.add(to, column)));
    }
  });
  value = {packedValues, builder.index(0), builder.index(padded)};
}

/// How many of the first keys a query may see.
Index AttentionEmitter::visibleKeys(Index row) {
  Index all = kernel.dim(keyCount);
  if (!attention.getCausal())
    return all;
  Index end = builder.add(builder.add(row, 1), builder.sub(all, kernel.dim(queries)));
  return builder.min(builder.max(end, 0), all);
}

//===--- One tile of queries ----------------------------------------------------------------===//

void AttentionEmitter::emitTile(int64_t rows, Index first, bool inPlace) {
  Index keys = visibleKeys(builder.add(first, rows - 1));
  if (inPlace)
    emitScoresInPlace(first, keys);
  else
    emitScores(rows, first, keys);
  emitSoftmax(rows, keys);
  emitProduct(rows, first, keys);
}

/// The scores of one query, up to whole panels of keys.
void AttentionEmitter::emitScoresInPlace(Index row, Index keys) {
  Index whole = builder.sub(keys, builder.rem(keys, lanes));
  auto group = [&](bool clamps) {
    return [&, clamps](Index key) {
      Value result = score(productAlongDepth(row, key, clamps), row, key);
      builder.create<vector::StoreOp>(result, scores, builder.value(key));
    };
  };
  builder.loop(builder.index(0), whole, lanes, group(false));
  builder.loop(whole, builder.mul(builder.ceilDiv(keys, kPanel), kPanel), lanes, group(true));
}

/// q k^T of one query and as many keys as there are lanes: a sum along the depth for each key, then a transpose that
/// puts the lanes of all sums under each other. `clamps`: keys past the last are read as the last, and masked later.
Value AttentionEmitter::productAlongDepth(Index row, Index firstKey, bool clamps) {
  Index last = builder.sub(kernel.dim(keyCount), 1),
        from = builder.add(query.offset, builder.mul(row, query.rowStride));
  SmallVector<Index> keyRows;
  for (int64_t i = 0; i < lanes; ++i) {
    Index number = builder.add(firstKey, i);
    keyRows.push_back(builder.add(key.offset, builder.mul(clamps ? builder.min(number, last) : number, key.rowStride)));
  }
  auto step = [&](Index d, SmallVectorImpl<Value> &sums, Value mask) {
    Value factor = loadWide(query.memory, builder.add(from, d), mask);
    for (int64_t i = 0; i < lanes; ++i)
      sums[i] = builder.create<vector::FMAOp>(loadWide(key.memory, builder.add(keyRows[i], d), mask), factor, sums[i]);
  };
  SmallVector<Value> sums(lanes, constant(0));
  int64_t whole = depth / lanes * lanes;
  builder.carry(builder.index(0), builder.index(whole), lanes, sums,
                [&](Index d, SmallVectorImpl<Value> &carried) { step(d, carried, Value()); });
  if (whole < depth)
    step(builder.index(whole), sums,
         builder.create<vector::CreateMaskOp>(VectorType::get(lanes, builder.builder.getI1Type()),
                                              builder.value(depth - whole)));
  transposeBlock(builder, sums);
  for (int64_t half = lanes / 2; half > 0; half /= 2)
    for (int64_t i = 0; i < half; ++i)
      sums[i] = builder.create<arith::AddFOp>(sums[i], sums[i + half]);
  return sums[0];
}

/// A vector in the type of the sums; zeros where the mask says so.
Value AttentionEmitter::loadWide(Value memory, Index at, Value mask) {
  auto stored = VectorType::get(lanes, getElementTypeOrSelf(memory.getType()));
  Value loaded;
  if (mask)
    loaded =
        builder.create<vector::MaskedLoadOp>(stored, memory, builder.value(at), mask,
                                             builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(stored)));
  else
    loaded = builder.create<vector::LoadOp>(stored, memory, builder.value(at));
  return stored == vector ? loaded : builder.create<arith::ExtFOp>(vector, loaded).getResult();
}

void AttentionEmitter::emitScores(int64_t rows, Index first, Index keys) {
  int64_t group = tile.vectors * lanes;
  Index padded = builder.mul(builder.ceilDiv(keys, kPanel), kPanel);
  Index whole = builder.sub(padded, builder.rem(padded, group));
  builder.loop(builder.index(0), whole, group, [&](Index key) { emitScoreGroup(rows, first, key, tile.vectors); });
  if (group > kPanel)
    builder.loop(whole, padded, kPanel, [&](Index key) { emitScoreGroup(rows, first, key, perPanel); });
}

void AttentionEmitter::emitScoreGroup(int64_t rows, Index first, Index key, int64_t vectors) {
  Index panelStride = builder.index(kPanel * depth);
  RegisterTile registers(builder, kernel.level, {rows, vectors, lanes, real},
                         {query.memory, query.rowStride, packedKeys, kPanel, panelStride});
  Accumulators sums = registers.zero();
  registers.accumulate(sums, {{builder.index(depth), builder.index(1), builder.index(kPanel), tile.unroll}},
                       builder.add(query.offset, builder.mul(first, query.rowStride)), builder.mul(key, depth));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < vectors; ++j) {
      Index column = builder.add(key, j * lanes);
      Value result = score(sums[i * vectors + j], builder.add(first, i), column);
      builder.create<vector::StoreOp>(result, scores, builder.value(builder.add(builder.mul(scoreStride, i), column)));
    }
}

Value AttentionEmitter::score(Value sum, Index row, Index key) {
  Value result = builder.create<arith::MulFOp>(sum, constant(attention.getScale().convertToDouble()));
  Value mask;
  if (ragged || attention.getCausal())
    mask = builder.create<vector::CreateMaskOp>(VectorType::get(lanes, builder.builder.getI1Type()),
                                                builder.value(builder.sub(visibleKeys(row), key)));
  if (Value bias = attention.getBias()) {
    ElementEmitter emitter(kernel, lanes, mask);
    Point point{{builder.value(batch)}, {builder.value(head)}, {builder.value(row)}, {builder.value(key), 1, {}}};
    SmallVector<Dim> dims = graph::dimsOf(bias);
    point.erase(point.begin(), point.begin() + (4 - dims.size()));
    for (auto [axis, dim] : llvm::zip(point, dims))
      if (dim == Dim(1))
        axis = {kernel.index(0), 0, {}};
    Value added = emitter.at(bias, point);
    if (getElementTypeOrSelf(added.getType()) != real)
      added = builder.create<arith::ExtFOp>(vector, added);
    result = builder.create<arith::AddFOp>(result, added);
  }
  if (mask)
    result = builder.create<arith::SelectOp>(mask, result, constant(-std::numeric_limits<double>::infinity()));
  return result;
}

void AttentionEmitter::emitSoftmax(int64_t rows, Index keys) {
  Index padded = builder.mul(builder.ceilDiv(keys, kPanel), kPanel);
  builder.loop(builder.index(0), builder.index(rows), 1, [&](Index row) {
    Index start = builder.mul(row, scoreStride);
    auto load = [&](Index k) {
      return builder.create<vector::LoadOp>(vector, scores, builder.value(builder.add(start, k))).getResult();
    };
    // Lower than any score: -inf - -inf would be a NaN where a query sees nothing.
    double lowest = -llvm::APFloat::getLargest(real.getFloatSemantics()).convertToDouble();
    SmallVector<Value> most(perPanel, constant(lowest));
    builder.carry(builder.index(0), padded, kPanel, most, [&](Index k, SmallVectorImpl<Value> &carried) {
      for (auto [part, value] : llvm::enumerate(carried))
        value = larger(load(builder.add(k, part * lanes)), value);
    });
    for (Value value : ArrayRef(most).drop_front())
      most[0] = larger(value, most[0]);
    Value scalar = builder.create<vector::ReductionOp>(vector::CombiningKind::MAXNUMF, most[0]);
    Value maximum = builder.create<vector::BroadcastOp>(vector, scalar);
    SmallVector<Value> total{constant(0)};
    builder.carry(builder.index(0), padded, lanes, total, [&](Index k, SmallVectorImpl<Value> &carried) {
      Value shifted = builder.create<arith::SubFOp>(load(k), maximum);
      Value power = emitMath(builder.builder, builder.builder.getLoc(), MathFunction::ExpNegative, shifted);
      builder.create<vector::StoreOp>(power, scores, builder.value(builder.add(start, k)));
      carried[0] = builder.create<arith::AddFOp>(carried[0], power);
    });
    Value sum = builder.create<vector::ReductionOp>(vector::CombiningKind::ADD, total[0]);
    Value one = builder.create<arith::ConstantOp>(builder.builder.getFloatAttr(real, 1));
    Value zero = builder.create<arith::ConstantOp>(builder.builder.getFloatAttr(real, 0));
    Value none = builder.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, sum, zero);
    Value inverse = builder.create<arith::SelectOp>(none, zero, builder.create<arith::DivFOp>(one, sum));
    builder.create<memref::StoreOp>(inverse, inverses, builder.value(row));
  });
}

void AttentionEmitter::emitProduct(int64_t rows, Index first, Index keys) {
  int64_t group = tile.vectors * lanes, padded = llvm::alignTo(valueDepth, kPanel), whole = padded - padded % group;
  builder.loop(builder.index(0), builder.index(whole), group,
               [&](Index column) { emitProductGroup(rows, first, keys, column, tile.vectors); });
  if (padded > whole)
    emitProductGroup(rows, first, keys, builder.index(whole), (padded - whole) / lanes);
}

void AttentionEmitter::emitProductGroup(int64_t rows, Index first, Index keys, Index column, int64_t vectors) {
  RegisterTile registers(builder, kernel.level, {rows, vectors, lanes, real},
                         {scores, scoreStride, value.memory, vectors * lanes, builder.index(0)});
  Accumulators sums = registers.zero();
  registers.accumulate(sums, {{keys, builder.index(1), value.rowStride, tile.unroll}}, builder.index(0),
                       builder.add(value.offset, column));
  for (int64_t i = 0; i < rows; ++i) {
    Value scalar = builder.create<memref::LoadOp>(inverses, kernel.index(i));
    Value inverse = builder.create<vector::BroadcastOp>(vector, scalar);
    for (int64_t j = 0; j < vectors; ++j) {
      Index at = builder.add(column, j * lanes);
      Value mask;
      if (copiesValues)
        mask = builder.create<vector::CreateMaskOp>(VectorType::get(lanes, builder.builder.getI1Type()),
                                                    builder.value(builder.sub(builder.index(valueDepth), at)));
      Point point{{builder.value(batch)},
                  {builder.value(head)},
                  {builder.value(builder.add(first, i))},
                  {builder.value(at), 1, {}}};
      epilogue.store(builder.create<arith::MulFOp>(sums[i * vectors + j], inverse), point, mask);
    }
  }
}

} // namespace

LogicalResult emitAttention(KernelFunction &kernel) {
  auto found = Epilogue::findAnchor<graph::AttentionOp>(kernel);
  if (failed(found))
    return failure();
  graph::AttentionOp anchor = *found;
  for (Value operand : {anchor.getQuery(), anchor.getKey(), anchor.getValue()})
    if (!isa<BlockArgument>(operand))
      return kernel.source.emitError("has an attention whose query, key or value is computed in the kernel");
  for (Value operand : {anchor.getQuery(), anchor.getKey(), anchor.getValue()})
    if (!graph::dimOf(operand, 1).constant() || !graph::dimOf(operand, 3).constant())
      return kernel.source.emitError("has an attention with an unknown number of heads or head size");
  AttentionEmitter(kernel, anchor).emit();
  return success();
}

} // namespace quern
