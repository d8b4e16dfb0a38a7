/* usage: calls THREADS ROUNDS. Runs the static model y = relu(x w) of model.h on many threads at once, each with a
 * context of its own and inputs of its own, and counts what the library asks of malloc in every run but a context's
 * first. Prints "allocations N, differences N". */
#include "model.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 16, COLUMNS = 64 };

static atomic_long allocations, differences;
static _Thread_local bool is_counted;
static quern_model *opened;
static quern_pool *pool;
static int rounds;

/* The program's own definitions come before the C library's. */
extern void *__libc_memalign(size_t alignment, size_t bytes);
void *aligned_alloc(size_t alignment, size_t bytes) {
  allocations += is_counted;
  return __libc_memalign(alignment, bytes);
}
extern void *__libc_malloc(size_t bytes);
void *malloc(size_t bytes) {
  allocations += is_counted;
  return __libc_malloc(bytes);
}

static void run(quern_context *context, float *x, float *y) {
  quern_tensor input = {.data = x, .bytes = ROWS * COLUMNS * sizeof *x, .dtype = QUERN_F32, .rank = 2, .dims = {ROWS, COLUMNS}};
  quern_tensor output = {.data = y, .bytes = ROWS * COLUMNS * sizeof *y};
  if (quern_run(context, &input, 1, &output, 1) != QUERN_OK)
    ++differences;
}

static void *work(void *argument) {
  float x[ROWS * COLUMNS], first[ROWS * COLUMNS], again[ROWS * COLUMNS];
  for (int i = 0; i < ROWS * COLUMNS; ++i)
    x[i] = (float)((i + (intptr_t)argument * 7) % 13 - 6);
  quern_context_options options = {.size = sizeof options, .pool = (intptr_t)argument % 2 ? pool : NULL};
  quern_context *context;
  if (quern_context_create(opened, &options, &context) != QUERN_OK) {
    ++differences;
    return NULL;
  }
  run(context, x, first);
  for (int round = 0; round < rounds; ++round) {
    is_counted = true;
    run(context, x, again);
    is_counted = false;
    differences += memcmp(first, again, sizeof first) != 0;
  }
  quern_context_destroy(context);
  return NULL;
}

int main(int argc, char **argv) {
  int threads = argc > 2 ? atoi(argv[1]) : 1;
  rounds = argc > 2 ? atoi(argv[2]) : 1;
  if (quern_model_open(&model_model_descriptor, NULL, &opened, NULL) != QUERN_OK || !(pool = quern_pool_create(2)))
    return 1;
  pthread_t handles[256];
  for (intptr_t i = 0; i < threads; ++i)
    if (pthread_create(&handles[i], NULL, work, (void *)i))
      return 1;
  for (int i = 0; i < threads; ++i)
    pthread_join(handles[i], NULL);
  quern_pool_destroy(pool);
  quern_model_close(opened);
  printf("allocations %ld, differences %ld\n", allocations, differences);
  return 0;
}
