#include "passes/fusion/RowLanes.h"
#include "dialects/graph/RowLocal.h"
#include "dialects/kernel/RowLanes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// Elements that a reduction takes from a row: of more, vectors along the row are full enough.
constexpr int64_t kShortRow = 32;
/// Columns of a product that leave most of a vector empty.
constexpr int64_t kFewColumns = 8;
/// Of what may come along: blocks of rows of all values should stay in the nearest cache.
constexpr int64_t kMostColumns = 32, kMostWidth = 256;

class RowLanes {
public:
  explicit RowLanes(Block &block) : block(block) {}

  llvm::DenseSet<Operation *> find() {
    for (Operation &op : block)
      if (isCandidate(&op) && (isSeed(&op) || follows(&op)))
        found.insert(&op);
    if (!found.empty())
      for (Operation &op : llvm::reverse(block))
        if (!found.contains(&op) && isCandidate(&op) && leads(&op))
          found.insert(&op);
    return std::move(found);
  }

private:
  static bool isSupported(Type element) {
    return element.isF32() || element.isF64() || (element.isInteger() && element.getIntOrFloatBitWidth() <= 64);
  }

  static std::optional<SmallVector<Value>> operandsOf(Operation *op) {
    if (op->getNumResults() != 1)
      return std::nullopt;
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    return type && type.getRank() > 0 ? rowOperands(op, dimsOf(type)[0]) : std::nullopt;
  }

  /// Whether the emitter can compute it (passes/loops/EmitRowLanes.cpp).
  static bool isCandidate(Operation *op) {
    auto operands = operandsOf(op);
    if (!operands)
      return false;
    Value result = op->getResult(0);
    // Fewer rows would not fill the lanes.
    if (auto rows = dimOf(result, 0).constant(); rows && *rows < kernel::kRowLanesBlock)
      return false;
    auto isNarrow = [](Value value) {
      return isSupported(elementOf(value)) && rowWidth(value).value_or(kMostWidth + 1) <= kMostWidth;
    };
    if (!isNarrow(result) || !llvm::all_of(*operands, isNarrow))
      return false;
    // What is the same for all rows must not be what rows are made of.
    Dim rows = dimOf(result, 0);
    for (Value operand : op->getOperands()) {
      bool isConstant = operand.getDefiningOp<ConstantOp>(), isWalked = llvm::is_contained(*operands, operand);
      if (!isSupported(elementOf(operand)) || (isWalked && isConstant) ||
          (!isWalked && !isConstant && rankOf(operand) && dimOf(operand, 0) == rows))
        return false;
    }
    auto matmul = dyn_cast<MatmulOp>(op);
    return !matmul || (matmul.getColumns().value_or(kMostColumns + 1) <= uint64_t(kMostColumns) &&
                       isa<FloatType>(elementOf(result)));
  }

  static bool isSeed(Operation *op) {
    auto extent = [](Value value, ArrayRef<int64_t> axes) {
      Dim extent = 1;
      for (int64_t axis : axes)
        extent = extent * dimOf(value, axis);
      return *extent.constant();
    };
    return llvm::TypeSwitch<Operation *, bool>(op)
        .Case([&](ReduceOp op) { return extent(op.getOperand(), op.getAxes()) <= kShortRow; })
        .Case([&](ArgReduceOp op) { return extent(op.getOperand(), op.getAxis()) <= kShortRow; })
        .Case([&](SoftmaxOp op) { return extent(op.getOperand(), op.getAxis()) <= kShortRow; })
        .Case([&](MatmulOp op) { return *op.getColumns() <= uint64_t(kFewColumns); })
        .Default(false);
  }

  bool follows(Operation *op) {
    return llvm::any_of(*operandsOf(op), [&](Value operand) { return found.contains(operand.getDefiningOp()); });
  }

  /// It is computed for those that were found alone, and from what no other kernel computes.
  bool leads(Operation *op) {
    return llvm::all_of(op->getUsers(), [&](Operation *user) { return found.contains(user); }) && isFromMemory(op);
  }

  /// What was found since the first answer stands behind the op, and makes none of its operands.
  bool isFromMemory(Operation *op) {
    if (auto known = fromMemory.find(op); known != fromMemory.end())
      return known->second;
    bool is = llvm::all_of(*operandsOf(op), [&](Value operand) {
      Operation *maker = operand.getDefiningOp();
      return !maker || found.contains(maker) || (isCandidate(maker) && isFromMemory(maker));
    });
    return fromMemory[op] = is;
  }

  Block &block;
  llvm::DenseSet<Operation *> found;
  llvm::DenseMap<Operation *, bool> fromMemory; // an op may reach another one in very many ways
};

} // namespace

llvm::DenseSet<Operation *> findRowLanes(Block &block) {
  return RowLanes(block).find();
}

} // namespace quern
