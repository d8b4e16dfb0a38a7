// What the compiler runs on its own machine, where that is an x86-64.
#pragma once
#include "codegen/Backend.h"

namespace quern {

extern const Probes x86Probes;

} // namespace quern
