#include "codegen/CrashFence.h"
#include "compiler/Diagnostics.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include <mutex>

using namespace llvm;

namespace quern {
namespace {

thread_local std::string *fatalText = nullptr;

void handleFatalError(void *, const char *reason, bool) {
  if (!fatalText)
    return;
  *fatalText = reason;
  if (CrashRecoveryContext *current = CrashRecoveryContext::GetCurrent())
    current->HandleExit(exitCode(ErrorKind::Internal)); // jumps back to RunSafely
}

/// The process-wide handlers, in place while at least one fence stands.
class Handlers {
public:
  Handlers() {
    std::lock_guard<std::mutex> guard(mutex);
    if (standing++ == 0) {
      CrashRecoveryContext::Enable();
      install_fatal_error_handler(handleFatalError);
    }
  }
  ~Handlers() {
    std::lock_guard<std::mutex> guard(mutex);
    if (--standing == 0) {
      remove_fatal_error_handler();
      CrashRecoveryContext::Disable();
    }
  }

private:
  static inline std::mutex mutex;
  static inline unsigned standing = 0;
};

} // namespace

Error runFenced(StringRef what, function_ref<Error()> action) {
  Handlers handlers;
  std::string text;
  std::string *outer = std::exchange(fatalText, &text);
  Error result = Error::success();
  CrashRecoveryContext recovery;
  bool finished = recovery.RunSafely([&] { result = action(); });
  fatalText = outer;
  if (finished)
    return result;
  consumeError(std::move(result));
  StringRef firstLine = StringRef(text).trim().split('\n').first;
  if (firstLine.empty())
    return makeError(ErrorKind::Internal, "{0}: the compiler crashed (code {1})", what, recovery.RetCode);
  return makeError(ErrorKind::Internal, "{0}: {1}", what, firstLine);
}

} // namespace quern
