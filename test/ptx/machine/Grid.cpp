#include "test/ptx/machine/Grid.h"
#include "test/ptx/machine/Block.h"
#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace quern::ptx {
namespace {

/// The workers' common state: which block is next, and the failure of the lowest block.
struct Progress {
  std::atomic<uint64_t> next{0}, executed{0};
  std::atomic<uint64_t> failedBlock{~uint64_t(0)};
  std::mutex mutex;
  std::exception_ptr failure;
};

void work(const Grid &grid, Progress &progress) {
  Block block(grid);
  uint64_t count = grid.grid.count();
  for (uint64_t b; (b = progress.next++) < count;) {
    // Lower blocks still run after a failure, so that the one reported does not depend on timing.
    if (b > progress.failedBlock)
      break;
    try {
      block.run({static_cast<uint32_t>(b % grid.grid.x), static_cast<uint32_t>(b / grid.grid.x % grid.grid.y),
                 static_cast<uint32_t>(b / grid.grid.x / grid.grid.y)});
    } catch (const KernelError &) {
      std::lock_guard lock(progress.mutex);
      if (b < progress.failedBlock) {
        progress.failedBlock = b;
        progress.failure = std::current_exception();
      }
    }
  }
  progress.executed += block.executed();
}

} // namespace

uint64_t runGrid(const Grid &grid) {
  // A thread is worth its start from a few thousand lanes.
  constexpr uint64_t kLanesPerThread = 4096;
  uint64_t useful = grid.grid.count() * grid.block.count() / kLanesPerThread;
  uint64_t workers = std::min({uint64_t(std::thread::hardware_concurrency()), grid.grid.count(), useful});
  Progress progress;
  std::vector<std::thread> threads;
  if (!grid.code.hasGlobalAtomics)
    for (uint64_t t = 1; t < workers; ++t)
      threads.emplace_back([&] { work(grid, progress); });
  work(grid, progress);
  for (std::thread &thread : threads)
    thread.join();
  if (progress.failure)
    std::rethrow_exception(progress.failure);
  return progress.executed;
}

} // namespace quern::ptx
