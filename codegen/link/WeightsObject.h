// The weights as an ELF object, without an assembler and without a second copy in memory.
#pragma once
#include "codegen/link/ScratchFile.h"
#include "llvm/ADT/ArrayRef.h"

namespace quern {

/// Where each segment starts, counted from the first: the next multiple of 64 bytes after the one before.
std::vector<uint64_t> weightsOffsets(llvm::ArrayRef<llvm::ArrayRef<char>> segments);

/// Writes a relocatable object that defines `symbol`, hidden and read-only, as the segments one after the other.
/// They lie in a section for large data, which the linker keeps apart from what code reaches with 32 bits.
/// Error: File (a full disk).
llvm::Error writeWeightsObject(ScratchFile &out, uint16_t elfMachine, llvm::StringRef symbol,
                               llvm::ArrayRef<llvm::ArrayRef<char>> segments);

} // namespace quern
