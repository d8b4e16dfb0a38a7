// The weights' place in an ELF file, and their bytes in it: lld never sees them, so that they are written once.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace quern {

/// Where each segment starts, counted from the first: the next multiple of 64 bytes after the one before.
std::vector<uint64_t> weightsOffsets(llvm::ArrayRef<llvm::ArrayRef<char>> segments);

/// A relocatable object that defines `symbol`, hidden and read-only, with room for the segments one after the other and
/// without their bytes. The section is one for large data, which the linker keeps apart from what code reaches with 32
/// bits.
std::string weightsObject(uint16_t elfMachine, llvm::StringRef symbol, llvm::ArrayRef<llvm::ArrayRef<char>> segments);

/// `image`, the weights' object or what lld made of it, with the segments in their place: the pieces of the file, in
/// order, some of them in `image`, whose headers are changed for what now lies in between.
std::vector<llvm::StringRef> insertWeights(llvm::MutableArrayRef<char> image,
                                           llvm::ArrayRef<llvm::ArrayRef<char>> segments);

} // namespace quern
