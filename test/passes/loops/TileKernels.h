// Kernels of a single register tile, for benchmarks of them and tests of their machine code and numbers.
#pragma once
#include "codegen/Schedules.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/loops/RegisterTile.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace quern {
class KernelFunction;
}

namespace quern::test {

class TileKernels {
public:
  /// Kernels whose reduction has `steps` steps.
  TileKernels(const Level &level, int64_t steps);

  /// @`symbol`: buffer 2 = buffer 0 * buffer 1, once per task. Of f32 without `dot`: buffer 0 is [rows, steps], buffer 1
  /// panels [columns / 16, steps, 16]. With it: [steps, rows, depth] and [steps, columns, depth], its sums in buffer 2.
  mlir::OwningOpRef<mlir::ModuleOp> tile(const TileChoice &choice, const DotForm *dot = nullptr,
                                         llvm::StringRef symbol = "quern_kernel");

  /// As many independent multiply-adds as hide their latency, without memory.
  mlir::OwningOpRef<mlir::ModuleOp> peak();

  /// Flops of one task of a kernel with so many accumulators of f32.
  double flops(int64_t accumulators) const { return 2.0 * accumulators * lanes * steps; }

  static constexpr int64_t kPeakSums = 12;

private:
  mlir::OwningOpRef<mlir::ModuleOp> make(llvm::StringRef elements, llvm::StringRef sums, llvm::StringRef symbol,
                                         llvm::function_ref<void(KernelFunction &, IndexBuilder)> body);

  mlir::MLIRContext context;
  const Level &level;
  int64_t steps, lanes;
};

} // namespace quern::test
