#include "passes/loops/Elimination.h"
#include "passes/loops/ReduceAlong.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace quern {

/// Blocks of columns that an update has at most: rows of so many elements stay in a near cache.
static constexpr int64_t kMostBlocks = 16;

Elimination::Elimination(KernelFunction &kernel, OperandRange source, ResultRange factors)
    : kernel(kernel), blocks(kernel, graph::elementOf(source[0]), source.size()), builder(kernel.builder),
      dims(graph::dimsOf(source[0])), count(kernel.dim(dims.back())), source(source) {
  for (Value factor : factors)
    memory.push_back(kernel.resultBuffer(std::distance(kernel.yield().getValues().begin(),
                                                       llvm::find(kernel.yield().getValues(), factor))));
  constexpr int64_t size = MatrixBlocks::kBlock;
  columns = {blocks.scratch(dims.back() * size), builder.index(0), builder.index(size), builder.index(1)};
  others = blocks.panel(Dim::min(dims.back(), kMostBlocks * size));
}

void Elimination::forMatrices(function_ref<void(Index)> body) {
  constexpr int64_t kTaskElements = 4096;
  Dim size = dims.back() * dims.back(), matrices = product(ArrayRef(dims).drop_back(2));
  Dim perTask = Dim::max(Dim(kTaskElements).floordiv(Dim::max(size, 1)), 1);
  kernel.forTasks(matrices.ceildiv(perTask), [&](Value task) {
    Index from = builder.mul(task, kernel.dim(perTask));
    Index to = builder.min(builder.add(from, kernel.dim(perTask)), kernel.dim(matrices));
    builder.loop(from, to, 1, [&](Index number) {
      matrix = {memory, builder.mul(number, kernel.dim(size)), count, builder.index(1)};
      // One index on the last axis walks all elements.
      Point point(dims.size(), AxisPoint{kernel.index(0), 0, {}});
      ElementEmitter scalar(kernel, 1);
      Value first = builder.value(matrix.offset), end = builder.value(builder.add(first, kernel.dim(size)));
      forVectors(scalar, first, end, [&](ElementEmitter &e, const AxisPoint &at) {
        point.back() = at;
        for (auto [part, to] : llvm::zip_equal(source, memory))
          e.store(e.at(part, point), to, dims, point);
      });
      body(number);
    });
  });
}

void Elimination::copyColumns(const Matrix &from, const Matrix &to, Index rows, Index width) {
  builder.loop(builder.index(0), rows, 1, [&](Index row) {
    for (int64_t j = 0; j < rowVectors(); ++j) {
      Index first = builder.index(j * blocks.lanes);
      Value mask = builder.create<vector::CreateMaskOp>(blocks.type.clone(builder.builder.getI1Type()),
                                                        builder.value(builder.sub(width, first)));
      blocks.store(blocks.load(from, row, first, blocks.lanes, mask), to, row, first, mask);
    }
  });
}

void Elimination::run(function_ref<void(Index, Index)> panel, function_ref<void(Index, Index, Index)> update) {
  builder.loop(builder.index(0), blocks.blockCount(count), 1, [&](Index block) {
    Index number = builder.add(block, 1);
    Index first = blocks.blockStart(block, count), end = blocks.blockStart(number, count);
    Matrix place = matrix;
    place.offset = builder.add(matrix.offset, builder.mul(first, builder.add(count, 1)));
    Index rows = builder.sub(count, first), width = builder.sub(end, first);
    copyColumns(place, columns, rows, width);
    panel(first, end);
    copyColumns(columns, place, rows, width);
    Value lowest = builder.create<arith::AndIOp>(builder.value(number),
                                                 builder.value(builder.sub(builder.index(0), number)));
    Index due = builder.mul(builder.min(lowest, kMostBlocks), MatrixBlocks::kBlock);
    Value isAll = builder.lessThan(builder.index(kMostBlocks - 1), lowest);
    Value stop = builder.create<arith::SelectOp>(
        isAll, builder.value(count), builder.value(builder.min(builder.add(end, due), count)));
    builder.branch(builder.lessThan(end, stop),
                   [&] { update(builder.max(builder.sub(end, due), 0), end, stop); });
  });
}

SmallVector<Number> Elimination::loadRow(Index row) {
  SmallVector<Number> vectors;
  for (int64_t j = 0; j < rowVectors(); ++j)
    vectors.push_back(blocks.load(columns, row, builder.index(j * blocks.lanes), blocks.lanes));
  return vectors;
}

void Elimination::storeRow(ArrayRef<Number> row, Index to) {
  for (auto [j, vector] : llvm::enumerate(row))
    blocks.store(vector, columns, to, builder.index(j * blocks.lanes));
}

/// The lanes of a vector of the panel's columns whose numbers compare so with k.
Value Elimination::lanesAt(arith::CmpIPredicate predicate, Index k, int64_t vector) {
  VectorType type = VectorType::get(blocks.lanes, builder.builder.getIndexType());
  SmallVector<int64_t> numbers = llvm::to_vector(llvm::seq(vector * blocks.lanes, (vector + 1) * blocks.lanes));
  Value own = builder.create<arith::ConstantOp>(DenseElementsAttr::get(type, ArrayRef(numbers)));
  return builder.create<arith::CmpIOp>(predicate, own, builder.create<vector::BroadcastOp>(type, builder.value(k)));
}

void Elimination::eliminateBelow(Index k, Index rows, const Number &divisor, ArrayRef<Number> row) {
  SmallVector<Value> isBehind, isOwn;
  for (int64_t j = 0; j < rowVectors(); ++j) {
    isBehind.push_back(lanesAt(arith::CmpIPredicate::sgt, k, j));
    isOwn.push_back(lanesAt(arith::CmpIPredicate::eq, k, j));
  }
  builder.loop(builder.add(k, 1), rows, 1, [&](Index below) {
    Number factor = blocks.spread(blocks.divide(blocks.load(columns, below, k), divisor));
    SmallVector<Number> rest = loadRow(below);
    for (auto [j, value] : llvm::enumerate(rest)) {
      Number less = blocks.subtract(value, blocks.multiply(factor, row[j]));
      value = blocks.select(isBehind[j], less, blocks.select(isOwn[j], factor, value));
    }
    storeRow(rest, below);
  });
}

} // namespace quern
