// One launch: a kernel over a grid of blocks.
#pragma once
#include "test/ptx/machine/Code.h"
#include "test/ptx/machine/DeviceMemory.h"
#include "test/ptx/machine/Fault.h"
#include <span>

namespace quern::ptx {

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

struct Grid {
  const Code &code;
  Dim3 grid, block;
  uint32_t dynamicSharedBytes = 0, sharedBytes = 0; ///< sharedBytes: static and dynamic
  std::span<const uint8_t> params;                  ///< the entry's parameter block
  const DeviceMemory &memory;
  uint64_t mostInstructions = ~uint64_t(0); ///< instructions times lanes that a warp may run in a block
};

/// Runs all blocks, on as many threads as there are processors unless the kernel updates global memory atomically,
/// which would make its sums depend on their order. Returns the number of instructions times lanes that ran. Throws
/// KernelError for the first block that fails.
uint64_t runGrid(const Grid &grid);

} // namespace quern::ptx
