/* Runs a compiled model: y = relu(x * x + b), x of any number of rows of 4. `model.h` was written beside the library
 * by `quern compile model.onnx -o model.so`; nothing else of Quern is needed. */
#include "model.h"
#include <stdio.h>

int main(void) {
  quern_model *model;
  const char *message;
  if (quern_model_open(&model_model_descriptor, NULL, &model, &message) != QUERN_OK) {
    fprintf(stderr, "cannot open the model: %s\n", message);
    return 1;
  }
  quern_pool *pool = quern_pool_create(2);
  quern_context_options options = {.size = sizeof options, .pool = pool};
  quern_context *context;
  if (quern_context_create(model, &options, &context) != QUERN_OK)
    return 1;

  float x[2][4] = {{1, 2, 3, 4}, {-1, -2, 0, 0.5f}}, b[4] = {0, -5, 1, 0};
  quern_tensor inputs[] = {{.data = x, .bytes = sizeof x, .dtype = QUERN_F32, .rank = 2, .dims = {2, 4}},
                           {.data = b, .bytes = sizeof b, .dtype = QUERN_F32, .rank = 1, .dims = {4}}};
  quern_tensor output = {0}; /* no data: the result lies in the context until the next run */
  if (quern_run(context, inputs, 2, &output, 1) != QUERN_OK) {
    fprintf(stderr, "cannot run the model: %s\n", quern_context_error(context));
    return 1;
  }
  const float *y = output.data;
  for (int64_t row = 0; row < output.dims[0]; ++row, y += output.dims[1])
    printf("%g %g %g %g\n", y[0], y[1], y[2], y[3]);

  quern_context_destroy(context);
  quern_pool_destroy(pool);
  quern_model_close(model);
  return 0;
}
