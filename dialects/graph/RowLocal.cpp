#include "dialects/graph/RowLocal.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace quern::graph {

using Operands = std::optional<SmallVector<Value>>;

static bool hasRows(Value value, const Dim &rows) {
  return rankOf(value) > 0 && dimOf(value, 0) == rows;
}

/// Operands at the place of the result: those of its rank, unless they are one row for all.
static SmallVector<Value> walkedOperands(Operation *op, const Dim &rows) {
  SmallVector<Value> walked;
  for (Value operand : op->getOperands())
    if (rankOf(operand) == rankOf(op->getResult(0)) && dimOf(operand, 0) == rows)
      walked.push_back(operand);
  return walked;
}

/// Positions in data that is the same for all rows, or columns that are the same for all rows.
static Operands gathered(GatherOp op, const Dim &rows) {
  Value walked = op.getAxis() == 0 ? op.getIndices() : op.getData();
  if (!hasRows(walked, rows))
    return std::nullopt;
  return SmallVector<Value>{walked};
}

Operands rowOperands(Operation *op, const Dim &rows) {
  if (op->getNumResults() != 1 || !isa<ShapedType>(op->getResult(0).getType()) || !hasRows(op->getResult(0), rows))
    return std::nullopt;
  if (op->hasTrait<Elementwise>() || isa<BroadcastOp>(op))
    return walkedOperands(op, rows);
  auto only = [&](Value operand, bool keepsRows) -> Operands {
    if (!keepsRows || !hasRows(operand, rows))
      return std::nullopt;
    return SmallVector<Value>{operand};
  };
  return llvm::TypeSwitch<Operation *, Operands>(op)
      .Case([&](MatmulOp op) { return only(op.getLhs(), rankOf(op.getResult()) == 2 && rankOf(op.getLhs()) == 2); })
      .Case([&](ReduceOp op) { return only(op.getOperand(), !llvm::is_contained(op.getAxes(), 0)); })
      .Case([&](ArgReduceOp op) { return only(op.getOperand(), op.getAxis() > 0); })
      .Case([&](SoftmaxOp op) { return only(op.getOperand(), op.getAxis() > 0); })
      .Case([&](ReshapeOp op) { return only(op.getOperand(), true); })
      .Case([&](TransposeOp op) { return only(op.getOperand(), op.getPermutation()[0] == 0); })
      .Case([&](SliceOp op) {
        return only(op.getOperand(), op.getSteps()[0] == 1 && dimsOf(op.getStarts())[0].isEqualTo(0));
      })
      .Case([&](ConcatOp op) -> Operands {
        if (op.getAxis() == 0)
          return std::nullopt;
        return SmallVector<Value>(op.getInputs());
      })
      .Case([&](GatherOp op) { return gathered(op, rows); })
      .Default(Operands());
}

std::optional<int64_t> rowWidth(Value value) {
  return product(ArrayRef(dimsOf(value)).drop_front()).constant();
}

} // namespace quern::graph
