/* Levels of x86-64 as in the psABI ("Micro-Architecture Levels"). */
#include "cpu/level.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdbool.h>

enum { LEAF_1_ECX, LEAF_7_EBX, LEAF_80000001_ECX, XCR0, NUM_REGISTERS };

/* Bits that each level adds. XCR0: what the system saves on a switch (1 SSE, 2 AVX, 5-7 AVX-512). */
static const struct {
  uint32_t level;
  uint32_t bits[NUM_REGISTERS];
} levels[] = {
    {2, {bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE41 | bit_SSE42 | bit_POPCNT, 0, bit_LAHF_LM, 0}},
    {3,
     {bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C, bit_BMI | bit_AVX2 | bit_BMI2, bit_LZCNT, 0x6}},
    {4, {0, bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW | bit_AVX512VL, 0, 0xe6}},
};

static uint32_t read_xcr0(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

uint32_t quern_cpu_level(void) {
  uint32_t found[NUM_REGISTERS] = {0}, unused[3];
  __get_cpuid(1, &unused[0], &unused[1], &found[LEAF_1_ECX], &unused[2]);
  __get_cpuid_count(7, 0, &unused[0], &found[LEAF_7_EBX], &unused[1], &unused[2]);
  __get_cpuid(0x80000001, &unused[0], &unused[1], &found[LEAF_80000001_ECX], &unused[2]);
  if (found[LEAF_1_ECX] & bit_OSXSAVE)
    found[XCR0] = read_xcr0();
  uint32_t level = 1;
  for (uint32_t i = 0; i < sizeof(levels) / sizeof(levels[0]); ++i) {
    for (int reg = 0; reg < NUM_REGISTERS; ++reg)
      if ((found[reg] & levels[i].bits[reg]) != levels[i].bits[reg])
        return level;
    level = levels[i].level;
  }
  return level;
}

#endif
