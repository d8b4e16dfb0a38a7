// What the dialect `gpu` says of threads, in the instructions of NVIDIA's devices.
#pragma once
#include "mlir/Pass/Pass.h"

namespace quern {

/// Loads the dialects of which lowered kernels are made. Before any pass runs.
void loadThreadDialects(mlir::MLIRContext &context);

/// gpu.thread_id, gpu.shuffle, gpu.barrier ... become ops of the nvvm dialect, and every function an entry point.
std::unique_ptr<mlir::Pass> createLowerThreadsPass();
std::unique_ptr<mlir::Pass> createMarkEntriesPass();

} // namespace quern
