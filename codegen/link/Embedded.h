// Files that the compiler carries inside itself, so that a host needs no sysroot and no headers of ours.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace quern {

/// A stub of libc.so.6 for the machine: names and versions to link against, no code.
llvm::StringRef libcStub(uint16_t elfMachine);

/// An object for the machine with the functions that LLVM calls where it has no instruction (fmod, conversions of
/// 16-bit floats).
llvm::StringRef libcallsObject(uint16_t elfMachine);

/// The runtime as one object for the machine.
llvm::StringRef runtimeObject(uint16_t elfMachine);

/// The runtime's kernels on strings as one object for the machine, for models that have such ops.
llvm::StringRef textObject(uint16_t elfMachine);

/// What drives a device beside that machine, for models with kernels for it.
llvm::StringRef deviceDriverObject();

/// The text of quern/runtime.h.
llvm::StringRef runtimeHeader();

} // namespace quern
