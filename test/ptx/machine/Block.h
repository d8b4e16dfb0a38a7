// A block: its warps, its shared memory and its barriers.
#pragma once
#include "test/ptx/machine/Warp.h"

namespace quern::ptx {

struct Block {
  explicit Block(const Grid &grid);

  /// Runs the block of this index to its end. Throws KernelError.
  void run(Dim3 index);

  const Grid &grid;
  Dim3 index;
  SharedMemory shared;
  std::vector<const Allocation *> recentAllocations; ///< by place in the code: what an access there found last
  uint64_t executed() const;

private:
  static constexpr unsigned kBarriers = 16;
  struct Barrier {
    uint32_t threads = 0, expected = 0; ///< threads: that have arrived
    uint32_t warps = 0;                 ///< that have arrived
    uint32_t predicates = 0;            ///< true ones, for reductions
    uint32_t lanes = 0;                 ///< that gave a predicate
  };

  void runWarps();
  void arrive(Warp &warp);
  void complete(unsigned id);
  static void writeReduction(Warp &warp, const Barrier &barrier);
  void reportDeadlock();
  [[noreturn]] void raise(const Warp &warp, const Fault &fault) const;

  std::vector<std::unique_ptr<Warp>> warps;
  std::array<Barrier, kBarriers> barriers = {};
};

} // namespace quern::ptx
