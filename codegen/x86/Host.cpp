#include "codegen/x86/Host.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace llvm;

namespace quern {

bool runsOnThisMachine(const Level &level) {
  if (Triple(sys::getProcessTriple()).getArch() != Triple::x86_64)
    return false;
  // The query masks what the operating system does not save, so a feature listed here is one that may be used.
  StringMap<bool> present = sys::getHostCPUFeatures();
  SmallVector<StringRef> needed;
  X86::getFeaturesForCPU(level.cpu, needed);
  // Every x86-64 has the x87 unit; the query does not list it.
  return all_of(needed, [&](StringRef feature) { return feature == "x87" || present.lookup(feature); });
}

} // namespace quern
