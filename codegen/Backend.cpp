#include "codegen/Backend.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include <mutex>

using namespace llvm;

namespace quern {

ArrayRef<const Backend *> allBackends() {
  static const Backend *const backends[] = {&x86Backend, &aarch64Backend, &nvptxBackend};
  return backends;
}

/// LLVM keeps all its code generators in one list, which threads read while they emit: it is filled once, before.
static void initializeAll() {
  static std::once_flag once;
  std::call_once(once, [] {
    for (const Backend *backend : allBackends())
      backend->initialize();
  });
}

const Backend &backendOf(const Target &target) {
  initializeAll();
  for (const Backend *backend : allBackends())
    if (backend->elfMachine == target.elfMachine)
      return *backend;
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
