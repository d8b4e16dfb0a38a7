#ifndef QUERN_CPU_LEVEL_H
#define QUERN_CPU_LEVEL_H

#include <stdint.h>

/* The best level (quern_level.number) that both this CPU and the operating system run. */
uint32_t quern_cpu_level(void);

#endif
