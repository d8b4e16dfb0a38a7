// model.h: what a C program includes to call a compiled model.
#pragma once
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <string>

namespace quern {

/// The text of the header of the model that `manifest` describes (see Manifest.h): the runtime's interface, the
/// declaration of NAME_model_descriptor and, for static shapes, the plain function, each with its shapes.
/// Error: Model, a field of the manifest is missing or of the wrong kind.
llvm::Expected<std::string> formatHeader(const llvm::json::Object &manifest);

} // namespace quern
