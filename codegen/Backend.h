// What one architecture gives to the shared code of this folder: a row per architecture, filled in its own folder.
#pragma once
#include "codegen/Target.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace quern {

/// What an instruction does for a product, as far as the lint cares.
enum class MultiplyAdd { None, Vector, Scalar };

struct Backend {
  uint16_t elfMachine;
  /// Registers LLVM's code generator, assembler and disassembler. Cheap when called again; any thread.
  void (*initialize)();
  /// `opcode` is LLVM's name of the instruction, such as "VADDPSZrr".
  MultiplyAdd (*classify)(llvm::StringRef opcode);
  llvm::ArrayRef<llvm::StringLiteral> vectorRegisters; ///< how the names of vector registers begin
  llvm::StringLiteral stackPointer, framePointer;      ///< LLVM's names of the registers
  /// The code model can address a variable more than 2 GB away from the code.
  bool farData;
  /// Control-flow protection: LLVM's module flags for the code, lld's arguments for the file that says so.
  llvm::ArrayRef<llvm::StringLiteral> moduleFlags, linkArguments;
};

/// The row of the target's architecture, initialized.
const Backend &backendOf(const Target &target);

/// x86-64: codegen/x86/Backend.cpp.
extern const Backend x86Backend;

} // namespace quern
