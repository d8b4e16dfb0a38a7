// The part of emission that starts from LLVM IR: for modules that the compiler builds without MLIR.
#pragma once
#include "codegen/Target.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CodeGen.h"

namespace quern {

/// Optimizes `module` for `level` and writes it to `out` as a file of that type. Functions defined in it become
/// nounwind; linkage and visibility stay as they are. Error: Internal.
llvm::Error emitModule(llvm::Module &module, const Target &target, const Level &level, llvm::CodeGenFileType type,
                       llvm::SmallVectorImpl<char> &out);

} // namespace quern
