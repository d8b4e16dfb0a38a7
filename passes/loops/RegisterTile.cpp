#include "passes/loops/RegisterTile.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace quern {

RegisterTile::RegisterTile(IndexBuilder builder, const Level &level, TileShape shape, TileOperands operands)
    : builder(builder), level(level), shape(shape), operands(operands),
      type(VectorType::get(shape.lanes, shape.element)) {
  for (int64_t row = 0; row < shape.rows; ++row)
    rowOffsets.push_back(builder.mul(operands.rowStride, row));
  if (shape.dot)
    dot.emplace(builder, *shape.dot, shape.lanes);
}

Accumulators RegisterTile::zero() const {
  Value zero = builder.create<arith::ConstantOp>(builder.builder.getZeroAttr(type));
  return Accumulators(shape.rows * shape.vectors, zero);
}

/// `value` in the accumulators' element type.
static Value widen(IndexBuilder builder, Value value, Type element) {
  Type from = getElementTypeOrSelf(value);
  if (from == element)
    return value;
  Type to = element;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    to = vector.clone(element);
  if (isa<FloatType>(element))
    return builder.create<arith::ExtFOp>(to, value);
  return builder.create<arith::ExtSIOp>(to, value);
}

Value RegisterTile::loadVector(Index offset) const {
  auto stored = VectorType::get(shape.lanes, getElementTypeOrSelf(operands.b.getType()));
  return widen(builder, builder.create<vector::LoadOp>(stored, operands.b, builder.value(offset)), shape.element);
}

/// Of `steps` steps of so many rows of A, where their vectors do not all fit the registers: LLVM loads neighbours
/// together, where it knows them.
SmallVector<Index> RegisterTile::vectorsAt(Index offsetA, int64_t steps, int64_t rows) const {
  SmallVector<Index> vectors;
  int64_t count = steps / shape.lanes;
  if (level.multipliesLanes && !dot && (rows + 1) * shape.vectors + count * rows > level.vectorRegisters)
    for (int64_t i = 0; i < count; ++i)
      vectors.push_back(builder.opaque(builder.value(builder.add(offsetA, i * shape.lanes))));
  return vectors;
}

SmallVector<Index> RegisterTile::panelsAt(Index offsetB) const {
  SmallVector<Index> panels;
  for (int64_t column = 0; level.multipliesLanes && column < shape.vectors * shape.lanes;
       column += operands.panelWidth) {
    Index panel = builder.add(offsetB, builder.mul(operands.panelStride, column / operands.panelWidth));
    panels.push_back(builder.opaque(builder.value(panel)));
  }
  return panels;
}

/// A row's memory and the offset there of its scalar of this step.
std::pair<Value, Index> RegisterTile::rowAt(const Step &step, int64_t row) const {
  if (Value own = step.run.ownMemory.empty() ? Value() : step.run.ownMemory[row])
    return {own, step.alongA};
  return {operands.a, builder.add(step.offsetA, rowOffsets[row])};
}

/// Where B has this column of the step.
Index RegisterTile::columnAt(const Step &step, int64_t column) const {
  int64_t panel = column / operands.panelWidth;
  if (!step.run.panels.empty())
    return builder.add(step.run.panels[panel], step.alongB);
  return builder.add(step.offsetB, builder.mul(operands.panelStride, panel));
}

/// The row's scalar of this step in every lane. The rows of the tile begin at `first`.
Value RegisterTile::scalarOf(const Step &step, int64_t row, int64_t first) const {
  Value scalar;
  if (step.rows.empty()) {
    auto [memory, offset] = rowAt(step, row);
    scalar = builder.create<memref::LoadOp>(memory, builder.value(offset));
  } else {
    scalar = builder.create<vector::ExtractOp>(step.rows[row - first], step.lane);
  }
  return builder.create<vector::BroadcastOp>(type, widen(builder, scalar, shape.element));
}

Value RegisterTile::sum(Value a, Value b) const {
  if (isa<FloatType>(shape.element))
    return builder.create<arith::AddFOp>(a, b);
  return builder.create<arith::AddIOp>(a, b);
}

