// Where the bytes lie that the lanes of a warp access.
#pragma once
#include "test/ptx/machine/Warp.h"

namespace quern::ptx {

/// Generic addresses of what is not global memory: cvta adds these.
inline constexpr uint64_t kWindowBytes = uint64_t(1) << 24;
inline constexpr uint64_t kSharedWindow = uint64_t(1) << 32, kLocalWindow = uint64_t(2) << 32,
                          kParamWindow = uint64_t(3) << 32;

inline bool isInWindow(uint64_t address, uint64_t window) {
  return address - window < kWindowBytes;
}

struct Pointers {
  uint8_t *of[kLanes];
};

/// Host addresses of the `bytes` bytes (a power of two, the alignment they need) that every lane of `mask` accesses at
/// the address in the row `rows[addressRow]` plus op.immediate, in op.space. Throws Fault when an address
/// is out of bounds or misaligned, or the access races in shared memory.
void resolve(Warp &warp, const Op &op, unsigned addressRow, Mask mask, unsigned bytes, Access access,
             Pointers &pointers);

/// The same for one lane's address in shared or global memory.
uint8_t *resolveShared(Warp &warp, uint64_t address, unsigned bytes, Access access, unsigned lane);
uint8_t *resolveGlobal(Warp &warp, uint64_t address, unsigned bytes, unsigned alignment, unsigned lane);

} // namespace quern::ptx
