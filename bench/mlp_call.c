/* What one call of a compiled model costs from C: the plain function of mlp_tiny (64-128-128-10), on one thread.
 * mlp_call.py compiles the model, includes its header here, and prints this program's output. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>

#include "mlp_tiny.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(void) {
  _Alignas(64) float features[64], logits[10];
  for (int i = 0; i < 64; i++) features[i] = 0.01f * i;

  quern_model *model;
  quern_context *context;
  const char *message = NULL;
  if (quern_model_open(&mlp_tiny_model_descriptor, NULL, &model, &message) != QUERN_OK) {
    fprintf(stderr, "mlp_call: %s\n", message);
    return 1;
  }
  if (quern_context_create(model, NULL, &context) != QUERN_OK) return 1;

  enum { ROUNDS = 50, CALLS = 20000 };
  double best = 1;
  for (int round = 0; round < ROUNDS; round++) {
    double start = now();
    for (int i = 0; i < CALLS; i++)
      if (mlp_tiny(features, logits, context) != QUERN_OK) return 1;
    double each = (now() - start) / CALLS;
    if (each < best) best = each;
  }
  printf("{\"ns_per_call\": %.1f, \"first_logit\": %.6f}\n", best * 1e9, logits[0]);
  quern_context_destroy(context);
  quern_model_close(model);
  return 0;
}
