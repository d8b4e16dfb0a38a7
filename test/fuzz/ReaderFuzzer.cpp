// Any bytes at all into the importer: it returns a module that verifies, or one line that says what is wrong.
//
//   ninja -C build fuzz-reader && build/bin/fuzz-reader -max_total_time=600 -rss_limit_mb=4096 CORPUS
//
// A corpus of small models (the onnx package's own backend cases, say) is what makes it find anything.
#include "compiler/Diagnostics.h"
#include "frontends/onnx/Importer.h"
#include "mlir/IR/MLIRContext.h"

using namespace quern;

// libMLIR and libLLVM are not instrumented: allocators that poison here and unpoison there would report each other.
extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0:detect_container_overflow=0";
}

// A context lives for a number of runs: making one costs more than a run, and blobs stay in it.
static mlir::MLIRContext &context(size_t run) {
  constexpr size_t runsPerContext = 500;
  static std::unique_ptr<mlir::MLIRContext> current;
  if (!current || run % runsPerContext == 0)
    current = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  return *current;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static size_t run = 0;
  llvm::StringRef bytes(reinterpret_cast<const char *>(data), size);
  auto module = importOnnxBytes(bytes, "fuzz.onnx", /*folder=*/"", context(run++));
  if (module)
    return 0;
  Failure failure = takeFailure(module.takeError());
  if (failure.kind == ErrorKind::Internal || failure.message.empty() ||
      llvm::StringRef(failure.message).contains('\n')) {
    llvm::errs() << failure.message << "\n";
    abort();
  }
  return 0;
}
