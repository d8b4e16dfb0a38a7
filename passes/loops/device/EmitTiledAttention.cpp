#include "passes/loops/Emitters.h"
#include "passes/loops/device/AttentionTasks.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

/// Attention on a device, without its scores in memory.
LogicalResult emitTiledAttention(KernelFunction &kernel) {
  auto found = Epilogue::findAnchor<AttentionOp>(kernel);
  if (failed(found))
    return failure();
  AttentionOp attention = *found;
  for (Value operand : {attention.getQuery(), attention.getValue()})
    if (!dimOf(operand, 3).constant())
      return kernel.source.emitError("has an attention with an unknown head size");
  AttentionTasks tasks(kernel, attention);
  bool isForMatrixUnits = kernel.source.getSchedule().parameter("warp_queries", 0) > 0;
  (isForMatrixUnits ? emitWarpAttention : emitThreadAttention)(kernel, tasks);
  if (!kernel.fitsShared(0))
    return kernel.source.emitError("has tiles of attention that do not fit the memory of a block");
  return success();
}

} // namespace quern
