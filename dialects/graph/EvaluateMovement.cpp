// Data movement on constants: bytes are copied, whatever they mean.
#include "dialects/graph/Evaluators.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

/// The result whose element at an index is the operand's at offset + sum of index * stride.
static ElementsAttr strided(const Evaluation &evaluation, ArrayRef<int64_t> strides, int64_t offset = 0) {
  const ConstantTensor &operand = evaluation.operands[0];
  unsigned bytes = evaluation.format.bytes;
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    forEachElement(evaluation.type.getContext(), evaluation.type.getShape(), SmallVector<int64_t>(strides),
                   [&](int64_t i, ArrayRef<int64_t> at) { std::memcpy(result + i * bytes, operand.at(offset + at[0]), bytes); });
  });
}

static ElementsAttr transpose(const Evaluation &evaluation, TransposeOp op) {
  SmallVector<int64_t> own = stridesOf(evaluation.operands[0].type.getShape()), strides;
  for (int64_t axis : op.getPermutation())
    strides.push_back(own[axis]);
  return strided(evaluation, strides);
}

static FailureOr<ElementsAttr> slice(const Evaluation &evaluation, SliceOp op) {
  SmallVector<int64_t> strides = stridesOf(evaluation.operands[0].type.getShape());
  int64_t offset = 0;
  for (auto [axis, start] : llvm::enumerate(dimsOf(op.getStarts()))) {
    if (!start.isConstant())
      return failure();
    offset += *start.constant() * strides[axis];
    strides[axis] *= op.getSteps()[axis];
  }
  return strided(evaluation, strides, offset);
}

/// Writes `operand` into a box of the result that begins at `start`.
static void paste(const Evaluation &evaluation, const ConstantTensor &operand, ArrayRef<int64_t> start, char *result) {
  SmallVector<int64_t> strides = stridesOf(evaluation.type.getShape());
  int64_t offset = 0;
  for (auto [axis, first] : llvm::enumerate(start))
    offset += first * strides[axis];
  unsigned bytes = evaluation.format.bytes;
  forEachElement(evaluation.type.getContext(), operand.type.getShape(), strides,
                 [&](int64_t i, ArrayRef<int64_t> at) { std::memcpy(result + (offset + at[0]) * bytes, operand.at(i), bytes); });
}

static ElementsAttr concat(const Evaluation &evaluation, ConcatOp op) {
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    SmallVector<int64_t> start(evaluation.type.getRank(), 0);
    for (const ConstantTensor &operand : evaluation.operands) {
      paste(evaluation, operand, start, result);
      start[op.getAxis()] += operand.type.getDimSize(op.getAxis());
    }
  });
}

static FailureOr<ElementsAttr> pad(const Evaluation &evaluation, PadOp op) {
  SmallVector<int64_t> low;
  for (auto [axis, dim] : llvm::enumerate(dimsOf(op.getLow()))) {
    int64_t extent = evaluation.operands[0].type.getDimSize(axis);
    if (!dim.isConstant() || *dim.constant() < 0 || *dim.constant() + extent > evaluation.type.getDimSize(axis))
      return failure();
    low.push_back(*dim.constant());
  }
  if (op.getMode() != PadMode::constant)
    return failure();
  unsigned bytes = evaluation.format.bytes;
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    for (int64_t i = 0; i < evaluation.type.getNumElements(); ++i)
      std::memcpy(result + i * bytes, evaluation.operands[1].bytes, bytes);
    paste(evaluation, evaluation.operands[0], low, result);
  });
}

static FailureOr<ElementsAttr> gather(const Evaluation &evaluation, GatherOp op) {
  const ConstantTensor &data = evaluation.operands[0], &indices = evaluation.operands[1];
  ArrayRef<int64_t> shape = data.type.getShape();
  int64_t extent = shape[op.getAxis()], count = indices.count();
  int64_t outer = ShapedType::getNumElements(shape.take_front(op.getAxis()));
  int64_t inner = ShapedType::getNumElements(shape.drop_front(op.getAxis() + 1)) * evaluation.format.bytes;
  SmallVector<int64_t> picked;
  for (int64_t i = 0; i < count; ++i) {
    int64_t index = indices.integer(i);
    picked.push_back(index < 0 ? index + extent : index);
    if (picked.back() < 0 || picked.back() >= extent)
      return failure();
  }
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t index : picked) {
        std::memcpy(result, data.bytes + (i * extent + index) * inner, inner);
        result += inner;
      }
  });
}

/// [.., C, ..] to [.., C/size, .., size]: along the blocked axis and the last one, elements past C are zero.
static ElementsAttr block(const Evaluation &evaluation, BlockOp op) {
  const ConstantTensor &operand = evaluation.operands[0];
  SmallVector<int64_t> own = stridesOf(operand.type.getShape());
  int64_t axis = op.getAxis(), extent = operand.type.getDimSize(axis), size = op.getSize();
  SmallVector<int64_t> place = own, channel(own.size(), 0);
  place[axis] = own[axis] * size;
  place.push_back(own[axis]);
  channel[axis] = size;
  channel.push_back(1);
  unsigned bytes = evaluation.format.bytes;
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    forEachElement(evaluation.type.getContext(), evaluation.type.getShape(), {place, channel}, [&](int64_t i, ArrayRef<int64_t> at) {
      if (at[1] < extent)
        std::memcpy(result + i * bytes, operand.at(at[0]), bytes);
      else
        std::memset(result + i * bytes, 0, bytes);
    });
  });
}

static ElementsAttr iota(const Evaluation &evaluation, IotaOp op) {
  SmallVector<int64_t> strides(evaluation.type.getRank(), 0);
  strides[op.getAxis()] = 1;
  const ElementFormat &format = evaluation.format;
  return makeConstant(evaluation.type, format, [&](char *result) {
    forEachElement(evaluation.type.getContext(), evaluation.type.getShape(), strides, [&](int64_t i, ArrayRef<int64_t> at) {
      format.isReal() ? format.setReal(result + i * format.bytes, double(at[0])) : format.setInteger(result + i * format.bytes, at[0]);
    });
  });
}

FailureOr<ElementsAttr> graph::evaluateMovement(const Evaluation &evaluation) {
  using Result = FailureOr<ElementsAttr>;
  return llvm::TypeSwitch<Operation *, Result>(evaluation.op)
      .Case([&](TransposeOp op) { return transpose(evaluation, op); })
      .Case([&](BroadcastOp) {
        return strided(evaluation, broadcastStrides(evaluation.operands[0].type.getShape(), evaluation.type.getShape()));
      })
      .Case([&](SliceOp op) { return slice(evaluation, op); })
      .Case([&](ConcatOp op) { return concat(evaluation, op); })
      .Case([&](PadOp op) { return pad(evaluation, op); })
      .Case([&](GatherOp op) { return gather(evaluation, op); })
      .Case([&](BlockOp op) { return block(evaluation, op); })
      .Case([&](IotaOp op) { return iota(evaluation, op); })
      .Default([](Operation *) { return failure(); });
}
