// Walks from roots to leaves, several side by side: the loads of one hide behind those of the others, and as leaves
// lead to themselves no walk has a branch. Scalar loads, not gathers: a gather is as many loads, and more instructions.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/loops/TreeKernel.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

void TreeKernel::walk(SmallVectorImpl<Value> &at, Index steps, Index deepest, int64_t stride, ArrayRef<Index> firsts) {
  // Of trees whose leaves are about as deep as the deepest, a check costs more than the steps that it saves.
  constexpr int64_t kStepsOfCheck = 3;
  Value isUneven = b.lessThan(b.add(steps, kStepsOfCheck), deepest);
  Value sure = b.create<arith::SelectOp>(isUneven, b.value(steps), b.value(deepest));
  b.carry(b.index(0), Index(sure), 1, at, [&](Index, SmallVectorImpl<Value> &lanes) {
    for (auto [lane, first] : llvm::zip(lanes, firsts))
      lane = step(lane, stride, first);
  });
  SmallVector<Value> state(at.begin(), at.end());
  state.push_back(isUneven);
  auto more = b.create<scf::WhileOp>(ValueRange(state).getTypes(), state);
  OpBuilder::InsertionGuard guard(b.builder);
  SmallVector<Location> places(state.size(), b.builder.getLoc());
  Block *before = b.builder.createBlock(&more.getBefore(), {}, ValueRange(state).getTypes(), places);
  b.create<scf::ConditionOp>(before->getArguments().back(), before->getArguments());
  Block *after = b.builder.createBlock(&more.getAfter(), {}, ValueRange(state).getTypes(), places);
  SmallVector<Value> lanes(after->args_begin(), std::prev(after->args_end()));
  Value moved;
  for (int64_t i = 0; i < kStepsOfCheck; ++i) {
    moved = b.value(0);
    for (auto [lane, first] : llvm::zip(lanes, firsts)) {
      Value next = step(lane, stride, first);
      moved = b.create<arith::OrIOp>(moved, b.create<arith::XOrIOp>(lane, next));
      lane = next;
    }
  }
  lanes.push_back(b.create<arith::CmpIOp>(arith::CmpIPredicate::ne, moved, b.value(0)));
  b.create<scf::YieldOp>(lanes);
  llvm::copy(more.getResults().drop_back(), at.begin());
}

/// The child that the row goes to: the distance to the first, and 1 if the key is above the threshold.
Value TreeKernel::step(Value at, int64_t stride, Index first) {
  Type index = b.builder.getIndexType();
  bool isWide = layout.nodeWords == 3;
  Index record = b.add(b.mul(at, layout.nodeWords), layout.nodes);
  auto part = [&](int64_t position) -> Value {
    Value loaded = isWide ? load(tables, b.add(record, position)) : load(halves, b.add(b.mul(record, 2), position + 1));
    return b.create<arith::IndexCastUIOp>(index, loaded);
  };
  Value threshold = load(tables, record), column = part(1), distance = part(2);
  Value key = load(keys, b.add(b.mul(column, stride), first));
  Value isAbove = b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, threshold, key);
  Value child = b.create<arith::AddIOp>(at, distance);
  return b.create<arith::AddIOp>(child, b.create<arith::IndexCastUIOp>(index, isAbove));
}

Value TreeKernel::rowOfLeaf(Value at) {
  return load(tables, b.add(b.mul(at, layout.nodeWords), layout.nodes));
}

void TreeKernel::walkTree(const Tree &tree, Index row, int64_t lanes) {
  SmallVector<Value> at(lanes, b.value(tree.root));
  SmallVector<Index> rows, places;
  Index group = groupOf(row), inGroup = b.sub(row, group);
  for (int64_t lane = 0; lane < lanes; ++lane) {
    rows.push_back(b.add(row, lane));
    places.push_back(keyPlace(group, b.index(0), b.add(inGroup, lane), groupRows));
  }
  walk(at, tree.steps, tree.depth, groupRows, places);
  for (Value &lane : at)
    lane = b.create<arith::IndexCastUIOp>(b.builder.getIndexType(), rowOfLeaf(lane));
  b.loop(b.index(0), b.index(width), 1, [&](Index i) {
    Index sum = b.mul(b.add(tree.target, i), blockRows);
    for (auto [lane, first] : llvm::zip(at, rows)) {
      Index place = b.add(sum, first);
      Value added = b.create<arith::AddFOp>(load(sums, place), load(values, b.add(b.mul(lane, width), i)));
      b.create<memref::StoreOp>(added, sums, b.value(place));
    }
  });
}

TreeKernel::Tree TreeKernel::loadTree(Index tree) {
  auto at = [&](int64_t position) { return field(layout.trees, tree, TreeTables::kTree, position); };
  return {at(0), at(1), at(2), at(3), at(5), at(6)};
}

static int64_t elementsOfLine(Value memory) {
  constexpr int64_t kLineBits = 64 * 8;
  return kLineBits / cast<MemRefType>(memory.getType()).getElementTypeBitWidth();
}

