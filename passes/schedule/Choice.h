// What the tables of this folder decide for a kernel.
#pragma once
#include "codegen/Target.h"
#include "dialects/kernel/Kernel.h"
#include <string>

namespace quern {

/// An algorithm, its integer parameters, and why: what a #kernel.schedule says.
struct Choice {
  llvm::StringRef algorithm;
  llvm::SmallVector<std::pair<llvm::StringRef, int64_t>> parameters;
  std::string reason;
};

/// How the device computes the kernel. None where it has no code for one of the ops: `why` says so then. `tf32`: matrix
/// units may multiply float32.
std::optional<Choice> chooseForDevice(kernel::RegionOp region, const Device &device, bool tf32, std::string &why);

} // namespace quern
