#pragma once
#include "compiler/Diagnostics.h"
#include "llvm/Support/CommandLine.h"

namespace quern {

/// One subcommand of `quern` (Commands.inc): its options are registered under `subcommand`, and `run` does the work.
struct Command {
  llvm::cl::SubCommand *subcommand;
  llvm::Error (*run)();
};

#define QUERN_COMMAND(function) Command function();
#include "compiler/tools/quern/Commands.inc"

} // namespace quern
