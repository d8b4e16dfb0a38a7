// The model's tables as an object: `quern_model_descriptor`, its alias under the model's name, the manifest's section
// and, for static shapes, the plain C function.
#pragma once
#include "codegen/Target.h"
#include "codegen/link/ModelDescription.h"
#include "llvm/ADT/SmallVector.h"

namespace quern {

/// Symbols that the artifact of `model` exports besides the runtime's own.
std::vector<std::string> descriptorExports(const ModelDescription &model);

/// An object that refers to the kernels and to the host function, both hidden. `processor` is the same model where the
/// device of `model` is missing, or null. Errors: Unsupported (an input or output of a rank above QUERN_MAX_RANK),
/// Internal (sites and kernels disagree).
llvm::Expected<llvm::SmallVector<char, 0>> emitDescriptor(const ModelDescription &model, const Target &target,
                                                          const ModelDescription *processor = nullptr);

} // namespace quern
