// Phase 8: machine code for one module, on any thread.
#pragma once
#include "codegen/Lint.h"
#include "codegen/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include <string>
#include <vector>

namespace quern {

/// An ELF relocatable object and what the lint found in it; of a kernel for a device its text alone.
struct EmittedObject {
  llvm::SmallVector<char, 0> object;
  LoopCounts hot; ///< of the function with the hottest loop
  bool dynamicStack = false;
};

struct EmitOptions {
  bool countLoops = true; ///< disassemble the object and fill EmittedObject::hot
};

/// Translates a module in the LLVM dialect in an LLVMContext of its own, optimizes it for `level` and emits an object.
/// Every defined function becomes hidden and nounwind. Every external variable (the weights) is taken to be hidden and
/// as far away as it likes: it is addressed with 64 bits.
/// Errors: Internal. Any thread; the module must be nobody else's.
llvm::Expected<EmittedObject> emitObject(mlir::ModuleOp module, const Target &target, const Level &level,
                                         const EmitOptions &options = {});

/// The same as assembly text, for people and for tests.
llvm::Expected<std::string> emitAssembly(mlir::ModuleOp module, const Target &target, const Level &level);

/// One module to emit and the level that it is for.
struct EmitJob {
  mlir::ModuleOp module;
  const Level *level;
  std::string name; ///< for errors: the kernel's
  const Target *code = nullptr; ///< the architecture; null: that of the call
};

/// Lowers each module to the LLVM dialect (in place; modules already there pass through) and emits it, on as many
/// threads as the machine has. Results are in the order of the jobs. A crash of a worker is an error of its job; the
/// first failed job, in that order, is the error of the call.
llvm::Expected<std::vector<EmittedObject>> emitAll(llvm::ArrayRef<EmitJob> jobs, const Target &target,
                                                   const EmitOptions &options = {});

/// Whether an architecture's code is text, which the device's driver compiles, instead of objects.
bool emitsText(const Target &target);

} // namespace quern
