// lld's link-time optimizer, which we never run, registers Debian's Polly where LLVM is linked statically; its archives
// are in a package of their own. This takes their place.
#include "llvm/Passes/PassPlugin.h"

llvm::PassPluginLibraryInfo getPollyPluginInfo() {
  return {LLVM_PLUGIN_API_VERSION, "none", LLVM_VERSION_STRING, [](llvm::PassBuilder &) {}};
}
