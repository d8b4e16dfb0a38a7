// What the compiler runs on its own machine, where that is an AArch64.
#pragma once
#include "codegen/Backend.h"

namespace quern {

extern const Probes aarch64Probes;

} // namespace quern
