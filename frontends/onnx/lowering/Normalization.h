// Normalization over trailing axes, for the operators that contain one.
#pragma once
#include "frontends/onnx/lowering/NodeLowering.h"

namespace quern::onnx {

/// graph.layer_norm of x over the axes from `axis` on, in x's type; types narrower than f32 are computed in f32.
mlir::Value layerNorm(NodeLowering &node, mlir::Value x, int64_t axis, double epsilon, bool centered);

/// The mean (null unless centered) and 1 / sqrt(variance + epsilon) over the axes from `axis` on, which stay with
/// extent 1; f32, or f64 for an x of f64.
llvm::SmallVector<mlir::Value, 2> layerStatistics(NodeLowering &node, mlir::Value x, int64_t axis, double epsilon,
                                                  bool centered);

} // namespace quern::onnx
