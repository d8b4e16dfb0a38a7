// Steps of a product's depth in shared memory, several at a time: one is multiplied while the next ones arrive.
#pragma once
#include "passes/loops/device/Tiles.h"

namespace quern {

class Stages {
public:
  /// `bytes` of shared memory for each stage, `least` in all. `copies`: some of what fills a stage are copies that have
  /// to be awaited. There are two stages at least.
  Stages(KernelFunction &kernel, int64_t bytes, bool copies, int64_t least = 0);

  /// The sums of all steps from place.from to place.end. `fill` puts the step that begins with k = `from` into the memory
  /// at `stage`, `multiply` adds it to the sums. Afterwards nobody uses the memory and nothing is under way to it.
  using Fill = llvm::function_ref<void(mlir::Value stage, mlir::Value from)>;
  using Multiply = llvm::function_ref<void(mlir::Value stage, mlir::Value from, llvm::SmallVector<mlir::Value> &sums)>;
  llvm::SmallVector<mlir::Value> forSteps(const TilePlace &place, int64_t depthStep, llvm::ArrayRef<mlir::Value> start,
                                          Fill fill, Multiply multiply);

  mlir::Value memory; ///< of all stages

private:
  mlir::Value at(mlir::Value stage);
  mlir::Value following(mlir::Value stage);
  void fillIfThere(const TilePlace &place, mlir::Value stage, mlir::Value from, Fill fill);
  void await(int64_t pending);

  KernelFunction &kernel;
  mlir::ImplicitLocOpBuilder &b;
  int64_t count, bytes;
  bool copies;
};

} // namespace quern
