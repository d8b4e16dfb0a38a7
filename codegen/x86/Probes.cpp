#include "codegen/x86/Probes.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace llvm;

namespace quern {
namespace {

bool runs(const Level &level) {
  if (Triple(sys::getProcessTriple()).getArch() != Triple::x86_64)
    return false;
  // The query masks what the operating system does not save, so a feature listed here is one that may be used.
  StringMap<bool> present = sys::getHostCPUFeatures();
  SmallVector<StringRef> needed;
  X86::getFeaturesForCPU(level.cpu, needed);
  // Every x86-64 has the x87 unit; the query does not list it.
  return all_of(needed, [&](StringRef feature) { return feature == "x87" || present.lookup(feature); });
}

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
  asm volatile(                                                                                                        \
      QUERN_CHAINS(letter, QUERN_CLEAR) "vxorps %%xmm10, %%xmm10, %%xmm10\n\t"                                         \
                                        "vxorps %%xmm11, %%xmm11, %%xmm11\n\t"                                         \
                                        "1:\n\t" QUERN_CHAINS(letter, QUERN_FMA) "dec %0\n\tjnz 1b\n\tvzeroupper\n\t"  \
      : "+r"(rounds)                                                                                                   \
      :                                                                                                                \
      : QUERN_CLOBBERS)

void multiplyAdd512(int64_t rounds) {
  QUERN_BODY("z");
}
void multiplyAdd256(int64_t rounds) {
  QUERN_BODY("y");
}
static_assert(Probes::kChains == 10);

/// Reads [at, end), a multiple of eight vectors, and forgets it.
#define QUERN_LOAD(letter, bytes, i) "vmovups " #i "*" #bytes "(%0), %%" letter "mm" #i "\n\t"
#define QUERN_READ(letter, bytes)                                                                                      \
  asm volatile("1:\n\t" QUERN_LOAD(letter, bytes, 0) QUERN_LOAD(letter, bytes, 1) QUERN_LOAD(letter, bytes, 2)         \
                   QUERN_LOAD(letter, bytes, 3) QUERN_LOAD(letter, bytes, 4) QUERN_LOAD(letter, bytes, 5)              \
                       QUERN_LOAD(letter, bytes, 6)                                                                    \
                           QUERN_LOAD(letter, bytes, 7) "add $8*" #bytes                                               \
                                                        ", %0\n\tcmp %1, %0\n\tjb 1b\n\tvzeroupper\n\t"                \
               : "+r"(at)                                                                                              \
               : "r"(end)                                                                                              \
               : QUERN_CLOBBERS)

void read512(const char *at, const char *end) {
  QUERN_READ("z", 64);
}
void read256(const char *at, const char *end) {
  QUERN_READ("y", 32);
}
static_assert(Probes::kReadStep % (8 * 64) == 0);

void multiplyAdd(const Level &level, int64_t rounds) {
  (level.vectorBytes == 64 ? multiplyAdd512 : multiplyAdd256)(rounds);
}
void read(const Level &level, const char *at, const char *end) {
  (level.vectorBytes == 64 ? read512 : read256)(at, end);
}
#else
void multiplyAdd(const Level &, int64_t) {}
void read(const Level &, const char *, const char *) {}
#endif

} // namespace

const Probes x86Probes = {runs, multiplyAdd, read};

} // namespace quern
