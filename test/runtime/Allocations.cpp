#include "test/runtime/Allocations.h"
#include <cstdlib>

quern::test::Allocations quern::test::allocations;
using quern::test::allocations;

extern "C" {
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void __real_free(void *memory);

void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
  ++allocations.made;
  if (allocations.failAt >= 0 && allocations.failAt-- == 0)
    return nullptr;
  void *memory = __real_aligned_alloc(alignment, bytes);
  allocations.alive += memory != nullptr;
  return memory;
}

void __wrap_free(void *memory) {
  allocations.alive -= memory != nullptr;
  __real_free(memory);
}
}
