#include "codegen/x86/Peak.h"
#include "codegen/x86/Host.h"
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

double secondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

#if defined(__x86_64__)
/// Ten chains: latency 4 times two units is 8. The asm keeps the compiler from folding the chains.
#define QUERN_CHAINS(letter, operation)                                                                                \
  operation(letter, 0) operation(letter, 1) operation(letter, 2) operation(letter, 3) operation(letter, 4)             \
  operation(letter, 5) operation(letter, 6) operation(letter, 7) operation(letter, 8) operation(letter, 9)
#define QUERN_FMA(letter, i) "vfmadd231ps %%" letter "mm10, %%" letter "mm11, %%" letter "mm" #i "\n\t"
#define QUERN_CLEAR(letter, i) "vxorps %%xmm" #i ", %%xmm" #i ", %%xmm" #i "\n\t"
#define QUERN_CLOBBERS                                                                                                 \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "cc", "memory"
#define QUERN_BODY(letter)                                                                                             \
  asm volatile(QUERN_CHAINS(letter, QUERN_CLEAR) "vxorps %%xmm10, %%xmm10, %%xmm10\n\t"                                \
               "vxorps %%xmm11, %%xmm11, %%xmm11\n\t"                                                                  \
               "1:\n\t" QUERN_CHAINS(letter, QUERN_FMA) "dec %0\n\tjnz 1b\n\tvzeroupper\n\t"                           \
               : "+r"(rounds) : : QUERN_CLOBBERS)

void multiplyAdd512(int64_t rounds) { QUERN_BODY("z"); }
void multiplyAdd256(int64_t rounds) { QUERN_BODY("y"); }

/// Reads [at, end), a multiple of eight vectors, and forgets it.
#define QUERN_LOAD(letter, bytes, i) "vmovups " #i "*" #bytes "(%0), %%" letter "mm" #i "\n\t"
#define QUERN_READ(letter, bytes)                                                                                      \
  asm volatile("1:\n\t" QUERN_LOAD(letter, bytes, 0) QUERN_LOAD(letter, bytes, 1) QUERN_LOAD(letter, bytes, 2)         \
                   QUERN_LOAD(letter, bytes, 3) QUERN_LOAD(letter, bytes, 4) QUERN_LOAD(letter, bytes, 5)              \
                       QUERN_LOAD(letter, bytes, 6) QUERN_LOAD(letter, bytes, 7)                                       \
                           "add $8*" #bytes ", %0\n\tcmp %1, %0\n\tjb 1b\n\tvzeroupper\n\t"                            \
               : "+r"(at) : "r"(end) : QUERN_CLOBBERS)

void read512(const char *at, const char *end) { QUERN_READ("z", 64); }
void read256(const char *at, const char *end) { QUERN_READ("y", 32); }
#endif

double peakOfCore(const Level &level) {
  double best = 0;
#if defined(__x86_64__)
  constexpr int64_t rounds = 200000;
  for (auto end = Clock::now() + kTime; Clock::now() < end;) {
    auto begin = Clock::now();
    level.vectorBytes == 64 ? multiplyAdd512(rounds) : multiplyAdd256(rounds);
    best = std::max(best, double(rounds) * 10 * 2 * (level.vectorBytes / 4) / secondsSince(begin));
  }
#endif
  return best;
}

double readBandwidthOfCore(const Level &level, size_t bytes) {
  double best = 0;
#if defined(__x86_64__)
  // Small samples, so that whoever else runs here spoils few of them; round and round, so that a nearer cache has none.
  constexpr size_t step = 8 * 64, sampleBytes = size_t(2) << 20;
  std::vector<char> data(std::max(bytes / step * step, step), 1);
  size_t part = std::min(data.size(), sampleBytes), passes = std::max<size_t>(1, sampleBytes / data.size()), at = 0;
  for (auto end = Clock::now() + kTime; Clock::now() < end; at = at + 2 * part <= data.size() ? at + part : 0) {
    auto begin = Clock::now();
    for (size_t pass = 0; pass < passes; ++pass)
      (level.vectorBytes == 64 ? read512 : read256)(data.data() + at, data.data() + at + part);
    best = std::max(best, double(passes) * double(part) / secondsSince(begin));
  }
#endif
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

double measurePeak(const Level &level, int threads) {
  return runsOnThisMachine(level) ? onThreads(threads, [&] { return peakOfCore(level); }) : 0;
}

double measureReadBandwidth(const Level &level, size_t bytes, int threads) {
  return runsOnThisMachine(level) ? onThreads(threads, [&] { return readBandwidthOfCore(level, bytes / threads); }) : 0;
}

} // namespace quern
