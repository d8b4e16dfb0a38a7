#include "codegen/aarch64/Probes.h"
#include "runtime/cpu/level.h"

namespace quern {
namespace {

#if defined(__aarch64__)
bool runs(const Level &level) {
  return quern_cpu_level() >= level.number;
}

#define QUERN_CHAINS(operation)                                                                                        \
  operation(0) operation(1) operation(2) operation(3) operation(4) operation(5) operation(6) operation(7)              \
      operation(16) operation(17)
#define QUERN_CLEAR(i) "movi v" #i ".4s, #0\n\t"
#define QUERN_FMA(i) "fmla v" #i ".4s, v18.4s, v19.s[0]\n\t"
#define QUERN_CLOBBERS "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "cc", "memory"

void multiplyAdd(const Level &, int64_t rounds) {
  asm volatile(QUERN_CHAINS(QUERN_CLEAR) QUERN_CLEAR(18)
                   QUERN_CLEAR(19) "1:\n\t" QUERN_CHAINS(QUERN_FMA) "subs %0, %0, #1\n\tb.ne 1b\n\t"
               : "+r"(rounds)
               :
               : QUERN_CLOBBERS);
}
static_assert(Probes::kChains == 10);

void read(const Level &, const char *at, const char *end) {
  asm volatile("1:\n\tldp q0, q1, [%0]\n\tldp q2, q3, [%0, #32]\n\tldp q4, q5, [%0, #64]\n\tldp q6, q7, [%0, #96]\n\t"
               "add %0, %0, #128\n\tcmp %0, %1\n\tb.lo 1b\n\t"
               : "+r"(at)
               : "r"(end)
               : QUERN_CLOBBERS);
}
static_assert(Probes::kReadStep % 128 == 0);
#else
bool runs(const Level &) {
  return false;
}
void multiplyAdd(const Level &, int64_t) {}
void read(const Level &, const char *, const char *) {}
#endif

} // namespace

const Probes aarch64Probes = {runs, multiplyAdd, read};

} // namespace quern
