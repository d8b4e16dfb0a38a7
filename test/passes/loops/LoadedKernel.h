// Machine code of one kernel, in this process.
#pragma once
#include "codegen/Emit.h"
#include "quern/runtime.h"

namespace quern::test {

struct LoadedKernel {
  quern_kernel run; ///< stays loaded until the process ends; null where the level does not run here
  LoopCounts hot;
  bool dynamicStack;
};

/// Lowers `module`, which defines @quern_kernel as a kernel of phase 5, links it into a library of its own and loads it.
/// Ends the process with a message if anything fails.
LoadedKernel loadKernel(mlir::ModuleOp module, const Target &target, const Level &level);

/// Nanoseconds that this thread had a processor: what else runs on the machine counts less than on a clock.
double processorTime();

[[noreturn]] void die(const llvm::Twine &message);

} // namespace quern::test
