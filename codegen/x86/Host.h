// Which levels the machine that runs the compiler has.
#pragma once
#include "codegen/Target.h"

namespace quern {

/// Whether the CPU and the operating system of this machine run code of `level`.
bool runsOnThisMachine(const Level &level);

} // namespace quern
