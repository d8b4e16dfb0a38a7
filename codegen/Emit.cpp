#include "codegen/Emit.h"
#include "codegen/Backend.h"
#include "codegen/EmitModule.h"
#include "compiler/Diagnostics.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/TargetLibraryInfo.h"

using namespace llvm;

namespace quern {
namespace {

/// Everything but the C library meets in one file: nothing that a kernel calls or reads is to be found, or replaced,
/// from outside.
void hideSymbols(Module &module, bool farData) {
  TargetLibraryInfoImpl library(Triple(module.getTargetTriple()));
  LibFunc libFunction;
  for (GlobalObject &global : module.global_objects()) {
    if (global.hasLocalLinkage() || global.getName().starts_with("llvm.") ||
        library.getLibFunc(global.getName(), libFunction))
      continue;
    bool far = isa<GlobalVariable>(global) && global.isDeclaration();
    // What is hidden lies close, for LLVM; the definition hides the symbol for the linker as well.
    if (far && !farData) {
      global.setVisibility(GlobalValue::DefaultVisibility);
      global.setDSOLocal(false);
      continue;
    }
    global.setVisibility(GlobalValue::HiddenVisibility);
    global.setDSOLocal(true);
    if (far)
      cast<GlobalVariable>(global).setCodeModel(CodeModel::Large);
  }
}

/// The whole way from the LLVM dialect to a file in memory.
Error emitFile(mlir::ModuleOp source, const Target &target, const Level &level, CodeGenFileType type,
               SmallVectorImpl<char> &out) {
  LLVMContext context;
  std::unique_ptr<Module> module = mlir::translateModuleToLLVMIR(source, context);
  if (!module)
    return makeError(ErrorKind::Internal, "the module does not translate to LLVM IR");
  module->setTargetTriple(target.triple);
  hideSymbols(*module, backendOf(target).farData);
  return emitModule(*module, target, level, type, out);
}

} // namespace

Expected<EmittedObject> emitObject(mlir::ModuleOp module, const Target &target, const Level &level,
                                   const EmitOptions &options) {
  EmittedObject result;
  if (Error error = emitFile(module, target, level, CodeGenFileType::ObjectFile, result.object))
    return error;
  if (!options.countLoops)
    return result;
  Expected<std::vector<FunctionCounts>> functions =
      countLoops(StringRef(result.object.data(), result.object.size()), target, level);
  if (!functions)
    return functions.takeError();
  for (const FunctionCounts &function : *functions) {
    if (hotter(function.hot, result.hot))
      result.hot = function.hot;
    result.dynamicStack |= function.dynamicStack;
  }
  return result;
}

Expected<std::string> emitAssembly(mlir::ModuleOp module, const Target &target, const Level &level) {
  SmallVector<char, 0> text;
  if (Error error = emitFile(module, target, level, CodeGenFileType::AssemblyFile, text))
    return error;
  return std::string(text.begin(), text.end());
}

} // namespace quern
