#include "test/passes/loops/LoadedKernel.h"
#include "codegen/EmitModule.h"
#include "codegen/Host.h"
#include "codegen/LowerToLLVM.h"
#include "codegen/link/Linker.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/SourceMgr.h"
#include <dlfcn.h>
#include <time.h>

using namespace llvm;

namespace quern::test {

void die(const Twine &message) {
  errs() << message << "\n";
  exit(1);
}

double processorTime() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

/// Kernels are hidden; this public function reaches it.
static SmallVector<char, 0> emitEntry(const Target &target, const Level &level) {
  LLVMContext context;
  SMDiagnostic diagnostic;
  auto module = parseAssemblyString("declare hidden i32 @quern_kernel(ptr)\n"
                                    "define i32 @quern_entry(ptr %launch) {\n"
                                    "  %code = tail call i32 @quern_kernel(ptr %launch)\n  ret i32 %code\n}\n",
                                    diagnostic, context);
  SmallVector<char, 0> object;
  cantFail(emitModule(*module, target, level, CodeGenFileType::ObjectFile, object));
  return object;
}

LoadedKernel loadKernel(mlir::ModuleOp module, const Target &target, const Level &level) {
  if (failed(mlir::verify(module)) || failed(lowerToLLVMDialect(module)))
    die("the kernel does not lower");
  Expected<EmittedObject> object = emitObject(module, target, level);
  if (!object)
    die(toString(object.takeError()));
  if (!runsOnThisMachine(level))
    return {nullptr, object->hot, object->dynamicStack};
  SmallVector<char, 0> entry = emitEntry(target, level);
  SmallString<64> library;
  if (sys::fs::createTemporaryFile("kernel", "so", library))
    die("cannot create a file");
  FileRemover remover(library);
  LinkRequest request;
  request.target = &target;
  request.objects = {StringRef(object->object.data(), object->object.size()), StringRef(entry.data(), entry.size())};
  request.name = "kernel";
  request.exports = {"quern_entry"};
  request.output = library.str().str();
  if (Error error = linkSharedLibrary(request))
    die(toString(std::move(error)));
  void *handle = dlopen(library.c_str(), RTLD_NOW);
  void *symbol = handle ? dlsym(handle, "quern_entry") : nullptr;
  if (!symbol)
    die(dlerror());
  return {reinterpret_cast<quern_kernel>(symbol), object->hot, object->dynamicStack};
}

} // namespace quern::test
