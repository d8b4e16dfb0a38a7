// lld in this process.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace quern {

/// Runs `ld.lld` with these arguments. lld keeps its state in globals: callers take turns, on one thread each.
/// `output` is what messages name in place of temporary files. Errors: File (the output cannot be written), Internal.
llvm::Error runLld(llvm::ArrayRef<std::string> arguments, llvm::StringRef output);

} // namespace quern
