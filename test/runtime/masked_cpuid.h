#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bits that CPUID does not report. */
struct masked_features {
  uint32_t leaf_1_ecx, leaf_7_ebx, leaf_80000001_ecx;
};
extern struct masked_features masked_features;

/* quern_cpu_level without the masked features. */
uint32_t masked_cpu_level(void);

#ifdef __cplusplus
}
#endif
