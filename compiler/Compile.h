// The compiler as a function: a model in, an artifact out.
#pragma once
#include "compiler/Diagnostics.h"
#include "compiler/Options.h"
#include "codegen/Emit.h"
#include "codegen/Target.h"
#include "codegen/link/ModelDescription.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/JSON.h"
#include <memory>

namespace mlir {
class PassManager;
}

namespace quern {

/// Registers and loads every dialect of the pipeline. Once per context.
void loadDialects(mlir::MLIRContext &context);
/// Registers every pass of the pipeline for textual pipelines (quern-opt).
void registerPasses();

/// One row of Phases.inc.
struct Phase {
  llvm::StringLiteral name, summary;
};
llvm::ArrayRef<Phase> allPhases();

/// A model on its way through the phases.
struct Compilation {
  Compilation(mlir::MLIRContext &context, const CompileOptions &options) : context(context), options(options) {}

  mlir::MLIRContext &context;
  const CompileOptions &options;
  const Target *target = nullptr;
  /// The same model for the processor alone, where the target names both; it goes into the same file.
  std::unique_ptr<Compilation> processor;
  std::string kernelPrefix = "k", hostSymbol = "quern_host_main"; ///< what tells symbols of the two apart
  std::string input;      ///< path of the model, or what to call it in messages
  llvm::StringRef bytes;  ///< the model itself where it is not a file
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<EmittedObject> objects; ///< after "emit": the host function, then the kernels in the order of `kernels`
  /// A kernel of a level: its symbol, and whether its code is a device's.
  struct EmittedKernel {
    std::string symbol;
    bool onDevice;
    llvm::SmallVector<char, 0> binary = {}; ///< with CompileOptions::cubin, the machine code of a device's
  };
  std::vector<EmittedKernel> kernels; ///< the emitted kernels
  std::string assembly;               ///< after "emit" with EmitKind::Assembly
  llvm::json::Object manifest;        ///< after "link"
  std::vector<std::string> warnings;  ///< what a user should know of a model that compiles all the same
  struct Timing {
    llvm::StringRef phase;
    double seconds;
  };
  std::vector<Timing> timings;
};

/// Runs the phases that the options ask for. Errors are those of the phases; a failed verifier is Internal. With
/// startAt, `input` is the text of the phase before (PhaseText.h): what that phase's verifier says of it is the
/// caller's error.
llvm::Error runPhases(Compilation &compilation);

/// Runs passes on the compilation's module; the first diagnostic is the error's text.
llvm::Error runPasses(Compilation &compilation, llvm::function_ref<void(mlir::PassManager &)> add,
                      ErrorKind kind = ErrorKind::Internal);

} // namespace quern
