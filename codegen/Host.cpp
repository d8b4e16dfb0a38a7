#include "codegen/Host.h"
#include "codegen/Backend.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <algorithm>
#include <barrier>
#include <chrono>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

namespace quern {
namespace {

using Clock = std::chrono::steady_clock;
/// Of one measurement, of which the best part counts.
constexpr std::chrono::milliseconds kTime(50);

double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double peakOfCore(const Level &level) {
  constexpr int64_t rounds = 200000;
  double best = 0;
  for (auto end = Clock::now() + kTime; Clock::now() < end;) {
    auto begin = Clock::now();
    backendOf(level).probes.multiplyAdd(level, rounds);
    best = std::max(best, double(rounds) * Probes::kChains * 2 * (level.vectorBytes / 4) / secondsSince(begin));
  }
  return best;
}

double readBandwidthOfCore(const Level &level, size_t bytes) {
  // Small samples, so that whoever else runs here spoils few of them; round and round, so that a nearer cache has none.
  constexpr size_t step = Probes::kReadStep, sampleBytes = size_t(2) << 20;
  std::vector<char> data(std::max(bytes / step * step, step), 1);
  size_t part = std::min(data.size(), sampleBytes), passes = std::max<size_t>(1, sampleBytes / data.size()), at = 0;
  double best = 0;
  for (auto end = Clock::now() + kTime; Clock::now() < end; at = at + 2 * part <= data.size() ? at + part : 0) {
    auto begin = Clock::now();
    for (size_t pass = 0; pass < passes; ++pass)
      backendOf(level).probes.read(level, data.data() + at, data.data() + at + part);
    best = std::max(best, double(passes) * double(part) / secondsSince(begin));
  }
  return best;
}

/// The sum over threads that measure at the same time.
double onThreads(int threads, const std::function<double()> &measure) {
  std::vector<double> rates(threads);
  std::barrier start(threads);
  std::vector<std::thread> others;
  auto work = [&](int index) {
    start.arrive_and_wait();
    rates[index] = measure();
  };
  for (int index = 1; index < threads; ++index)
    others.emplace_back(work, index);
  work(0);
  for (std::thread &other : others)
    other.join();
  return std::accumulate(rates.begin(), rates.end(), 0.0);
}

} // namespace

bool runsOnThisMachine(const Level &level) {
  return backendOf(level).probes.runs(level);
}

const Target *targetOfThisMachine() {
  auto arch = llvm::Triple(llvm::sys::getProcessTriple()).getArch();
  // The first target of an architecture has all its levels.
  for (const Target *target : allTargets())
    if (llvm::Triple(target->triple).getArch() == arch)
      return target;
  return nullptr;
}

double measurePeak(const Level &level, int threads) {
  return runsOnThisMachine(level) ? onThreads(threads, [&] { return peakOfCore(level); }) : 0;
}

double measureReadBandwidth(const Level &level, size_t bytes, int threads) {
  return runsOnThisMachine(level) ? onThreads(threads, [&] { return readBandwidthOfCore(level, bytes / threads); }) : 0;
}

} // namespace quern
