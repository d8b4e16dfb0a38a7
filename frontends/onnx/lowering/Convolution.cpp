// Conv and ConvTranspose. The bias is an add of [1, M, 1...] that fuses into the convolution's epilogue.
#include "frontends/onnx/lowering/Window.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;
using namespace quern::onnx;

/// The spatial extents of the weight. All its extents have to be static: they are loop bounds of the kernel that is
/// made.
static llvm::Expected<SmallVector<int64_t>> kernelOf(NodeLowering &node, Value weight) {
  SmallVector<int64_t> kernel;
  for (const Dim &extent : dimsOf(weight)) {
    if (!extent.isConstant())
      return node.error(ErrorKind::Unsupported, "the weight's extent {0} is dynamic, expected a static one",
                        extent.str());
    kernel.push_back(*extent.constant());
  }
  kernel.erase(kernel.begin(), kernel.begin() + 2);
  if (auto declared = node.integers("kernel_shape"); declared && *declared != kernel)
    return node.error(ErrorKind::Model, "kernel_shape is [{0}] and the weight's spatial extents are [{1}]",
                      llvm::make_range(declared->begin(), declared->end()),
                      llvm::make_range(kernel.begin(), kernel.end()));
  return kernel;
}

/// Checks ranks and the group against weight axis 0 (the output channels of Conv, the input channels of ConvTranspose).
static llvm::Error checkOperands(NodeLowering &node, int64_t group) {
  Value x = node.operand(0), w = node.operand(1);
  if (rankOf(x) < 3 || rankOf(w) != rankOf(x))
    return node.error(ErrorKind::Model,
                      "the input has rank {0} and the weight rank {1}, expected two equal ranks of 3 or more",
                      rankOf(x), rankOf(w));
  Dim outer = dimOf(w, 0);
  if (group < 1 || (outer.isConstant() && *outer.constant() % group != 0))
    return node.error(ErrorKind::Model, "group is {0}, expected a divisor of the weight's {1} channels", group,
                      outer.str());
  return llvm::Error::success();
}

static Value addBias(NodeLowering &node, Value y) {
  if (!node.has(2))
    return y;
  if (rankOf(node.operand(2)) != 1) {
    node.fail(node.error(ErrorKind::Model, "the bias has rank {0}, expected 1", rankOf(node.operand(2))));
    return y;
  }
  SmallVector<Dim> dims(rankOf(y), 1);
  dims[1] = dimOf(node.operand(2), 0);
  return node.add(y, node.reshape(node.operand(2), dims));
}

Lowered onnx::lowerConv(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 3))
    return error;
  Value x = node.operand(0), w = node.operand(1);
  int64_t group = node.integer("group", 1);
  if (llvm::Error error = checkOperands(node, group))
    return error;
  auto kernel = kernelOf(node, w);
  if (!kernel)
    return kernel.takeError();
  node.guard(dimOf(x, 1), dimOf(w, 1) * group, "the input\'s channels and the weight\'s");
  auto window = readWindow(node, *kernel);
  if (!window)
    return window.takeError();

  x = padDynamically(node, x, *window, node.constant(0.0, x.getType()));
  Value y = node.create<ConvOp>(x, w, window->strides, window->dilations, window->pads(), group);
  return SmallVector<Value>{addBias(node, y)};
}

//===--- ConvTranspose ----------------------------------------------------------------------===//

namespace {
/// What ConvTranspose says about its result: extents asked for, and elements added at the high end.
struct TransposedExtents {
  SmallVector<int64_t> outputPadding;
  std::optional<SmallVector<int64_t>> outputShape;
};
} // namespace

static llvm::Expected<TransposedExtents> readExtents(NodeLowering &node, size_t rank) {
  TransposedExtents extents;
  extents.outputPadding = node.integers("output_padding").value_or(SmallVector<int64_t>(rank, 0));
  extents.outputShape = node.integers("output_shape");
  if (extents.outputPadding.size() != rank)
    return node.error(ErrorKind::Model, "output_padding has {0} entries, expected {1} for the operand's spatial axes",
                      extents.outputPadding.size(), rank);
  if (extents.outputShape && extents.outputShape->size() == rank + 2) // some exporters write batch and channels too
    extents.outputShape->erase(extents.outputShape->begin(), extents.outputShape->begin() + 2);
  if (extents.outputShape && extents.outputShape->size() != rank)
    return node.error(ErrorKind::Model, "output_shape has {0} entries, expected {1} for the operand's spatial axes",
                      extents.outputShape->size(), rank);
  return extents;
}

/// Sets the pads of an axis and returns the result's extent there. With output_shape or auto_pad SAME the pads are what
/// takes the full result, stride*(in-1) + output_padding + span, down to the extent that is asked for.
static llvm::Expected<Dim> transposedExtent(NodeLowering &node, Window &window, const TransposedExtents &asked,
                                            size_t axis) {
  Dim in = dimOf(node.operand(0), 2 + axis);
  Dim full = (in - 1) * window.strides[axis] + asked.outputPadding[axis] + window.span(axis);
  bool same = padsToSame(node);
  if (!asked.outputShape && !same)
    return full - window.low[axis] - window.high[axis];

  Dim extent = asked.outputShape ? Dim((*asked.outputShape)[axis]) : in * window.strides[axis];
  std::optional<int64_t> surplus = (full - extent).constant();
  if (!surplus)
    return node.error(ErrorKind::Unsupported,
                      "output_shape is {0} for the dynamic extent {1}, expected a static extent", extent.str(),
                      in.str());
  int64_t total = std::max<int64_t>(*surplus, 0), half = total / 2;
  bool upper = node.text("auto_pad", "NOTSET") == "SAME_UPPER";
  window.low[axis] = upper ? half : total - half;
  window.high[axis] = total - window.low[axis];
  return extent;
}

Lowered onnx::lowerConvTranspose(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 3))
    return error;
  Value x = node.operand(0), w = node.operand(1);
  int64_t group = node.integer("group", 1);
  if (llvm::Error error = checkOperands(node, group))
    return error;
  auto kernel = kernelOf(node, w);
  if (!kernel)
    return kernel.takeError();
  node.guard(dimOf(x, 1), dimOf(w, 0), "the input\'s channels and the weight\'s");
  auto window = readWindowAttributes(node, *kernel);
  if (!window)
    return window.takeError();
  auto asked = readExtents(node, window->rank());
  if (!asked)
    return asked.takeError();

  SmallVector<Dim> dims = {dimOf(x, 0), dimOf(w, 1) * group};
  for (size_t axis = 0; axis < window->rank(); ++axis) {
    auto extent = transposedExtent(node, *window, *asked, axis);
    if (!extent)
      return extent.takeError();
    dims.push_back(*extent);
  }
  Value y = node.createAs<ConvTransposeOp>(tensorType(dims, elementOf(x)), x, w, window->strides, window->dilations,
                                           window->pads(), group);
  return SmallVector<Value>{addBias(node, y)};
}
