// Ensembles of decision trees: blocks of rows go through one tree after another, so that a tree is in the cache for all
// of them; the few rows that fill no block go through several trees at a time.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/loops/Emitters.h"
#include "passes/loops/TreeKernel.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

TreeKernel::TreeKernel(KernelFunction &kernel, PackedTreesOp op, int64_t blockRows)
    : kernel(kernel), op(op), b(kernel.builder), layout(TreeTables::of(op)), blockRows(blockRows),
      groupRows(layout.wordCount ? blockRows : kSquareRows), sumType(elementOf(op.getValues())),
      width(*dimOf(op.getValues(), 1).constant()), targets(dimOf(op.getBase(), 0)), xType(elementOf(op.getX())),
      features(dimOf(op.getX(), 1)) {
  auto buffer = [&](Value operand) { return kernel.buffer(cast<BlockArgument>(operand)); };
  x = buffer(op.getX());
  tables = buffer(op.getTables());
  cuts = buffer(op.getCuts());
  values = buffer(op.getValues());
  halves = kernel.memory(kernel.address(tables, kernel.index(0)), b.builder.getIntegerType(16));
  keys = kernel.scratch(b.builder.getI32Type(), layout.keyCount() * blockRows);
  sums = kernel.scratch(sumType, targets * blockRows);
  leavesOfRow = kernel.scratch(b.builder.getI32Type(), layout.groupCount() * kLanes);
  // Unless most features are of no tree, or a few rows of all of them would fill the nearest cache.
  constexpr int64_t kMostFeatures = 256, kUnused = 4;
  if (auto count = features.constant();
      count && xType.isF32() && *count <= std::min(kMostFeatures, kUnused * layout.columnCount))
    columnsOfX = kernel.scratch(xType, *count * kSquareRows);
}

Value TreeKernel::i32(int64_t value) {
  return b.create<arith::ConstantIntOp>(value, 32);
}

Index TreeKernel::field(int64_t section, Index record, int64_t width, int64_t position) {
  Value loaded = load(tables, b.add(b.mul(record, width), section + position));
  return b.create<arith::IndexCastUIOp>(b.builder.getIndexType(), loaded).getResult();
}

namespace {

/// The fewest rows that are worth a block of their own. A block by bit vectors takes as long for one row as for all.
int64_t leastRowsOfBlock(const TreeTables &layout, int64_t steps) {
  if (!layout.wordCount)
    return TreeTables::kLanes / 2;
  // An entry of a row in a full block beside a step of a row on its own, as in TaskSize.cpp.
  constexpr double kEntryOfStep = 0.08;
  double block = kEntryOfStep * layout.entryCount * TreeTables::kRows, row = std::max<double>(steps, layout.treeCount);
  return std::clamp<int64_t>(block / row, 1, TreeTables::kRows);
}

void emitBlock(TreeKernel &trees, Index first, Index count) {
  IndexBuilder &b = trees.b;
  Value base = trees.kernel.buffer(cast<BlockArgument>(trees.op.getBase())), result = trees.kernel.resultBuffer(0);
  Index targets = trees.kernel.dim(trees.targets);
  bool isWalk = !trees.layout.wordCount;
  // Walks have a lane for each row, bit vectors for each of a block.
  Index lanes = isWalk ? b.mul(b.ceilDiv(count, TreeKernel::kRowLanes), TreeKernel::kRowLanes) : b.index(trees.blockRows);
  trees.makeKeys(first, count, trees.groupRows, /*isUnsigned=*/isWalk);
  b.loop(b.index(0), targets, 1, [&](Index target) {
    Value start = b.create<memref::LoadOp>(base, b.value(target));
    b.loop(b.index(0), lanes, 1, [&](Index row) {
      b.create<memref::StoreOp>(start, trees.sums, b.value(b.add(b.mul(target, trees.blockRows), row)));
    });
  });
  if (isWalk)
    trees.walkRows(count);
  else
    trees.intersectRows();
  b.loop(b.index(0), count, 1, [&](Index row) {
    b.loop(b.index(0), targets, 1, [&](Index target) {
      Value sum = b.create<memref::LoadOp>(trees.sums, b.value(b.add(b.mul(target, trees.blockRows), row)));
      b.create<memref::StoreOp>(sum, result, b.value(b.add(b.mul(b.add(first, row), targets), target)));
    });
  });
}

} // namespace

LogicalResult emitTrees(KernelFunction &kernel) {
  auto op = kernel.find<PackedTreesOp>();
  if (!op)
    return kernel.source.emitError() << "has no trees";
  Dim rows = dimOf(op.getX(), 0);
  int64_t scheduled = kernel.source.getSchedule().parameter("task_rows", TreeTables::kRows);
  // Walks share all of a thread's tasks among blocks as large as they may be.
  bool isWalk = !op.getWords();
  int64_t perTask = isWalk ? TreeTables::kRows : scheduled;
  TreeKernel trees(kernel, op, isWalk ? scheduled : TreeTables::kRows);
  IndexBuilder &b = trees.b;
  int64_t least = leastRowsOfBlock(trees.layout, op.getSteps());
  kernel.forTaskRange(rows.ceildiv(perTask), [&](Value firstTask, Value lastTask) {
    Index from = b.mul(firstTask, perTask), to = b.min(b.mul(lastTask, perTask), kernel.dim(rows));
    b.loop(from, to, trees.blockRows, [&](Index first) {
      Index count = b.min(b.sub(to, first), trees.blockRows);
      auto one = [&] {
        b.loop(first, b.add(first, count), 1, [&](Index row) {
          trees.makeKeys(row, b.index(1), /*groupRows=*/1, /*isUnsigned=*/true);
          trees.walkTrees(row);
        });
      };
      b.branch(b.lessThan(count, b.index(least)), one, [&] { emitBlock(trees, first, count); });
    });
  });
  return success();
}

} // namespace quern
