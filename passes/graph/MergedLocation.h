// Where an op comes from that takes the place of several: kernels list the model's nodes by it.
#pragma once
#include "mlir/IR/Operation.h"

namespace quern::graph {

/// The fused location of the ops on the ways from `first` to `last`: without the one that makes `first`, with `last`.
mlir::Location mergedLocation(mlir::Value first, mlir::Operation *last);

} // namespace quern::graph
