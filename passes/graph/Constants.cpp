#include "passes/graph/Simplify.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

std::optional<double> graph::splatOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<ReshapeOp, BroadcastOp>(op))
      break;
    value = op->getOperand(0);
  }
  auto constant = value.getDefiningOp<ConstantOp>();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
  if (!dense || dense.empty() || !dense.isSplat())
    return std::nullopt;
  if (isa<IntegerType>(dense.getElementType())) {
    APInt element = dense.getSplatValue<APInt>();
    return dense.getElementType().isInteger(1) ? double(element.getZExtValue()) : double(element.getSExtValue());
  }
  if (!isa<FloatType>(dense.getElementType()))
    return std::nullopt;
  APFloat element = dense.getSplatValue<APFloat>();
  bool lossy;
  element.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
  return element.convertToDouble();
}

bool graph::isConstant(Value value, int depth) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return false;
  if (isa<ConstantOp>(op))
    return true;
  if (!isa<ReshapeOp, TransposeOp, BroadcastOp, SliceOp, CastOp, AddOp, SubOp, MulOp, DivOp, SqrtOp>(op))
    return false;
  if (auto slice = dyn_cast<SliceOp>(op);
      slice && !llvm::all_of(dimsOf(slice.getStarts()), [](const Dim &start) { return start.isConstant(); }))
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) { return isConstant(operand, depth - 1); });
}
