// The leaves of a block of rows by bit vectors: each node whose answer is no takes the leaves of its other side away.
// All nodes of a tree are looked at, in any order, with nothing but vectors of keys that lie side by side.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/TreeKernel.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

/// The number of the lowest bit of each lane that is not 0: the exponent of that bit alone as a float. Counting
/// zeros takes twice the instructions where vectors have no such one.
static Value lowestBit(IndexBuilder &b, Value vector) {
  auto type = cast<VectorType>(vector.getType());
  auto splat = [&](int32_t value) -> Value { return b.create<arith::ConstantOp>(DenseElementsAttr::get(type, value)); };
  Value lowest = b.create<arith::AndIOp>(vector, b.create<arith::SubIOp>(splat(0), vector));
  Value number = b.create<arith::SIToFPOp>(VectorType::get(type.getShape(), b.builder.getF32Type()), lowest);
  Value exponent = b.create<arith::ShRUIOp>(b.create<arith::BitcastOp>(type, number), splat(23));
  // Bit 31 is a negative number: its sign goes.
  return b.create<arith::SubIOp>(b.create<arith::AndIOp>(exponent, splat(255)), splat(127));
}

void TreeKernel::intersectRows() {
  b.loop(b.index(0), b.index(layout.treeCount), 1, [&](Index tree) { intersectTree(tree); });
}

void TreeKernel::intersectTree(Index tree) {
  int64_t lanes = kernel.level.vectorBytes / 4;
  auto type = VectorType::get(lanes, b.builder.getI32Type());
  auto splat = [&](int64_t value) -> Value {
    return b.create<arith::ConstantOp>(DenseElementsAttr::get(type, int32_t(value)));
  };
  auto broadcast = [&](Value scalar) -> Value { return b.create<vector::BroadcastOp>(type, scalar); };
  Index first = field(layout.trees, tree, TreeTables::kTree, 4),
        end = field(layout.trees, b.add(tree, 1), TreeTables::kTree, 4);
  SmallVector<Value> leaves(blockRows / lanes, splat(0));
  // From the last word to the first: what is left in an earlier one is further to the left.
  b.carry(b.index(0), b.sub(end, first), 1, leaves, [&](Index i, SmallVectorImpl<Value> &found) {
    Index word = b.sub(b.sub(end, i), 1);
    SmallVector<Value> left(found.size(), splat(-1));
    b.carry(field(layout.words, word, 1, 0), field(layout.words, b.add(word, 1), 1, 0), 1, left,
            [&](Index entry, SmallVectorImpl<Value> &vectors) {
              Index record = b.add(b.mul(entry, TreeTables::kEntry), layout.entries);
              Value firstNo = broadcast(load(tables, record)), kept = broadcast(load(tables, b.add(record, 1)));
              Index column = field(layout.entries, entry, TreeTables::kEntry, 2);
              for (auto [j, vector] : llvm::enumerate(vectors)) {
                Value key = kernel.loadVector(type, keys, b.value(b.add(column, j * lanes)));
                // Asked this way round, instruction sets that have only "greater" answer in one instruction.
                Value isYes = b.create<arith::CmpIOp>(arith::CmpIPredicate::sgt, firstNo, key);
                vector = b.create<arith::SelectOp>(isYes, vector, b.create<arith::AndIOp>(vector, kept));
              }
            });
    Value place = b.create<arith::IndexCastOp>(b.builder.getI32Type(), b.value(b.mul(b.sub(word, first), 32)));
    for (auto [leaf, vector] : llvm::zip(found, left)) {
      Value isLeft = b.create<arith::CmpIOp>(arith::CmpIPredicate::ne, vector, splat(0));
      Value lowest = b.create<arith::AddIOp>(lowestBit(b, vector), broadcast(place));
      leaf = b.create<arith::SelectOp>(isLeft, lowest, leaf);
    }
  });
  addLeaves(leaves, tree);
}

/// Leaves are counted from the first of the tree.
void TreeKernel::addLeaves(ArrayRef<Value> leaves, Index tree) {
  auto indexType = cast<VectorType>(leaves[0].getType());
  int64_t lanes = indexType.getNumElements();
  auto type = VectorType::get(lanes, sumType);
  Value all = b.create<arith::ConstantOp>(DenseElementsAttr::get(VectorType::get(lanes, b.builder.getI1Type()), true));
  Value none = b.create<arith::ConstantOp>(b.builder.getZeroAttr(type));
  Value distance = b.create<arith::ConstantOp>(DenseElementsAttr::get(indexType, int32_t(width)));
  Index target = field(layout.trees, tree, TreeTables::kTree, 2),
        start = b.mul(field(layout.trees, tree, TreeTables::kTree, 3), width);
  b.loop(b.index(0), b.index(width), 1, [&](Index i) {
    Index sum = b.mul(b.add(target, i), blockRows);
    for (auto [j, leaf] : llvm::enumerate(leaves)) {
      Value row = width == 1 ? leaf : b.create<arith::MulIOp>(leaf, distance).getResult();
      Value from = b.value(b.add(start, i)), to = b.value(b.add(sum, j * lanes));
      Value added = b.create<vector::GatherOp>(type, values, from, row, all, none);
      added = b.create<arith::AddFOp>(kernel.loadVector(type, sums, to), added);
      kernel.storeVector(added, sums, to);
    }
  });
}

} // namespace quern
