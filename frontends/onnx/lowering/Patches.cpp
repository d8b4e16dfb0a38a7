// Col2Im: patches summed where they overlap. Each element of the image gathers the columns that hold it.
#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;
using graph::CompareKind;

namespace {
/// What is known along a spatial axis.
struct PatchAxis {
  Dim image, block, columns;
  int64_t stride, dilation, low;
};
} // namespace

/// Attributes of one entry, or two, for each spatial axis.
static llvm::Expected<SmallVector<int64_t>> perAxis(NodeLowering &node, llvm::StringRef name, size_t count,
                                                    int64_t otherwise, int64_t least) {
  SmallVector<int64_t> values = node.integers(name).value_or(SmallVector<int64_t>(count, otherwise));
  if (values.size() != count || llvm::any_of(values, [&](int64_t value) { return value < least || value > 1 << 30; }))
    return node.error(ErrorKind::Model, "{0} must have {1} entries of {2} or more", name, count, least);
  return values;
}

static llvm::Expected<SmallVector<PatchAxis>> readAxes(NodeLowering &node) {
  SmallVector<Dim> image = node.readDims(1), block = node.readDims(2, /*minimum=*/1);
  size_t count = image.size();
  if (node.failed() || count == 0 || block.size() != count)
    return node.error(ErrorKind::Model, "has {0} extents of the image and {1} of the block; they must be as many",
                      count, block.size());
  auto strides = perAxis(node, "strides", count, 1, 1);
  if (!strides)
    return strides.takeError();
  auto dilations = perAxis(node, "dilations", count, 1, 1);
  if (!dilations)
    return dilations.takeError();
  auto pads = perAxis(node, "pads", 2 * count, 0, 0);
  if (!pads)
    return pads.takeError();
  SmallVector<PatchAxis> axes;
  for (size_t i = 0; i < count; ++i) {
    Dim room = image[i] + (*pads)[i] + (*pads)[count + i] - (block[i] - 1) * (*dilations)[i] - 1;
    axes.push_back({image[i], block[i], room.floordiv((*strides)[i]) + 1, (*strides)[i], (*dilations)[i], (*pads)[i]});
  }
  return axes;
}

/// [N, C * block, columns] -> [N, C, image].
Lowered onnx::lowerCol2Im(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(3, 3))
    return error;
  Value x = node.operand(0);
  if (graph::rankOf(x) != 3)
    return node.error(ErrorKind::Model, "takes [batch, channels * block, columns], got {0}", x.getType());
  auto axes = readAxes(node);
  if (!axes)
    return axes.takeError();
  Type i64 = node.builder.getI64Type();
  int64_t spatial = axes->size();
  Dim blocks = 1, columns = 1;
  for (const PatchAxis &axis : *axes) {
    blocks = blocks * axis.block;
    columns = columns * axis.columns;
  }
  node.guard(graph::dimOf(x, 2), columns, "the columns must be the places of the block in the image");
  Dim channels = graph::dimOf(x, 1).floordiv(blocks);

  // For image places [P...] and block places [K...]: which column, and whether there is one.
  Value zero = node.constantInt(0, i64), block = zero, column = zero,
        exists = node.constantInt(1, node.builder.getI1Type());
  auto number = [&](const Dim &dim) { return node.dimVector({dim}, i64, /*rank0=*/true); };
  SmallVector<Dim> image;
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    SmallVector<Dim> alongImage(2 * spatial, 1), alongBlock(2 * spatial, 1);
    alongImage[i] = axis.image;
    alongBlock[spatial + i] = axis.block;
    image.push_back(axis.image);
    Value offset = node.iota(alongBlock, spatial + i, i64), stride = node.constantInt(axis.stride, i64);
    Value from = node.add(node.iota(alongImage, i, i64), node.constantInt(axis.low, i64));
    from = node.sub(from, node.mul(offset, node.constantInt(axis.dilation, i64)));
    Value place = node.div(node.max(from, zero), stride);
    Value fits = node.compare(CompareKind::eq, node.mul(place, stride), from); // from >= 0 and a multiple of the stride
    exists = node.binary<graph::AndOp>(
        exists, node.binary<graph::AndOp>(fits, node.compare(CompareKind::lt, place, number(axis.columns))));
    block = node.add(node.mul(block, number(axis.block)), offset);
    column = node.add(node.mul(column, number(axis.columns)), place);
  }
  Value index = node.select(exists, node.add(node.mul(block, number(columns)), column), zero);
  Value flat = node.reshape(x, {graph::dimOf(x, 0), channels, blocks * columns});
  Value picked = node.select(exists, node.gather(flat, index, 2), node.constantInt(0, x.getType()));
  SmallVector<int64_t> over = llvm::to_vector(llvm::seq<int64_t>(2 + spatial, 2 + 2 * spatial));
  return one(node.reduce(picked, over, graph::ReduceKind::sum, /*keep=*/false));
}
