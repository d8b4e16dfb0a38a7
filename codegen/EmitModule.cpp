#include "codegen/EmitModule.h"
#include "codegen/Backend.h"
#include "compiler/Diagnostics.h"
#include "llvm/Analysis/CGSCCPassManager.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace quern {
namespace {

std::unique_ptr<TargetMachine> createMachine(const Target &target, const Level &level) {
  backendOf(target);
  std::string error;
  const llvm::Target *found = TargetRegistry::lookupTarget(target.triple, error);
  if (!found)
    return nullptr;
  return std::unique_ptr<TargetMachine>(found->createTargetMachine(target.triple, level.cpu, level.features,
                                                                   TargetOptions(), Reloc::PIC_,
                                                                   /*CM=*/std::nullopt, CodeGenOptLevel::Aggressive));
}

/// Errors that the code generator reports without stopping, such as an intrinsic that the CPU lacks. Without this
/// handler LLVM prints them and exits the process.
struct CodegenErrors {
  std::string first;

  explicit CodegenErrors(LLVMContext &context) {
    auto callback = [](const DiagnosticInfo *info, void *self) {
      std::string &first = static_cast<CodegenErrors *>(self)->first;
      if (info->getSeverity() != DS_Error || !first.empty())
        return;
      raw_string_ostream stream(first);
      DiagnosticPrinterRawOStream printer(stream);
      info->print(printer);
    };
    context.setDiagnosticHandlerCallBack(callback, this);
  }
};

void prepareModule(Module &module, TargetMachine &machine, const Target &target, const Level &level) {
  module.setTargetTriple(target.triple);
  module.setDataLayout(machine.createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  for (StringRef flag : backendOf(target).moduleFlags)
    module.addModuleFlag(Module::Override, flag, 1);
  // The name would stand in the object's symbol table.
  module.setSourceFileName("quern");
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr(Attribute::NoUnwind);
    function.addFnAttr("target-cpu", level.cpu);
    if (!level.features.empty())
      function.addFnAttr("target-features", level.features);
    for (auto [name, value] : backendOf(target).functionAttributes)
      function.addFnAttr(name, value);
    function.addFnAttr("prefer-vector-width", std::to_string(level.vectorBytes * 8));
  }
}

void optimize(Module &module, TargetMachine &machine) {
  // The emitters chose vectors, unrolling and interleaving; LLVM would only undo their register budget.
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = tuning.LoopInterleaving = tuning.LoopUnrolling = false;
  PassBuilder passes(&machine, tuning);
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(components);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, components, modules);
  passes.buildPerModuleDefaultPipeline(OptimizationLevel::O2).run(module, modules);
}

} // namespace

Error emitModule(Module &module, const Target &target, const Level &level, CodeGenFileType type,
                 SmallVectorImpl<char> &out) {
  CodegenErrors errors(module.getContext());
  std::unique_ptr<TargetMachine> machine = createMachine(target, level);
  if (!machine)
    return makeError(ErrorKind::Internal, "this LLVM has no code generator for {0}", target.triple);
  prepareModule(module, *machine, target, level);
  optimize(module, *machine);

  raw_svector_ostream stream(out);
  legacy::PassManager emission;
  if (machine->addPassesToEmitFile(emission, stream, /*DwoOut=*/nullptr, type))
    return makeError(ErrorKind::Internal, "LLVM cannot emit files of this kind for {0}", target.triple);
  emission.run(module);
  if (!errors.first.empty())
    return makeError(ErrorKind::Internal, "code generation for {0}: {1}", level.name,
                     StringRef(errors.first).split('\n').first);
  return Error::success();
}

} // namespace quern
