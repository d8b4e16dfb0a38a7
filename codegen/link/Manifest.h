// The artifact's own account of itself: JSON in the section .quern.manifest, readable without running the file.
#pragma once
#include "codegen/link/ModelDescription.h"
#include "llvm/Support/JSON.h"

namespace quern {

inline constexpr llvm::StringLiteral kManifestSection = ".quern.manifest";

/// name, identifier, inputs, outputs, symbols, sites, levels and metadata of the model; callers add what they know.
/// A dim is a number, a symbol's name, or null when it is known only after the run.
llvm::json::Object describe(const ModelDescription &model);

/// The text that goes into the artifact: one line, keys sorted, equal objects give equal bytes.
std::string formatManifest(llvm::json::Object manifest);

/// The manifest of a shared library, an object or an archive that Quern wrote. The file may be stripped, truncated or
/// hostile. Errors: File (cannot be read), Model (not an artifact of Quern, or damaged).
llvm::Expected<llvm::json::Object> readManifest(llvm::StringRef path);

} // namespace quern
