#pragma once
#include "passes/loops/KernelFunction.h"

namespace quern {

/// Makes the loops of one kernel for one level. Fails with a diagnostic on the kernel.func.
using KernelEmitter = mlir::LogicalResult (*)(KernelFunction &);

/// The emitter of an algorithm of #kernel.schedule (Emitters.inc); null for an unknown name.
KernelEmitter emitterNamed(llvm::StringRef algorithm);

/// The emitter of an algorithm for a target's device (device/Emitters.inc); null for an unknown name.
KernelEmitter deviceEmitterNamed(llvm::StringRef algorithm);

#define QUERN_EMITTER(algorithm, function) mlir::LogicalResult function(KernelFunction &kernel);
#include "passes/loops/Emitters.inc"
#define QUERN_EMITTER(algorithm, function) mlir::LogicalResult function(KernelFunction &kernel);
#include "passes/loops/device/Emitters.inc"

} // namespace quern
