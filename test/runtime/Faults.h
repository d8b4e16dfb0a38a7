// What the runtime takes from the system passes through here (link option --wrap), so that tests count it and let it
// fail.
#pragma once
#include <atomic>
#include <cstdint>

namespace quern::test {

struct Faults {
  std::atomic<int64_t> allocations{0};     ///< aligned_alloc calls so far
  std::atomic<int64_t> alive{0};           ///< blocks not freed
  std::atomic<int64_t> failAllocation{-1}; ///< the call that fails: counts down, -1 is none
  std::atomic<int64_t> threadsLeft{1000};  ///< pthread_create calls that succeed
  std::atomic<bool> failMmap{false};
  std::atomic<bool> failMadvise{false};
};
extern Faults faults;

} // namespace quern::test
