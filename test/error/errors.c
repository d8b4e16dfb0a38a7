/* Calls a model y = x + b, x: [rows, 4], b: [4] wrongly in every way and prints "case: status: text" for each. */
#include "model.h"
#include <stdio.h>

static float x[8], b[4], y[8];

static void report(const char *name, quern_context *context, const quern_tensor *inputs, size_t num_inputs, quern_tensor *outputs,
                   size_t num_outputs) {
  quern_status status = quern_run(context, inputs, num_inputs, outputs, num_outputs);
  printf("%s: %d: %s\n", name, (int)status, quern_context_error(context));
}

int main(void) {
  quern_model *model;
  const char *message;
  quern_model_options none = {.size = sizeof none, .max_level = 1};
  quern_status status = quern_model_open(&model_model_descriptor, &none, &model, &message);
  printf("level: %d: %s\n", (int)status, message);
  quern_model_descriptor later = model_model_descriptor;
  later.abi_version = 99;
  status = quern_model_open(&later, NULL, &model, &message);
  printf("version: %d: %s\n", (int)status, message);
  if (quern_model_open(&model_model_descriptor, NULL, &model, &message) != QUERN_OK)
    return 1;
  quern_context *context;
  if (quern_context_create(model, NULL, &context) != QUERN_OK)
    return 1;

  const quern_tensor good[2] = {{.data = x, .bytes = sizeof x, .dtype = QUERN_F32, .rank = 2, .dims = {2, 4}},
                                {.data = b, .bytes = sizeof b, .dtype = QUERN_F32, .rank = 1, .dims = {4}}};
  quern_tensor inputs[2], output = {0};
#define CASE(name, change)                                                                                             \
  inputs[0] = good[0], inputs[1] = good[1], output = (quern_tensor){.data = y, .bytes = sizeof y}, change,             \
  report(name, context, inputs, 2, &output, 1)
  report("inputs", context, good, 1, &output, 1);
  report("outputs", context, good, 2, NULL, 0);
  CASE("dtype", inputs[0].dtype = QUERN_F64);
  CASE("rank", inputs[0].rank = 1);
  CASE("dim", inputs[1].dims[0] = 3);
  CASE("negative", inputs[0].dims[0] = -1);
  CASE("overflow", inputs[0].dims[0] = INT64_MAX);
  CASE("bytes", inputs[0].bytes = 7);
  CASE("null", inputs[0].data = NULL);
  CASE("unaligned", inputs[0].data = (char *)x + 1);
  CASE("room", output.bytes = 4);
  CASE("good", (void)0);
  quern_context_destroy(context);
  quern_model_close(model);
  return 0;
}
