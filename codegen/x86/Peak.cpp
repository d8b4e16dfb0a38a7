#include "codegen/x86/Peak.h"
#include "codegen/x86/Host.h"
#include <algorithm>
#include <chrono>
#include <vector>

namespace quern {
namespace {

using Clock = std::chrono::steady_clock;

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
#endif

} // namespace

double measurePeak(const Level &level) {
  double best = 0;
#if defined(__x86_64__)
  if (!runsOnThisMachine(level))
    return 0;
  constexpr int64_t rounds = 200000;
  for (int i = 0; i < 20; ++i) {
    auto begin = Clock::now();
    level.vectorBytes == 64 ? multiplyAdd512(rounds) : multiplyAdd256(rounds);
    best = std::max(best, double(rounds) * 10 * 2 * (level.vectorBytes / 4) / secondsSince(begin));
  }
#endif
  return best;
}

double measureReadBandwidth(size_t bytes) {
  using Vector = uint64_t __attribute__((vector_size(64)));
  std::vector<Vector> data(bytes / sizeof(Vector) + 8);
  double best = 0;
  size_t passes = std::max<size_t>(1, (size_t(4) << 20) / bytes);
  for (auto end = Clock::now() + std::chrono::milliseconds(50); Clock::now() < end;) {
    auto begin = Clock::now();
    for (size_t pass = 0; pass < passes; ++pass) {
      Vector sums[4] = {};
      for (size_t i = 0; i + 4 <= data.size(); i += 4)
        for (size_t lane = 0; lane < 4; ++lane)
          sums[lane] |= data[i + lane];
      Vector sum = sums[0] | sums[1] | sums[2] | sums[3];
      asm volatile("" : : "r"(&sum) : "memory");
    }
    best = std::max(best, double(passes) * double(data.size() & ~size_t(3)) * sizeof(Vector) / secondsSince(begin));
  }
  return best;
}

} // namespace quern
