// lld in this process.
#pragma once
#include "codegen/link/LinkInputs.h"
#include "codegen/link/OutputFile.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace quern {

/// Runs `ld.lld` on the inputs, with these arguments besides. lld keeps its state in globals: callers take turns.
/// `shownOutput` is what messages name in place of the temporary. Errors: File (the disk is full), Internal.
llvm::Error runLld(const LinkInputs &inputs, const OutputFile &output, llvm::ArrayRef<std::string> arguments,
                   llvm::StringRef shownOutput);

/// The same, then writes what came out with the request's weights in place as its output. Errors: File, Internal.
llvm::Error linkWithWeights(const LinkInputs &inputs, llvm::ArrayRef<std::string> arguments, const LinkRequest &request,
                            bool executable);

} // namespace quern