void RegisterTile::add(MutableArrayRef<Value> sums, const Step &step, int64_t first, int64_t end) const {
  if (dot)
    return addDots(sums, step, first, end);
  SmallVector<Value> columns;
  for (int64_t j = 0; j < shape.vectors; ++j) {
    int64_t column = j * shape.lanes;
    columns.push_back(loadVector(builder.add(columnAt(step, column), column % operands.panelWidth)));
  }
  for (int64_t i = first; i < end; ++i) {
    Value scalar = scalarOf(step, i, first);
    for (int64_t j = 0; j < shape.vectors; ++j) {
      Value &sum = sums[(i - first) * shape.vectors + j];
      if (isa<FloatType>(shape.element))
        sum = builder.create<vector::FMAOp>(scalar, columns[j], sum);
      else
        sum = builder.create<arith::AddIOp>(builder.create<arith::MulIOp>(scalar, columns[j]), sum);
    }
  }
}

void RegisterTile::addDots(MutableArrayRef<Value> sums, const Step &step, int64_t first, int64_t end) const {
  assert(step.run.ownMemory.empty() && first % dot->rowsOfVector() == 0 && end % dot->rowsOfVector() == 0);
  SmallVector<Value> rows;
  for (int64_t i = first; i < end; i += dot->rowsOfVector())
    rows.push_back(dot->load(operands.a, rowAt(step, i).second));
  int64_t count = shape.vectors * shape.lanes / dot->getColumns();
  for (int64_t j = 0; j < count; ++j) {
    int64_t column = j * dot->getColumns();
    Value columns =
        dot->load(operands.b, builder.add(columnAt(step, column), column % operands.panelWidth * shape.dot->depth));
    for (int64_t i = 0; i < end - first; i += dot->getRows()) {
      Value &sum = sums[i / dot->getRows() * count + j];
      sum = dot->add(sum, rows[i / dot->rowsOfVector()], i % dot->rowsOfVector(), columns);
    }
  }
}

/// Adds the steps [from, from + count).
void RegisterTile::addSteps(MutableArrayRef<Value> sums, const Run &run, Index from, int64_t count, int64_t first,
                            int64_t end) const {
  size_t each = (end - first) * shape.vectors;
  bool byLane = level.multipliesLanes && !dot && constant(run.loop.stepA) == 1 && count % shape.lanes == 0;
  SmallVector<Value> rows;
  for (int64_t u = 0; u < count; ++u) {
    Index number = builder.add(from, u);
    Index alongA = builder.mul(run.loop.stepA, number), offsetA = builder.add(run.offsetA, alongA);
    Index alongB = builder.mul(run.loop.stepB, number), offsetB = builder.add(run.offsetB, alongB);
    Step step{run, offsetA, offsetB, alongA, alongB, u % shape.lanes, {}};
    if (byLane && step.lane == 0) {
      if (!run.vectorsA.empty())
        step.offsetA = builder.add(run.vectorsA[u / shape.lanes], from);
      rows.clear();
      for (int64_t row = first; row < end; ++row) {
        auto [memory, offset] = rowAt(step, row);
        auto stored = VectorType::get(shape.lanes, getElementTypeOrSelf(memory.getType()));
        rows.push_back(builder.create<vector::LoadOp>(stored, memory, builder.value(offset)));
      }
    }
    step.rows = rows;
    add(sums.slice(u % shape.chains * each, each), step, first, end);
  }
}

/// Steps per iteration of the innermost loop. Where only two iterations are left LLVM neither unrolls them nor advances
/// the addresses: it computes them anew from a flag.
static int64_t stepsOfIteration(const ReductionLoop &loop, int64_t lanes) {
  constexpr int64_t kLeastIterations = 4;
  int64_t steps = loop.unroll;
  if (auto extent = constant(loop.extent))
    while (steps > lanes && steps * kLeastIterations > *extent)
      steps /= 2;
  return steps;
}

/// Steps of the outermost loop that make a part of a long sum; 0 where the sum is short, or its length is not known.
static int64_t stepsOfPart(ArrayRef<ReductionLoop> nest) {
  // Other libraries add their products to memory after 100 to 300 of them.
  constexpr int64_t kSummed = 256;
  // Of a window that is clipped by the image's edge.
  constexpr int64_t kUnknown = 3;
  const ReductionLoop &outer = nest.front();
  int64_t extent = constant(outer.extent).value_or(0), inside = 1;
  for (const ReductionLoop &loop : nest.drop_front())
    inside *= std::max<int64_t>(constant(loop.extent).value_or(kUnknown), 1);
  if (extent <= 1 || extent * inside <= 2 * kSummed)
    return 0;
  int64_t unit = nest.size() == 1 ? outer.unroll : 1, most = std::max(kSummed / inside / unit, int64_t(1)) * unit;
  for (int64_t steps = most; steps > most / 2; steps -= unit)
    if (extent % steps == 0)
      return steps;
  return most;
}

