// What happens to accumulators at the end of a register tile: the elementwise ops fused behind a contraction run on
// them, and the results go to memory through the reshapes and transposes that follow.
#pragma once
#include "passes/loops/ElementEmitter.h"

namespace quern {

/// Made once per kernel. The ops between the anchor's result and the kernel's results must be elementwise (the anchor's
/// value not broadcast), reshapes or transposes; their other operands may be anything the ElementEmitter can compute.
class Epilogue {
public:
  Epilogue(KernelFunction &kernel, mlir::Value anchor);

  /// True if every op behind the anchor is of a kind that can be fused.
  static bool supports(mlir::Value anchor, mlir::Block &body);

  /// Finishes the element(s) of the anchor's result at `point`: `sum` is a scalar or a vector in the accumulators'
  /// type. Lanes outside `mask` (may be null) are neither read nor written.
  void store(mlir::Value sum, const Point &point, mlir::Value mask = {});

private:
  Point follow(mlir::Operation *op, mlir::Value operand, const Point &point);

  KernelFunction &kernel;
  mlir::Value anchor;
  llvm::SmallVector<std::pair<mlir::Operation *, mlir::Value>>
      chain; ///< ops and their operand that hangs on the anchor
};

} // namespace quern
