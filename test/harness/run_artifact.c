/* run_artifact MODEL.so MAX_LEVEL THREADS: opens a compiled model and runs it for a program on another machine, which
 * talks to it through standard input and output (emulated.py). All numbers are little-endian, as on both machines.
 *
 *   at the start    -> status, text: the level's name, or why the model did not open
 *   for every run   <- tensors of all inputs     -> status, then tensors of all outputs, or text: the error
 *   tensor          dtype (int32), rank (int32), dims (int64[rank]), bytes (uint64), the bytes
 *   text            length (uint32), the bytes
 *
 * Ends when the input does. */
#define _GNU_SOURCE
#include "quern/runtime.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *library;

static void send(const void *bytes, size_t count) {
  if (count && fwrite(bytes, 1, count, stdout) != count)
    exit(1);
}

/* 0 at the end of the input. */
static int receive(void *bytes, size_t count) { return !count || fread(bytes, 1, count, stdin) == count; }

static void send_text(int32_t status, const char *text) {
  uint32_t length = (uint32_t)strlen(text);
  send(&status, sizeof status);
  send(&length, sizeof length);
  send(text, length);
  fflush(stdout);
}

static void *symbol(const char *name) {
  void *address = dlsym(library, name);
  if (!address) {
    fprintf(stderr, "run_artifact: the model does not export %s\n", name);
    exit(1);
  }
  return address;
}

static int receive_tensor(quern_tensor *tensor) {
  memset(tensor, 0, sizeof *tensor);
  if (!receive(&tensor->dtype, 4) || !receive(&tensor->rank, 4) || tensor->rank > QUERN_MAX_RANK ||
      !receive(tensor->dims, 8 * (size_t)tensor->rank) || !receive(&tensor->bytes, 8))
    return 0;
  tensor->data = malloc(tensor->bytes ? tensor->bytes : 1);
  return tensor->data && receive(tensor->data, tensor->bytes);
}

static void send_tensor(const quern_tensor *tensor) {
  uint64_t bytes = ((size_t(*)(quern_dtype))symbol("quern_dtype_size"))(tensor->dtype);
  for (int32_t axis = 0; axis < tensor->rank; ++axis)
    bytes *= (uint64_t)tensor->dims[axis];
  send(&tensor->dtype, 4);
  send(&tensor->rank, 4);
  send(tensor->dims, 8 * (size_t)tensor->rank);
  send(&bytes, 8);
  send(tensor->data, bytes);
}

/* 0 when there is nothing more to run. */
static int serve(quern_context *context, uint32_t num_inputs, uint32_t num_outputs) {
  quern_tensor *inputs = calloc(num_inputs + 1, sizeof *inputs), *outputs = calloc(num_outputs + 1, sizeof *outputs);
  int more = inputs && outputs;
  for (uint32_t i = 0; more && i < num_inputs; ++i)
    more = receive_tensor(&inputs[i]);
  char go;
  if (more && num_inputs == 0)
    more = receive(&go, 1); /* a byte for every run of a model without inputs */
  if (more) {
    quern_status (*run)(quern_context *, const quern_tensor *, size_t, quern_tensor *, size_t) = symbol("quern_run");
    const char *(*error)(const quern_context *) = symbol("quern_context_error");
    getppid(); /* between these a plugin of the emulator counts */
    quern_status status = run(context, inputs, num_inputs, outputs, num_outputs);
    getppid();
    if (status) {
      send_text(status, error(context));
    } else {
      send(&status, sizeof status);
      for (uint32_t i = 0; i < num_outputs; ++i)
        send_tensor(&outputs[i]);
      fflush(stdout);
    }
  }
  for (uint32_t i = 0; inputs && i < num_inputs; ++i)
    free(inputs[i].data);
  free(inputs);
  free(outputs);
  return more;
}

int main(int argc, char **argv) {
  if (argc != 4)
    return 2;
  library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "run_artifact: %s\n", dlerror());
    return 1;
  }
  quern_model_options options = {.size = sizeof options, .max_level = (uint32_t)atoi(argv[2])};
  quern_status (*open)(const quern_model_descriptor *, const quern_model_options *, quern_model **, const char **) =
      symbol("quern_model_open");
  const quern_model_descriptor *descriptor = symbol("quern_model_descriptor");
  quern_model *model;
  const char *message;
  quern_status status = open(descriptor, &options, &model, &message);
  if (status) {
    send_text(status, message);
    return 0;
  }
  const quern_level *(*level)(const quern_model *) = symbol("quern_model_get_level");
  quern_pool *(*create_pool)(int32_t) = symbol("quern_pool_create");
  quern_status (*create)(const quern_model *, const quern_context_options *, quern_context **) =
      symbol("quern_context_create");
  quern_context_options context_options = {.size = sizeof context_options, .pool = create_pool(atoi(argv[3]))};
  quern_context *context;
  if (!context_options.pool || create(model, &context_options, &context))
    return 1;
  send_text(QUERN_OK, level(model)->name);
  while (serve(context, descriptor->num_inputs, descriptor->num_outputs))
    ;
  ((void (*)(quern_context *))symbol("quern_context_destroy"))(context);
  ((void (*)(quern_pool *))symbol("quern_pool_destroy"))(context_options.pool);
  ((void (*)(quern_model *))symbol("quern_model_close"))(model);
  return 0;
}
