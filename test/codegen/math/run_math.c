// Runs a compiled math function of another machine on a file of numbers: run_math f32_4_exp IN OUT.
// IN holds all x, then as many y; both are whole batches of 4096. OUT gets the results.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 4096 };

// A compiled function takes each memref as its descriptor's fields: pointer, aligned pointer, offset, size, stride.
#define MEMREF void *, void *, int64_t, int64_t, int64_t
#define FIELDS(pointer) (void *)(pointer), (void *)(pointer), 0, BATCH, 1
#define PARAMETERS_1 MEMREF, MEMREF
#define PARAMETERS_2 MEMREF, MEMREF, MEMREF
#define CALL_1(function) function(FIELDS(x), FIELDS(result))
#define CALL_2(function) function(FIELDS(x), FIELDS(y), FIELDS(result))

#define DEFINE(variant, Name, spelling, operands)                                                                      \
  extern void variant##_##Name(PARAMETERS_##operands) __asm__(#variant "_" spelling);                                  \
  static void batch_##variant##_##Name(const char *x, const char *y, char *result) {                                   \
    (void)y;                                                                                                           \
    CALL_##operands(variant##_##Name);                                                                                 \
  }
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64)                                                \
  DEFINE(f32_4, Name, spelling, operands)                                                                              \
  DEFINE(f32_1, Name, spelling, operands)                                                                              \
  DEFINE(f64_2, Name, spelling, operands)
#include "codegen/common/VectorMath.inc"

static const struct {
  const char *name;
  size_t size;
  void (*run)(const char *x, const char *y, char *result);
} functions[] = {
#define QUERN_MATH(Name, spelling, operands, emitter, ulpsF32, ulpsF64)                                                \
  {"f32_4_" spelling, 4, batch_f32_4_##Name},                                                                          \
  {"f32_1_" spelling, 4, batch_f32_1_##Name},                                                                          \
  {"f64_2_" spelling, 8, batch_f64_2_##Name},
#include "codegen/common/VectorMath.inc"
};

int main(int argc, char **argv) {
  FILE *in = argc == 4 ? fopen(argv[2], "rb") : NULL, *out = argc == 4 ? fopen(argv[3], "wb") : NULL;
  if (!in || !out || fseek(in, 0, SEEK_END))
    return 2;
  size_t bytes = (size_t)ftell(in) / 2;
  rewind(in);
  char *numbers = aligned_alloc(64, 3 * bytes), *results = numbers + 2 * bytes;
  if (!numbers || fread(numbers, 1, 2 * bytes, in) != 2 * bytes)
    return 2;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
    if (strcmp(functions[i].name, argv[1]) != 0)
      continue;
    for (size_t at = 0; at < bytes; at += BATCH * functions[i].size)
      functions[i].run(numbers + at, numbers + bytes + at, results + at);
    return fwrite(results, 1, bytes, out) != bytes || fclose(out);
  }
  return 2;
}
