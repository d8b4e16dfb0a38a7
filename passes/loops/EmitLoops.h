#pragma once
#include "passes/loops/KernelFunction.h"

namespace quern {

/// The vector-loop emitter: elementwise ops, data movement and reductions.
///
/// Without row operators, each result is a loop nest over its own elements; what it needs is computed by need
/// (ElementEmitter). With softmax, layer norm or reductions over the last axes, a task owns whole rows: one pass per
/// reduction along the row, values that several passes need kept in scratch, then the results.
mlir::LogicalResult emitLoops(KernelFunction &kernel);

} // namespace quern
