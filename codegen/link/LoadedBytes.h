// What an object costs in memory.
#pragma once
#include "llvm/ADT/StringRef.h"

namespace quern {

/// Bytes of the sections of an ELF object that a program loads: code, tables and zeroed memory. 0 for no such object.
uint64_t loadedBytes(llvm::StringRef object);

} // namespace quern
