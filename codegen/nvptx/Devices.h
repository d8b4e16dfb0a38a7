// The devices of Devices.inc, for the table of targets.
#pragma once
#include "codegen/Target.h"

namespace quern {
#define DEVICE(variable, ...) extern const Device variable;
#include "codegen/nvptx/Devices.inc"
} // namespace quern