void RegisterTile::accumulateParts(Accumulators &sums, ArrayRef<ReductionLoop> nest, Index offsetA, Index offsetB,
                                   int64_t first, int64_t end, std::optional<RowMemory> rowMemory,
                                   int64_t steps) const {
  SmallVector<ReductionLoop> part(nest);
  auto addPart = [&](Index from, int64_t count, SmallVectorImpl<Value> &totals) {
    part.front().extent = builder.index(count);
    auto memoryOfPart = [&](Index offset, ArrayRef<Index> indices) {
      SmallVector<Index> whole(indices);
      if (!whole.empty())
        whole.front() = builder.add(whole.front(), from);
      return (*rowMemory)(offset, whole);
    };
    Accumulators products = zero();
    accumulate(products, part, builder.add(offsetA, builder.mul(nest.front().stepA, from)),
               builder.add(offsetB, builder.mul(nest.front().stepB, from)), first, end,
               rowMemory ? std::optional<RowMemory>(memoryOfPart) : std::nullopt);
    for (int64_t i = first * shape.vectors; i < end * shape.vectors; ++i)
      totals[i] = sum(totals[i], products[i]);
  };
  int64_t extent = *constant(nest.front().extent), whole = extent / steps * steps;
  builder.carry(builder.index(0), builder.index(whole), steps, sums,
                [&](Index from, SmallVectorImpl<Value> &totals) { addPart(from, steps, totals); });
  if (whole < extent)
    addPart(builder.index(whole), extent - whole, sums);
}

void RegisterTile::accumulate(Accumulators &sums, ArrayRef<ReductionLoop> nest, Index offsetA, Index offsetB,
                              int64_t first, int64_t end, std::optional<RowMemory> rowMemory) const {
  if (int64_t steps = stepsOfPart(nest); steps && isa<FloatType>(shape.element))
    return accumulateParts(sums, nest, offsetA, offsetB, first, end, rowMemory, steps);
  auto begin = sums.begin() + first * shape.vectors, stop = sums.begin() + end * shape.vectors;
  SmallVector<Value> active(begin, stop);
  size_t each = active.size();
  // Blocks of several rows become vectors of the rows at the end.
  bool inBlocks = dot && dot->getRows() > 1;
  if (inBlocks)
    active.assign(each, zero().front());
  active.resize(each * shape.chains, shape.chains > 1 ? zero().front() : Value());
  SmallVector<Index> indices;
  auto descend = [&](auto &&self, size_t depth, Index a, Index b, SmallVectorImpl<Value> &inside) -> void {
    const ReductionLoop &loop = nest[depth];
    std::optional<Run> run;
    auto body = [&](int64_t unroll) {
      return [&, unroll](Index i, SmallVectorImpl<Value> &values) {
        if (run)
          return addSteps(values, *run, i, unroll, first, end);
        indices.push_back(i);
        self(self, depth + 1, builder.add(a, builder.mul(loop.stepA, i)), builder.add(b, builder.mul(loop.stepB, i)),
             values);
        indices.pop_back();
      };
    };
    bool innermost = depth + 1 == nest.size();
    int64_t unroll = innermost ? stepsOfIteration(loop, shape.lanes) : 1;
    if (innermost)
      run.emplace(Run{loop, a, b, vectorsAt(a, unroll, end - first), panelsAt(b),
                      rowMemory ? (*rowMemory)(a, indices) : SmallVector<Value>()});
    if (unroll == 1)
      return builder.carry(builder.index(0), loop.extent, 1, inside, body(1));
    Index whole = builder.sub(loop.extent, builder.rem(loop.extent, unroll));
    builder.carry(builder.index(0), whole, unroll, inside, body(unroll));
    builder.carry(whole, loop.extent, 1, inside, body(1));
  };
  descend(descend, 0, offsetA, offsetB, active);
  for (size_t half = active.size() / 2; half >= each; half /= 2)
    for (size_t i = 0; i < half; ++i)
      active[i] = sum(active[i], active[i + half]);
  if (!inBlocks)
    return void(std::copy_n(active.begin(), each, begin));
  active.truncate(each);
  for (auto [i, row] : llvm::enumerate(dot->rowsOf(active, shape.vectors)))
    begin[i] = sum(begin[i], row);
}

} // namespace quern
