// What keeps a hostile or huge model from ending a compilation without a word: a limit of memory and of time, and a
// line for a crash. Each ends the process with the exit code of its kind.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace quern {

/// From now on the process may take `bytes` of memory and `seconds` of time; 0 is no limit. `model` is what messages
/// name. To be called once, by the thread that compiles.
void limitProcess(llvm::StringRef model, uint64_t bytes, unsigned seconds);

/// Another limit of memory, for instance when the size of the weights is known.
void limitMemory(uint64_t bytes);

/// The phase that a message about a crash names; the text must outlive the process.
void noteGuardedPhase(const char *phase);

} // namespace quern
