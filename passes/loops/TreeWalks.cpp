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
  bool isWide = layout.nodeWords == 4;
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

void TreeKernel::walkRows(Index count) {
  b.loop(b.index(0), b.index(layout.treeCount), 1, [&](Index tree) {
    Index root = field(layout.trees, tree, TreeTables::kTree, 0),
          depth = field(layout.trees, tree, TreeTables::kTree, 1),
          target = field(layout.trees, tree, TreeTables::kTree, 2),
          steps = field(layout.trees, tree, TreeTables::kTree, 5);
    b.loop(b.index(0), count, kLanes, [&](Index row) {
      SmallVector<Value> lanes(kLanes, b.value(root));
      SmallVector<Index> rows, places;
      Index group = groupOf(row), inGroup = b.sub(row, group);
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        rows.push_back(b.add(row, lane));
        places.push_back(keyPlace(group, b.index(0), b.add(inGroup, lane), groupRows));
      }
      walk(lanes, steps, depth, groupRows, places);
      for (Value &lane : lanes)
        lane = b.value(field(layout.leaves, lane, 1, 0));
      b.loop(b.index(0), b.index(width), 1, [&](Index i) {
        Index sum = b.mul(b.add(target, i), blockRows);
        for (auto [lane, first] : llvm::zip(lanes, rows)) {
          Index place = b.add(sum, first);
          Value added = b.create<arith::AddFOp>(load(sums, place), load(values, b.add(b.mul(lane, width), i)));
          b.create<memref::StoreOp>(added, sums, b.value(place));
        }
      });
    });
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
      Value leaf = load(tables, b.add(lane, layout.leaves));
      b.create<memref::StoreOp>(leaf, leavesOfRow, b.value(tree));
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
