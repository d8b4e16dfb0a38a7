#include "codegen/Backend.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"

using namespace llvm;

namespace quern {

ArrayRef<const Backend *> allBackends() {
  static const Backend *const backends[] = {&x86Backend, &aarch64Backend, &nvptxBackend};
  return backends;
}

const Backend &backendOf(const Target &target) {
  for (const Backend *backend : allBackends())
    if (backend->elfMachine == target.elfMachine) {
      backend->initialize();
      return *backend;
    }
  report_fatal_error("a row of the table of targets has no backend");
}

const Backend &backendOf(const Level &level) {
  for (const Backend *backend : allBackends())
    for (const Target &target : backend->targets)
      if (any_of(target.levels, [&](const Level &own) { return own.name == level.name; }))
        return *backend;
  report_fatal_error("a level is in no target");
}

} // namespace quern
