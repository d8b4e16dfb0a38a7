/* Levels of AArch64: the extensions that kernels are compiled for, as the kernel of the operating system reports them
 * (Linux, Documentation/arch/arm64/elf_hwcaps.rst). It reports what it saves on a switch. */
#include "cpu/level.h"

#if defined(__aarch64__)
#include <sys/auxv.h>

/* From asm/hwcap.h, which older systems have without the later ones. */
enum { HAS_DOTPROD = 1 << 20 }; /* AT_HWCAP: HWCAP_ASIMDDP */
enum { HAS_I8MM = 1 << 13, HAS_BF16 = 1 << 14 }; /* AT_HWCAP2 */

/* Bits that each level adds. */
static const struct {
  uint32_t level;
  unsigned long bits, bits2;
} levels[] = {{2, HAS_DOTPROD, 0}, {3, 0, HAS_BF16}, {4, 0, HAS_I8MM}};

uint32_t quern_cpu_level(void) {
  unsigned long found = getauxval(AT_HWCAP), found2 = getauxval(AT_HWCAP2);
  uint32_t level = 1; /* NEON, which every AArch64 that runs Linux has */
  for (uint32_t i = 0; i < sizeof(levels) / sizeof(levels[0]); ++i) {
    if ((found & levels[i].bits) != levels[i].bits || (found2 & levels[i].bits2) != levels[i].bits2)
      return level;
    level = levels[i].level;
  }
  return level;
}

#endif
