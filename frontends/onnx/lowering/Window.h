// The sliding windows that convolution and pooling share: their attributes, their defaults and auto_pad.
#pragma once
#include "frontends/onnx/lowering/NodeLowering.h"

namespace quern::onnx {

/// A window over the spatial axes (2, 3, ...) of an operand [N, C, D...]; every list has one entry per spatial axis.
struct Window {
  llvm::SmallVector<int64_t> kernel, strides, dilations, low, high;
  /// Padding whose amounts are only known at run time (auto_pad SAME over a dynamic extent and a stride): the operand
  /// is first padded by `dynamicLow` in front up to the extents `padded`; low and high are 0. Empty otherwise.
  llvm::SmallVector<Dim> dynamicLow, padded;

  size_t rank() const { return kernel.size(); }
  /// Elements from the first to the last one that a window covers along an axis.
  int64_t span(size_t axis) const { return dilations[axis] * (kernel[axis] - 1) + 1; }
  /// The low ends, then the high ends, as graph.conv and graph.pool have them.
  llvm::SmallVector<int64_t> pads() const;
};

/// Reads strides, dilations, pads and auto_pad of a node whose operand 0 is [N, C, D...].
/// Errors (Model): lists of another length than the spatial axes, values out of range, an unknown auto_pad.
llvm::Expected<Window> readWindow(NodeLowering &node, llvm::ArrayRef<int64_t> kernel);

/// The same without resolving auto_pad: pads are 0 unless it is NOTSET.
llvm::Expected<Window> readWindowAttributes(NodeLowering &node, llvm::ArrayRef<int64_t> kernel);

/// The operand after the padding that is only known at run time, filled with the rank-0 `fill`; the operand itself if
/// there is none.
mlir::Value padDynamically(NodeLowering &node, mlir::Value operand, const Window &window, mlir::Value fill);

/// True where auto_pad is SAME_UPPER or SAME_LOWER.
bool padsToSame(NodeLowering &node);

} // namespace quern::onnx
