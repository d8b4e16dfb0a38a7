#include "passes/loops/device/Neighbours.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

static int64_t bytesOf(Type element) {
  return (element.getIntOrFloatBitWidth() + 7) / 8;
}

/// The largest over all operands, aligned at the last axis of `op`'s result.
static std::optional<int64_t> bytesOfOperands(Operation *op, int64_t axis) {
  int64_t largest = 0, rank = rankOf(op->getResult(0));
  for (Value operand : op->getOperands()) {
    std::optional<int64_t> bytes = bytesAlong(operand, axis - (rank - rankOf(operand)));
    if (!bytes)
      return std::nullopt;
    largest = std::max(largest, *bytes);
  }
  return largest;
}

std::optional<int64_t> bytesAlong(Value value, int64_t axis) {
  SmallVector<Dim> dims = dimsOf(value);
  if (axis < 0 || dims[axis].isEqualTo(1))
    return 0;
  Operation *op = value.getDefiningOp();
  if (!op) {
    bool isLast = llvm::all_of(ArrayRef(dims).drop_front(axis + 1), [](const Dim &dim) { return dim.isEqualTo(1); });
    return isLast ? std::optional(bytesOf(elementOf(value))) : std::nullopt;
  }
  if (op->hasTrait<Elementwise>() || isa<BroadcastOp>(op))
    return bytesOfOperands(op, axis);
  using Bytes = std::optional<int64_t>;
  return llvm::TypeSwitch<Operation *, Bytes>(op)
      .Case<ConstantOp, IotaOp>([](Operation *) { return 0; })
      .Case([&](TransposeOp op) { return bytesAlong(op.getOperand(), op.getPermutation()[axis]); })
      .Case([&](SliceOp op) { return op.getSteps()[axis] == 1 ? bytesAlong(op.getOperand(), axis) : Bytes(); })
      .Case([&](GatherOp op) {
        int64_t first = op.getAxis(), behind = first + rankOf(op.getIndices());
        if (axis >= first && axis < behind)
          return Bytes();
        return bytesAlong(op.getData(), axis < first ? axis : axis - rankOf(op.getIndices()) + 1);
      })
      .Case([&](ReduceOp op) {
        return llvm::is_contained(op.getAxes(), axis) ? Bytes() : bytesAlong(op.getOperand(), axis);
      })
      .Case<SoftmaxOp, LayerNormOp>([&](Operation *op) { return bytesAlong(op->getOperand(0), axis); })
      .Default([](Operation *) { return Bytes(); });
}

int64_t neighboursAlong(ArrayRef<Value> values, int64_t axis, const Dim &extent, bool mayHaveTail) {
  constexpr int64_t kAccessBytes = 16, kMost = 8;
  int64_t largest = 1;
  for (Value value : values) {
    std::optional<int64_t> bytes = bytesAlong(value, axis);
    if (!bytes)
      return 1;
    largest = std::max({largest, *bytes, bytesOf(elementOf(value))});
  }
  int64_t count = std::clamp<int64_t>(kAccessBytes / largest, 1, kMost);
  return mayHaveTail || extent.mod(count).isEqualTo(0) ? count : 1;
}

} // namespace quern
