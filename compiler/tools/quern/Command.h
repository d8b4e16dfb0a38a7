#pragma once
#include "compiler/Diagnostics.h"
#include "llvm/Support/CommandLine.h"

namespace quern {

/// One subcommand of `quern` (Commands.inc): its options are registered under `subcommand`, `run` does the work, and
/// its
/// --help begins with `examples`, some lines of "  quern ...".
struct Command {
  llvm::cl::SubCommand *subcommand;
  llvm::Error (*run)();
  const char *examples;
};

#define QUERN_COMMAND(function) Command function();
#include "compiler/tools/quern/Commands.inc"

} // namespace quern
