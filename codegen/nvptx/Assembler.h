// NVIDIA's assembler, a program of the CUDA toolkit that a user may name: PTX text to machine code.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace quern {

/// A kernel's text and what to call it in errors.
struct DeviceText {
  llvm::StringRef name, text;
};

/// The program to run: `path`, or `ptxas` of the search path where it is empty. Error: Usage (there is none).
llvm::Expected<std::string> findAssembler(llvm::StringRef path);

/// The machine code of each text for `architecture` ("sm_80"), in their order, on as many threads as the machine has.
/// The assembler is run as a program of its own, without a shell. Errors: File (it cannot be run, or temporary files cannot
/// be written), Internal (it refuses a text; its first line says why).
llvm::Expected<std::vector<llvm::SmallVector<char, 0>>>
assembleAll(llvm::ArrayRef<DeviceText> texts, llvm::StringRef architecture, llvm::StringRef assembler);

} // namespace quern
