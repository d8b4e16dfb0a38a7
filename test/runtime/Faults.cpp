#include "test/runtime/Faults.h"
#include <cerrno>
#include <cstdlib>
#include <pthread.h>
#include <sys/mman.h>

quern::test::Faults quern::test::faults;
using quern::test::faults;

extern "C" {
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void __real_free(void *memory);
int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
void *__real_mmap(void *, size_t, int, int, int, off_t);
int __real_madvise(void *, size_t, int);

void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
  ++faults.allocations;
  if (faults.failAllocation >= 0 && faults.failAllocation-- == 0)
    return nullptr;
  void *memory = __real_aligned_alloc(alignment, bytes);
  faults.alive += memory != nullptr;
  return memory;
}

void __wrap_free(void *memory) {
  faults.alive -= memory != nullptr;
  __real_free(memory);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  return faults.threadsLeft-- > 0 ? __real_pthread_create(thread, attributes, start, argument) : EAGAIN;
}

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
  return faults.failMmap ? MAP_FAILED : __real_mmap(address, bytes, protection, flags, file, offset);
}

int __wrap_madvise(void *address, size_t bytes, int advice) {
  return faults.failMadvise ? -1 : __real_madvise(address, bytes, advice);
}
}