/// `count` elements, or none where that would be more than `linesOfRow` lines for each of the rows.
TreeKernel::Prefetch TreeKernel::prefetchOf(Value memory, Index from, Index count, Index rows, int64_t linesOfRow) {
  Index lines = b.ceilDiv(count, elementsOfLine(memory)), share = b.ceilDiv(lines, b.ceilDiv(rows, kRowLanes));
  Value isTooMuch = b.lessThan(b.mul(rows, linesOfRow), lines);
  return {memory, from, b.create<arith::SelectOp>(isTooMuch, b.value(0), b.value(share)).getResult()};
}

void TreeKernel::prefetch(const Prefetch &prefetch, Index turn) {
  constexpr unsigned kSecondCache = 2;
  Index first = b.mul(turn, prefetch.lines);
  b.loop(first, b.add(first, prefetch.lines), 1, [&](Index line) {
    Value place = b.value(b.add(prefetch.from, b.mul(line, elementsOfLine(prefetch.memory))));
    b.create<memref::PrefetchOp>(prefetch.memory, place, /*isWrite=*/false, kSecondCache, /*isDataCache=*/true);
  });
}

/// Of trees that are not in a near cache, a walk finds out too late what it needs, and its next step waits. So the rows of
/// each tree fetch the next one, line after line.
void TreeKernel::walkRows(Index count) {
  // As many as rows are about to meet, or not many more.
  constexpr int64_t kNodeLines = 16, kValueLines = 2;
  // Turns of all lanes; what is left takes one, too, if it is more than half of them.
  Index whole = b.mul(b.div(b.add(count, kRowLanes - kLanes - 1), kRowLanes), kRowLanes);
  b.loop(b.index(0), b.index(layout.treeCount), 1, [&](Index number) {
    Tree tree = loadTree(number), next = loadTree(b.add(number, 1));
    Index nodes = b.add(b.mul(next.root, layout.nodeWords), layout.nodes), leaves = b.div(b.add(next.nodes, 1), 2);
    SmallVector<Prefetch> parts;
    if (layout.treeCount > 1)
      parts = {prefetchOf(tables, nodes, b.mul(next.nodes, layout.nodeWords), count, kNodeLines),
               prefetchOf(values, b.mul(next.firstValue, width), b.mul(leaves, width), count, kValueLines)};
    b.loop(b.index(0), whole, kRowLanes, [&](Index row) {
      for (const Prefetch &part : parts)
        prefetch(part, b.div(row, kRowLanes));
      walkTree(tree, row, kRowLanes);
    });
    b.loop(whole, count, kLanes, [&](Index row) { walkTree(tree, row, kLanes); });
  });
}

void TreeKernel::walkTrees(Index row) {
  b.loop(b.index(0), b.index(layout.groupCount()), 1, [&](Index group) {
    SmallVector<Value> lanes;
    for (int64_t lane = 0; lane < kLanes; ++lane)
      lanes.push_back(b.value(field(layout.order, b.add(b.mul(group, kLanes), lane), TreeTables::kOrder, 0)));
    Index deepest = field(layout.groups, group, TreeTables::kGroup, 0),
          steps = field(layout.groups, group, TreeTables::kGroup, 1);
    walk(lanes, steps, deepest, /*stride=*/1, SmallVector<Index>(kLanes, b.index(0)));
    for (auto [i, lane] : llvm::enumerate(lanes)) {
      Index tree = field(layout.order, b.add(b.mul(group, kLanes), i), TreeTables::kOrder, 1);
      b.create<memref::StoreOp>(rowOfLeaf(lane), leavesOfRow, b.value(tree));
    }
  });
  // In the order of the trees, whatever the order of the walks.
  auto leafOf = [&](Index tree) {
    return b.mul(b.create<arith::IndexCastUIOp>(b.builder.getIndexType(), load(leavesOfRow, tree)).getResult(), width);
  };
  Value result = kernel.resultBuffer(0), base = kernel.buffer(cast<BlockArgument>(op.getBase()));
  if (targets.isEqualTo(1)) {
    SmallVector<Value> sum{load(base, b.index(0))};
    b.carry(b.index(0), b.index(layout.treeCount), 1, sum, [&](Index tree, SmallVectorImpl<Value> &carried) {
      carried[0] = b.create<arith::AddFOp>(carried[0], load(values, leafOf(tree)));
    });
    b.create<memref::StoreOp>(sum[0], result, b.value(row));
    return;
  }
  Index start = b.mul(row, kernel.dim(targets));
  b.loop(b.index(0), kernel.dim(targets), 1,
         [&](Index i) { b.create<memref::StoreOp>(load(base, i), result, b.value(b.add(start, i))); });
  b.loop(b.index(0), b.index(layout.treeCount), 1, [&](Index tree) {
    Index leaf = leafOf(tree), sum = b.add(start, field(layout.trees, tree, TreeTables::kTree, 2));
    b.loop(b.index(0), b.index(width), 1, [&](Index i) {
      Value added = b.create<arith::AddFOp>(load(result, b.add(sum, i)), load(values, b.add(leaf, i)));
      b.create<memref::StoreOp>(added, result, b.value(b.add(sum, i)));
    });
  });
}

} // namespace quern
