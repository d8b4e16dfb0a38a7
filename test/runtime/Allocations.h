// The runtime's calls of aligned_alloc and free pass through here (link option --wrap), so that tests count them and let
// them fail.
#pragma once
#include <atomic>
#include <cstdint>

namespace quern::test {

struct Allocations {
  std::atomic<int64_t> made{0};        ///< aligned_alloc calls so far
  std::atomic<int64_t> alive{0};       ///< blocks not freed
  std::atomic<int64_t> failAt{-1};     ///< the call that fails: counts down, -1 is none
};
extern Allocations allocations;

} // namespace quern::test
