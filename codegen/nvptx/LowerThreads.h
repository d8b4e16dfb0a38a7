// What the dialect `gpu` says of threads, in the instructions of NVIDIA's devices.
#pragma once
#include "mlir/Pass/Pass.h"

namespace quern {

/// The dialects of which kernels for devices are made, and the translation of the one that they are lowered to.
void registerThreadDialects(mlir::DialectRegistry &registry);

/// gpu.thread_id, gpu.shuffle, gpu.barrier ... become ops of the nvvm dialect, and every function an entry point.
std::unique_ptr<mlir::Pass> createLowerThreadsPass();
std::unique_ptr<mlir::Pass> createMarkEntriesPass();

} // namespace quern
