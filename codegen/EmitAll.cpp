#include "codegen/CrashFence.h"
#include "codegen/Emit.h"
#include "codegen/LowerToLLVM.h"
#include "compiler/Diagnostics.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/ThreadPool.h"

using namespace llvm;

namespace quern {
namespace {

/// Where this thread's MLIR errors go: the first one explains why its job failed.
thread_local std::string *jobError = nullptr;

mlir::LogicalResult keepFirstError(mlir::Diagnostic &diagnostic) {
  if (!jobError)
    return mlir::failure();
  if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error && jobError->empty())
    *jobError = StringRef(diagnostic.str()).split('\n').first;
  return mlir::success();
}

Error emitJob(const EmitJob &job, const Target &target, const EmitOptions &options, EmittedObject &result) {
  std::string text;
  jobError = &text;
  Error error = runFenced("emission", [&]() -> Error {
    if (failed(lowerToLLVMDialect(job.module, emitsText(target))))
      return makeError(ErrorKind::Internal, "lowering to LLVM failed");
    if (emitsText(target)) {
      Expected<std::string> text = emitAssembly(job.module, target, *job.level);
      if (!text)
        return text.takeError();
      result.object.assign(text->begin(), text->end());
      return Error::success();
    }
    Expected<EmittedObject> emitted = emitObject(job.module, target, *job.level, options);
    if (!emitted)
      return emitted.takeError();
    result = std::move(*emitted);
    return Error::success();
  });
  jobError = nullptr;
  if (error && !text.empty())
    error = withContext(text, std::move(error));
  return withContext(formatv("kernel {0} for {1}", quoted(job.name), job.level->name).str(), std::move(error));
}

} // namespace

bool emitsText(const Target &target) {
  return target.elfMachine == ELF::EM_CUDA;
}

Expected<std::vector<EmittedObject>> emitAll(ArrayRef<EmitJob> jobs, const Target &target, const EmitOptions &options) {
  std::vector<EmittedObject> results(jobs.size());
  if (jobs.empty())
    return results;
  mlir::MLIRContext &context = *mlir::ModuleOp(jobs.front().module).getContext();
  loadCodegenDialects(context);
  mlir::ScopedDiagnosticHandler handler(&context, keepFirstError);

  std::vector<std::optional<Error>> errors(jobs.size());
  {
    // A context without threading does not lock either.
    DefaultThreadPool pool(hardware_concurrency(context.isMultithreadingEnabled() ? 0 : 1));
    for (size_t i = 0; i < jobs.size(); ++i)
      pool.async([&, i] {
        const Target &code = jobs[i].code ? *jobs[i].code : target;
        errors[i].emplace(emitJob(jobs[i], code, options, results[i]));
      });
    pool.wait();
  }
  Error first = Error::success();
  for (std::optional<Error> &error : errors) {
    if (!first)
      first = std::move(*error);
    else
      consumeError(std::move(*error));
  }
  if (first)
    return std::move(first);
  return results;
}

} // namespace quern
