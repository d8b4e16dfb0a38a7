// Data movement on constants: bytes are copied, whatever they mean.
#include "dialects/graph/Evaluators.h"
#include "mlir/IR/Threading.h"
#include <algorithm>
#include <cstring>

using namespace mlir;
using namespace quern;
using namespace quern::graph;

/// Two axes of a transposition in tiles that fit the cache: rows of the result follow `inner`, rows of the source
/// `outer`.
template <typename T>
static void copyTiles(const T *from, T *to, int64_t outerExtent, int64_t outerTo, int64_t innerExtent,
                      int64_t innerFrom) {
  constexpr int64_t tile = 32;
  for (int64_t o = 0; o < outerExtent; o += tile)
    for (int64_t i = 0; i < innerExtent; i += tile)
      for (int64_t x = o; x < std::min(outerExtent, o + tile); ++x)
        for (int64_t y = i; y < std::min(innerExtent, i + tile); ++y)
          to[x * outerTo + y] = from[y * innerFrom + x];
}

/// Transpositions of at least a page: the last axis of the result and the one that is contiguous in the operand are
/// copied in tiles, the others are walked.
template <typename T>
static void transposeTiles(MLIRContext *context, ArrayRef<int64_t> shape, ArrayRef<int64_t> strides, const T *from,
                           T *to) {
  SmallVector<int64_t> resultStrides = stridesOf(shape), outerShape, outerFrom, outerTo;
  size_t last = shape.size() - 1, contiguous = llvm::find(strides, 1) - strides.begin();
  for (size_t axis = 0; axis < last; ++axis)
    if (axis != contiguous) {
      outerShape.push_back(shape[axis]);
      outerFrom.push_back(strides[axis]);
      outerTo.push_back(resultStrides[axis]);
    }
  int64_t blocks = llvm::divideCeil(shape[contiguous], 256); // of the contiguous axis, for the threads
  outerShape.push_back(blocks);
  outerFrom.push_back(0);
  outerTo.push_back(0);
  int64_t count = ShapedType::getNumElements(outerShape);
  parallelFor(context, 0, count, [&](size_t job) {
    int64_t rest = int64_t(job), source = 0, target = 0, block = rest % blocks;
    for (int64_t axis = int64_t(outerShape.size()) - 1; axis >= 0; --axis) {
      source += rest % outerShape[axis] * outerFrom[axis];
      target += rest % outerShape[axis] * outerTo[axis];
      rest /= outerShape[axis];
    }
    int64_t first = block * 256, extent = std::min<int64_t>(256, shape[contiguous] - first);
    copyTiles(from + source + first, to + target + first * resultStrides[contiguous], extent, resultStrides[contiguous],
              shape[last], strides[last]);
  });
}

/// Takes the last axes as far as their elements lie side by side under these strides, and returns how many those are.
static int64_t takeRun(SmallVectorImpl<int64_t> &shape, SmallVectorImpl<int64_t> &strides) {
  int64_t run = 1;
  while (!shape.empty() && (shape.back() == 1 || strides.back() == run)) {
    run *= shape.pop_back_val();
    strides.pop_back();
  }
  return run;
}

/// The result whose element at an index is the operand's at offset + sum of index * stride.
static ElementsAttr strided(const Evaluation &evaluation, ArrayRef<int64_t> strides, int64_t offset = 0) {
  const ConstantTensor &operand = evaluation.operands[0];
  SmallVector<int64_t> shape(evaluation.type.getShape()), around(strides);
  int64_t bytes = takeRun(shape, around) * evaluation.format.bytes;
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    forEachElement(evaluation.type.getContext(), shape, around, [&](int64_t i, ArrayRef<int64_t> at) {
      std::memcpy(result + i * bytes, operand.at(offset + at[0]), bytes);
    });
  });
}

static ElementsAttr transpose(const Evaluation &evaluation, TransposeOp op) {
  SmallVector<int64_t> own = stridesOf(evaluation.operands[0].type.getShape()), strides;
  for (int64_t axis : op.getPermutation())
    strides.push_back(own[axis]);
  const ConstantTensor &operand = evaluation.operands[0];
  bool large = operand.count() >= 4096 && !strides.empty() && strides.back() != 1 && evaluation.format.bytes == 4;
  if (!large)
    return strided(evaluation, strides);
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    transposeTiles(evaluation.type.getContext(), evaluation.type.getShape(), strides,
                   reinterpret_cast<const uint32_t *>(operand.bytes), reinterpret_cast<uint32_t *>(result));
  });
}

