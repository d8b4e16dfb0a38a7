#include "codegen/Backend.h"
#include "llvm/Support/ErrorHandling.h"

namespace quern {

static const Backend *const backends[] = {&x86Backend};

const Backend &backendOf(const Target &target) {
  for (const Backend *backend : backends)
    if (backend->elfMachine == target.elfMachine) {
      backend->initialize();
      return *backend;
    }
  llvm::report_fatal_error("a row of the table of targets has no backend");
}

} // namespace quern
