// What happens to accumulators at the end of a register tile: the elementwise ops fused behind a contraction run on
// them, and the results go to memory through the reshapes and transposes that follow.
#pragma once
#include "passes/loops/ElementEmitter.h"
#include "passes/loops/IndexBuilder.h"

namespace quern {

/// Made once per kernel. The ops between the anchor's result and the kernel's results must be elementwise (the anchor's
/// value not broadcast), reshapes or transposes; their other operands may be anything the ElementEmitter can compute.
class Epilogue {
public:
  Epilogue(KernelFunction &kernel, mlir::Value anchor);

  /// The op that the kernel's algorithm is for. An error where the kernel has none, or an op behind it that cannot be
  /// fused. With `folds` the rows of what the elementwise ops make may be reduced (RowFold.h).
  template <typename OpTy> static mlir::FailureOr<OpTy> findAnchor(KernelFunction &kernel, bool folds = false) {
    auto anchor = kernel.find<OpTy>();
    if (mlir::failed(checkAnchor(kernel, anchor, folds)))
      return mlir::failure();
    return anchor;
  }

  /// Finishes the element(s) of the anchor's result at `point`: `sum` is a scalar or a vector in the accumulators'
  /// type. Lanes outside `mask` (may be null) are neither read nor written.
  void store(mlir::Value sum, const Point &point, mlir::Value mask = {});

  /// The element(s) of `result`, which the elementwise ops make of the anchor's result.
  mlir::Value value(mlir::Value result, mlir::Value sum, const Point &point, mlir::Value mask = {});

  /// Finishes a whole tile: sum (i, j) is at i * vectors + j, and `place` says where `count` vectors of a row go, from
  /// `first` on. An epilogue of many instructions has code for one or two vectors and runs over all of them, whose sums
  /// wait in scratch memory: written out for every one it takes most of the compile time, and sums that wait in
  /// registers for such code are spilled anyway. Masks that are not null have code of their own.
  using RowPlaces = llvm::function_ref<llvm::SmallVector<Point>(Index row, Index first, int64_t count)>;
  void storeTile(llvm::ArrayRef<mlir::Value> sums, int64_t vectors, RowPlaces place,
                 llvm::ArrayRef<mlir::Value> masks = {});
  /// The same, with another end for each vector of sums.
  using Finish = llvm::function_ref<void(mlir::Value sum, Index row, const Point &point, mlir::Value mask)>;
  void finishTile(llvm::ArrayRef<mlir::Value> sums, int64_t vectors, RowPlaces place, llvm::ArrayRef<mlir::Value> masks,
                  Finish finish);

private:
  /// `anchor` may be null.
  static mlir::LogicalResult checkAnchor(KernelFunction &kernel, mlir::Operation *anchor, bool folds);
  static bool supports(mlir::Value anchor, mlir::Block &body, bool folds);
  using Points = llvm::DenseMap<mlir::Value, Point>;
  using Values = llvm::DenseMap<mlir::Value, mlir::Value>;
  void compute(ElementEmitter &emitter, mlir::Value sum, const Point &point, Points &points, Values &values);
  Point follow(mlir::Operation *op, mlir::Value operand, const Point &point);

  KernelFunction &kernel;
  mlir::Value anchor;
  llvm::SmallVector<std::pair<mlir::Operation *, mlir::Value>>
      chain; ///< ops and their operand that hangs on the anchor
  mlir::Value waiting; ///< scratch memory of a tile's sums; null until it is needed
};

} // namespace quern
