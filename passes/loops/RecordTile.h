// Writes a kernel's register tile down, as rows by columns: people ask for it (dialects/kernel/Facts.h).
#pragma once
#include "codegen/Schedules.h"
#include "dialects/kernel/Facts.h"
#include "passes/loops/KernelFunction.h"

namespace quern {

inline void recordTile(KernelFunction &kernel, const TileChoice &tile, int64_t lanes) {
  std::string text = std::to_string(tile.rows) + "x" + std::to_string(tile.vectors * lanes);
  kernel.source->setDiscardableAttr((kernel::kTilePrefix + kernel.level.suffix).str(),
                                    kernel.builder.getStringAttr(text));
}

} // namespace quern
