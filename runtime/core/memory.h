/* Memory that a context owns: 64-byte aligned, so that kernels may use the widest aligned loads, kept until it is too
 * small. */
#ifndef QUERN_CORE_MEMORY_H
#define QUERN_CORE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

enum { QUERN_ALIGNMENT = 64 };

/* A block of its own; null if out of memory or `bytes` is beyond what an address can hold. Freed with free(). */
void *quern_memory_allocate(uint64_t bytes);

/* `bytes` rounded up to the alignment, or to UINT64_MAX if that is not possible. */
static inline uint64_t quern_memory_round(uint64_t bytes) {
  return bytes > UINT64_MAX - QUERN_ALIGNMENT ? UINT64_MAX : (bytes + QUERN_ALIGNMENT - 1) & -(uint64_t)QUERN_ALIGNMENT;
}

/* A block that grows and is never given back before its owner. */
struct quern_block {
  void *data;
  uint64_t bytes;
};

/* Makes the block at least `bytes` long; growing loses its contents. False: out of memory, the block is empty. */
bool quern_block_reserve(struct quern_block *block, uint64_t bytes);
void quern_block_release(struct quern_block *block);

/* The memory of one run: requests are cut from one block in turn, none is given back before the run ends. */
struct quern_arena {
  struct quern_block block; /* the context's own, or the caller's */
  bool is_callers;
  uint64_t used;            /* bytes cut from the block */
  uint64_t requested;       /* bytes requested in this run */
  struct quern_overflow *overflow; /* requests of this run that had no room in the block */
};

void *quern_arena_take(struct quern_arena *arena, uint64_t bytes);
/* Ends a run: all requests are given back. */
void quern_arena_reset(struct quern_arena *arena);
/* Between runs. */
void quern_arena_release(struct quern_arena *arena);

#endif