static std::optional<ElementsAttr> slice(const Evaluation &evaluation, SliceOp op) {
  SmallVector<int64_t> strides = stridesOf(evaluation.operands[0].type.getShape());
  int64_t offset = 0;
  for (auto [axis, start] : llvm::enumerate(dimsOf(op.getStarts()))) {
    if (!start.isConstant())
      return std::nullopt;
    offset += *start.constant() * strides[axis];
    strides[axis] *= op.getSteps()[axis];
  }
  return strided(evaluation, strides, offset);
}

/// Writes `operand` into a box of the result that begins at `start`.
static void paste(const Evaluation &evaluation, const ConstantTensor &operand, ArrayRef<int64_t> start, char *result) {
  SmallVector<int64_t> strides = stridesOf(evaluation.type.getShape()), shape(operand.type.getShape());
  int64_t offset = 0;
  for (auto [axis, first] : llvm::enumerate(start))
    offset += first * strides[axis];
  int64_t run = takeRun(shape, strides), bytes = evaluation.format.bytes;
  forEachElement(evaluation.type.getContext(), shape, strides, [&](int64_t i, ArrayRef<int64_t> at) {
    std::memcpy(result + (offset + at[0]) * bytes, operand.at(i * run), run * bytes);
  });
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

static std::optional<ElementsAttr> pad(const Evaluation &evaluation, PadOp op) {
  SmallVector<int64_t> low;
  for (auto [axis, dim] : llvm::enumerate(dimsOf(op.getLow()))) {
    int64_t extent = evaluation.operands[0].type.getDimSize(axis);
    if (!dim.isConstant() || *dim.constant() < 0 || *dim.constant() + extent > evaluation.type.getDimSize(axis))
      return std::nullopt;
    low.push_back(*dim.constant());
  }
  if (op.getMode() != PadMode::constant)
    return std::nullopt;
  unsigned bytes = evaluation.format.bytes;
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    int64_t step = evaluation.operands[1].type.getRank() ? bytes : 0;
    for (int64_t i = 0; i < evaluation.type.getNumElements(); ++i)
      std::memcpy(result + i * bytes, evaluation.operands[1].bytes + i * step, bytes);
    paste(evaluation, evaluation.operands[0], low, result);
  });
}

static std::optional<ElementsAttr> gather(const Evaluation &evaluation, GatherOp op) {
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
      return std::nullopt;
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
  channel[axis] = size;
  int64_t bytes = evaluation.format.bytes, stride = own[axis];
  return makeConstant(evaluation.type, evaluation.format, [&](char *result) {
    ArrayRef<int64_t> blocks = evaluation.type.getShape().drop_back();
    forEachElement(evaluation.type.getContext(), blocks, {place, channel}, [&](int64_t i, ArrayRef<int64_t> at) {
      int64_t there = std::clamp<int64_t>(extent - at[1], 0, size);
      char *to = result + i * size * bytes;
      std::memset(to + there * bytes, 0, (size - there) * bytes);
      if (stride == 1)
        std::memcpy(to, operand.at(at[0]), there * bytes);
      else
        for (int64_t element = 0; element < there; ++element)
          std::memcpy(to + element * bytes, operand.at(at[0] + element * stride), bytes);
    });
  });
}

static ElementsAttr iota(const Evaluation &evaluation, IotaOp op) {
  SmallVector<int64_t> strides(evaluation.type.getRank(), 0);
  strides[op.getAxis()] = 1;
  const ElementFormat &format = evaluation.format;
  return makeConstant(evaluation.type, format, [&](char *result) {
    forEachElement(evaluation.type.getContext(), evaluation.type.getShape(), strides,
                   [&](int64_t i, ArrayRef<int64_t> at) {
                     format.isReal() ? format.setReal(result + i * format.bytes, double(at[0]))
                                     : format.setInteger(result + i * format.bytes, at[0]);
                   });
  });
}

std::optional<ElementsAttr> graph::evaluateMovement(const Evaluation &evaluation) {
  using Result = std::optional<ElementsAttr>;
  return llvm::TypeSwitch<Operation *, Result>(evaluation.op)
      .Case([&](TransposeOp op) { return transpose(evaluation, op); })
      .Case([&](BroadcastOp) {
        return strided(evaluation,
                       broadcastStrides(evaluation.operands[0].type.getShape(), evaluation.type.getShape()));
      })
      .Case([&](SliceOp op) { return slice(evaluation, op); })
      .Case([&](ConcatOp op) { return concat(evaluation, op); })
      .Case([&](PadOp op) { return pad(evaluation, op); })
      .Case([&](GatherOp op) { return gather(evaluation, op); })
      .Case([&](BlockOp op) { return block(evaluation, op); })
      .Case([&](IotaOp op) { return iota(evaluation, op); })
      .Default([](Operation *) { return std::nullopt; });
}
