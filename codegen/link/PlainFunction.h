// The C function of a model whose shapes are all static.
#pragma once
#include "codegen/link/ModelDescription.h"
#include "llvm/IR/Module.h"

namespace quern {

/// Defines int32_t NAME(const void *input..., void *output..., quern_context *context) in `module`: it fills the
/// tensors and calls quern_run. A null output is QUERN_INVALID_ARGUMENT, as the caller could not find the result.
void definePlainFunction(const ModelDescription &model, llvm::Module &module);

} // namespace quern
