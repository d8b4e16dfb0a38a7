#include "core/memory.h"
#include <stdlib.h>
#include <sys/mman.h>

/* Blocks of two such pages and more ask for them: the first touch is several times faster (8 MB: 1 ms instead of 4),
 * and so are strides through blocks beyond the reach of the TLB. The part of the last page that is not asked for is
 * only addresses, not memory. */
static const uint64_t huge_page = 2 << 20;

void *quern_memory_allocate(uint64_t bytes) {
  uint64_t rounded = quern_memory_round(bytes ? bytes : 1);
  if (rounded > PTRDIFF_MAX)
    return NULL;
  if (rounded < 2 * huge_page)
    return aligned_alloc(QUERN_ALIGNMENT, rounded);
  void *data = aligned_alloc(huge_page, (rounded + huge_page - 1) & -huge_page);
  if (data)
    madvise(data, rounded & -huge_page, MADV_HUGEPAGE);
  return data;
}

bool quern_block_reserve(struct quern_block *block, uint64_t bytes) {
  if (block->data && bytes <= block->bytes)
    return true;
  quern_block_release(block);
  block->data = quern_memory_allocate(bytes);
  if (!block->data)
    return false;
  block->bytes = quern_memory_round(bytes ? bytes : 1);
  return true;
}

void quern_block_release(struct quern_block *block) {
  free(block->data);
  block->data = NULL;
  block->bytes = 0;
}

/* The head of a request that had no room in the block; the memory that was asked for follows it. */
struct quern_overflow {
  _Alignas(QUERN_ALIGNMENT) struct quern_overflow *next;
};

static void *take_overflow(struct quern_arena *arena, uint64_t bytes) {
  if (bytes > UINT64_MAX - sizeof(struct quern_overflow))
    return NULL;
  struct quern_overflow *head = quern_memory_allocate(bytes + sizeof(*head));
  if (!head)
    return NULL;
  head->next = arena->overflow;
  arena->overflow = head;
  return head + 1;
}

void *quern_arena_take(struct quern_arena *arena, uint64_t bytes) {
  bytes = quern_memory_round(bytes ? bytes : 1);
  bool is_first = arena->requested == 0;
  if (__builtin_add_overflow(arena->requested, bytes, &arena->requested))
    arena->requested = UINT64_MAX;
  if (is_first && !arena->is_callers && !quern_block_reserve(&arena->block, bytes))
    return NULL;
  if (bytes <= arena->block.bytes - arena->used) {
    void *data = (char *)arena->block.data + arena->used;
    arena->used += bytes;
    return data;
  }
  return arena->is_callers ? NULL : take_overflow(arena, bytes);
}

void quern_arena_reset(struct quern_arena *arena) {
  while (arena->overflow) {
    struct quern_overflow *head = arena->overflow;
    arena->overflow = head->next;
    free(head);
  }
  arena->used = 0;
}

void quern_arena_release(struct quern_arena *arena) {
  if (!arena->is_callers)
    quern_block_release(&arena->block);
}
