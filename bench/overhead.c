/* What a call of y = x + 1 on four floats costs from C, on one thread: by the plain function of the model's header, and by
 * quern_run, which checks its tensors. overhead.py compiles the model, includes its header here and reads the output. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>

#include "increment.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static _Alignas(64) float x[4] = {1, 2, 3, 4}, y[4];
static quern_context *context;
static quern_tensor input, output;

static int plain(void) { return increment(x, y, context); }
static int checked(void) { return quern_run(context, &input, 1, &output, 1); }

/* Least nanoseconds of a call; below 0 if one fails. */
static double measure(int (*call)(void)) {
  enum { ROUNDS = 100, CALLS = 50000 };
  double best = 1;
  for (int round = 0; round < ROUNDS; round++) {
    double start = now();
    for (int i = 0; i < CALLS; i++)
      if (call() != QUERN_OK) return -1;
    double each = (now() - start) / CALLS;
    if (each < best) best = each;
  }
  for (int i = 0; i < 4; i++)
    if (y[i] != x[i] + 1) return -1;
  return best * 1e9;
}

int main(void) {
  quern_model *model;
  const char *message = NULL;
  if (quern_model_open(&increment_model_descriptor, NULL, &model, &message) != QUERN_OK) {
    fprintf(stderr, "overhead: %s\n", message);
    return 1;
  }
  if (quern_context_create(model, NULL, &context) != QUERN_OK) return 1;
  input = (quern_tensor){.data = x, .bytes = sizeof x, .dtype = QUERN_F32, .rank = 1, .dims = {4}};
  output = (quern_tensor){.data = y, .bytes = sizeof y};
  double direct = measure(plain), run = measure(checked);
  printf("{\"quern_c\": %.1f, \"quern_c_run\": %.1f}\n", direct, run);
  quern_context_destroy(context);
  quern_model_close(model);
  return direct < 0 || run < 0;
}
