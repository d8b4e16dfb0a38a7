/* The runtime's own detection of levels, on a CPU that lacks the features in the masks. */
#include "masked_cpuid.h"
#include <cpuid.h>

struct masked_features masked_features;

static int masked_get_cpuid(unsigned leaf, unsigned *eax, unsigned *ebx, unsigned *ecx, unsigned *edx) {
  int known = __get_cpuid(leaf, eax, ebx, ecx, edx);
  *ecx &= ~(leaf == 1 ? masked_features.leaf_1_ecx : leaf == 0x80000001 ? masked_features.leaf_80000001_ecx : 0);
  return known;
}

static int masked_get_cpuid_count(unsigned leaf, unsigned part, unsigned *eax, unsigned *ebx, unsigned *ecx, unsigned *edx) {
  int known = __get_cpuid_count(leaf, part, eax, ebx, ecx, edx);
  *ebx &= ~masked_features.leaf_7_ebx;
  return known;
}

#define __get_cpuid masked_get_cpuid
#define __get_cpuid_count masked_get_cpuid_count
#define quern_cpu_level masked_cpu_level
#include "cpu/cpuid.c"
