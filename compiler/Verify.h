// The doors that close each phase: what its output must not contain any more. No patterns, only looks.
#pragma once
#include "compiler/Compile.h"

namespace quern {
#define QUERN_PHASE(name, summary, run, verify) llvm::Error verify(Compilation &);
#include "compiler/Phases.inc"
} // namespace quern
