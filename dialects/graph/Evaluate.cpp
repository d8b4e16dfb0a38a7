// Constants through ops: which ops are evaluated, and when it pays.
#include "dialects/graph/Evaluate.h"
#include "dialects/graph/Evaluators.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

/// Results much larger than their operands are cheaper to compute at run time than to load: a mask, an int8 weight in
/// f32.
static bool isWorthwhile(Operation *op, ArrayRef<ConstantTensor> operands, RankedTensorType type,
                         const ElementFormat &format) {
  if (isa<WinogradWeightOp>(op)) // has no kernel
    return true;
  // The panels of a narrow weight are padded, which would be done in every run.
  const int64_t small = isa<BlockOp>(op) ? 32768 : 4096;
  int64_t bytes = 0;
  for (const ConstantTensor &operand : operands)
    bytes += operand.count() * operand.format.bytes;
  int64_t limit = std::max<int64_t>(2 * bytes, small * format.bytes);
  int64_t count = 1;
  for (int64_t extent : type.getShape())
    if (llvm::MulOverflow(count, extent, count))
      return false;
  return count <= limit / int64_t(format.bytes);
}

/// The same bytes in another shape share the blob.
static std::optional<ElementsAttr> reshaped(ReshapeOp op) {
  ElementsAttr value = op.getOperand().getDefiningOp<ConstantOp>().getValue();
  auto type = cast<RankedTensorType>(op.getType());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    return ElementsAttr(DenseResourceElementsAttr::get(type, resource.getRawHandle()));
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    return ElementsAttr(dense.reshape(type));
  return std::nullopt;
}

std::optional<ElementsAttr> graph::evaluateConstant(Operation *op) {
  if (op->getNumResults() != 1 || isa<ConstantOp, ShapeVectorOp>(op) || op->getNumRegions())
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape())
    return std::nullopt;
  for (Value operand : op->getOperands())
    if (!operand.getDefiningOp<ConstantOp>())
      return std::nullopt;
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return reshaped(reshape);

  std::optional<ElementFormat> format = ElementFormat::of(type.getElementType());
  if (!format)
    return std::nullopt;
  SmallVector<ConstantTensor> operands;
  for (Value operand : op->getOperands()) {
    std::optional<ConstantTensor> tensor = ConstantTensor::read(operand.getDefiningOp<ConstantOp>().getValue());
    if (!tensor)
      return std::nullopt;
    operands.push_back(std::move(*tensor));
  }
  if (!isWorthwhile(op, operands, type, *format))
    return std::nullopt;
  Evaluation evaluation{op, operands, type, *format};
  for (Evaluator evaluate : {evaluateElementwise, evaluateMovement, evaluateReduction, evaluateFourier, evaluateWinograd})
    if (std::optional<ElementsAttr> value = evaluate(evaluation))
      return value;
  return std::nullopt;
}

std::optional<ElementsAttr> graph::evaluateSmall(Operation *op) {
  auto isSmall = [](Type type, int64_t most) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return false;
    int64_t count = 1;
    for (int64_t extent : tensor.getShape())
      if (llvm::MulOverflow(count, extent, count))
        return false;
    return count <= most;
  };
  if (op->getNumResults() != 1 || !isSmall(op->getResult(0).getType(), 64))
    return std::nullopt;
  for (Value operand : op->getOperands())
    if (!operand.getDefiningOp<ConstantOp>() || !isSmall(operand.getType(), 4096))
      return std::nullopt;
  return evaluateConstant(op);
}
