// The inputs of one link as files that lld can open.
#pragma once
#include "codegen/link/Linker.h"
#include "codegen/link/ScratchFile.h"

namespace quern {

class LinkInputs {
public:
  /// Objects and runtime of the request and what LLVM may call, in memory. Error: File.
  llvm::Error addCode(const LinkRequest &request);
  /// Room for the weights as `symbol`; insertWeights() fills it in what was linked. Error: File.
  llvm::Error addWeights(const LinkRequest &request, llvm::StringRef symbol);
  /// Error: File.
  llvm::Error addBytes(llvm::StringRef bytes);

  /// Paths, in the order of addition; valid while this lives.
  std::vector<std::string> paths() const;
  /// Of all files: what is linked is not larger by more than its headers and padding.
  uint64_t bytes() const;

private:
  std::vector<ScratchFile> files;
};

} // namespace quern
