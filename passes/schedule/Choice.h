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

/// The tiles of an attention. None where its head size is not known or too large for the memory of a block.
std::optional<Choice> chooseDeviceAttention(graph::AttentionOp attention, const Device &device);

/// The units and rows that a block of a recurrent layer has.
Choice chooseDeviceRecurrent(graph::RnnOp rnn, const Device &device);

} // namespace quern
