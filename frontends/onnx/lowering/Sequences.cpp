// Sequences of a length known at compile time: they are lists of values, and operators on them leave no trace.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

/// The elements of a sequence operand.
static llvm::Expected<SmallVector<Value>> elements(NodeLowering &node, size_t input) {
  if (std::optional<SmallVector<Value>> known = node.elementsOf(node.operand(input)))
    return *known;
  return node.error(ErrorKind::Model, "takes a sequence as input {0}", input);
}

/// A position of a sequence, `count` counted from the end; `most` is the last one there is.
static llvm::Expected<int64_t> position(NodeLowering &node, size_t input, int64_t count, int64_t most) {
  auto known = attributeOrInput(node, "position", input);
  if (!known)
    return known.takeError();
  if ((*known)->size() != 1)
    return node.error(ErrorKind::Model, "takes one position, got {0}", node.operand(input).getType());
  int64_t given = (*known)->front(), at = given < 0 ? given + count : given;
  if (at < 0 || at > most)
    return node.error(ErrorKind::Model, "position {0} is outside a sequence of {1}", given, count);
  return at;
}

Lowered onnx::lowerSequenceConstruct(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(std::max<size_t>(1, node.numOperands())))
    return error;
  return one(node.list(node.allOperands()));
}

Lowered onnx::lowerSequenceEmpty(NodeLowering &node) { return one(node.list({})); }

Lowered onnx::lowerSequenceLength(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  auto list = elements(node, 0);
  if (!list)
    return list.takeError();
  return one(node.constantInt(list->size(), node.builder.getI64Type()));
}

Lowered onnx::lowerSequenceAt(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  auto list = elements(node, 0);
  if (!list)
    return list.takeError();
  auto at = position(node, 1, list->size(), int64_t(list->size()) - 1);
  return at ? one((*list)[*at]) : Lowered(at.takeError());
}

Lowered onnx::lowerSequenceInsert(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 3))
    return error;
  auto list = elements(node, 0);
  if (!list)
    return list.takeError();
  if (!isa<RankedTensorType>(node.operand(1).getType()))
    return node.error(ErrorKind::Model, "inserts a tensor, got {0}", node.operand(1).getType());
  int64_t count = list->size();
  auto at = node.has(2) ? position(node, 2, count, count) : llvm::Expected<int64_t>(count);
  if (!at)
    return at.takeError();
  list->insert(list->begin() + *at, node.operand(1));
  return one(node.list(*list));
}

Lowered onnx::lowerSequenceErase(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 2))
    return error;
  auto list = elements(node, 0);
  if (!list)
    return list.takeError();
  int64_t last = int64_t(list->size()) - 1;
  auto at = node.has(1) ? position(node, 1, list->size(), last) : llvm::Expected<int64_t>(last);
  if (!at)
    return at.takeError();
  if (list->empty())
    return node.error(ErrorKind::Model, "takes an element out of an empty sequence");
  list->erase(list->begin() + *at);
  return one(node.list(*list));
}

Lowered onnx::lowerConcatFromSequence(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 1))
    return error;
  auto list = elements(node, 0);
  if (!list)
    return list.takeError();
  if (list->empty())
    return node.error(ErrorKind::Model, "concatenates an empty sequence");
  bool newAxis = node.integer("new_axis", 0);
  int64_t rank = graph::rankOf(list->front());
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", 0), rank + newAxis);
  if (!axis)
    return axis.takeError();
  for (Value &element : *list) {
    if (graph::rankOf(element) != rank)
      return node.error(ErrorKind::Model, "concatenates {0} and {1}", list->front().getType(), element.getType());
    if (newAxis)
      element = node.unsqueeze(element, {*axis});
  }
  return one(node.concat(*list, *axis));
}

/// The extents of the parts: given one by one, all of one extent but the last, or 1 each.
static llvm::Expected<SmallVector<int64_t>> partSizes(NodeLowering &node, int64_t extent) {
  if (!node.has(1))
    return SmallVector<int64_t>(extent, 1);
  auto known = attributeOrInput(node, "split", 1);
  if (!known)
    return known.takeError();
  if (graph::rankOf(node.operand(1)) != 0)
    return **known;
  SmallVector<int64_t> sizes;
  for (int64_t from = 0, size = (*known)->front(); size > 0 && from < extent; from += size)
    sizes.push_back(std::min(size, extent - from));
  return sizes;
}

Lowered onnx::lowerSplitToSequence(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(1, 2))
    return error;
  Value x = node.operand(0);
  llvm::Expected<int64_t> axis = node.axis(node.integer("axis", 0), graph::rankOf(x));
  if (!axis)
    return axis.takeError();
  std::optional<int64_t> extent = graph::dimOf(x, *axis).constant();
  if (!extent || *extent > 4096)
    return node.error(ErrorKind::Unsupported, "splits axis {0} of extent {1}; it must be static, and at most 4096",
                      *axis, graph::dimOf(x, *axis).str());
  auto sizes = partSizes(node, *extent);
  if (!sizes)
    return sizes.takeError();
  int64_t from = 0;
  SmallVector<Value> parts;
  for (int64_t size : *sizes) {
    if (size < 0 || size > *extent - from)
      return node.error(ErrorKind::Model, "the sizes of split do not add up to the {0} elements of axis {1}", *extent,
                        *axis);
    Value part = node.sliceAxis(x, *axis, from, size);
    parts.push_back(!node.has(1) && !node.integer("keepdims", 1) ? node.squeeze(part, {*axis}) : part);
    from += size;
  }
  if (from != *extent)
    return node.error(ErrorKind::Model, "the sizes of split add up to {0}, but axis {1} has {2} elements", from, *axis,
                      *extent);
  return one(node.list(parts));
}
