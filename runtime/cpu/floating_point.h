/* The control part of the floating-point environment (rounding, flush to zero, traps), without the sticky flags. Only
 * worker threads ever set it: to the mode of the thread they work for, and back. */
#ifndef QUERN_CPU_FLOATING_POINT_H
#define QUERN_CPU_FLOATING_POINT_H

#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>

static inline uint32_t quern_floating_point_mode(void) { return _mm_getcsr() & 0xffc0; }
static inline void quern_set_floating_point_mode(uint32_t mode) { _mm_setcsr((_mm_getcsr() & 0x3f) | mode); }

#elif defined(__aarch64__)

static inline uint32_t quern_floating_point_mode(void) {
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return (uint32_t)mode;
}
static inline void quern_set_floating_point_mode(uint32_t mode) {
  __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)mode));
}

#endif
#endif
