/* A model library with a runtime of its own, as the compiler links it: y[n] = 2 * x[n]. */
#include "quern/runtime.h"

static int32_t twice(const quern_launch *launch) {
  const float *x = launch->buffers[0];
  float *y = (float *)launch->buffers[1];
  for (int64_t i = launch->first_task; i < launch->last_task; ++i)
    y[i] = 2 * x[i];
  return QUERN_KERNEL_OK;
}

static int32_t host(quern_frame *frame) {
  int64_t n = frame->symbols[0];
  float *y = quern_frame_output(frame, 0, 1, &n);
  void *unused = quern_frame_arena(frame, 100);
  if (!y || !unused)
    return QUERN_OUT_OF_MEMORY;
  if (n == 13)
    return quern_frame_fail(frame, QUERN_DATA_ERROR, "the model does not take %lld", n, 0, 0);
  const void *buffers[] = {frame->inputs[0].data, y};
  return quern_frame_launch(frame, 0, buffers, NULL, n, 64);
}

static const int64_t dims[] = {-1};
static const quern_value_info input = {"x", QUERN_F32, 1, dims}, output = {"y", QUERN_F32, 1, dims};
static const char *const symbols[] = {"n"};
static const quern_site site = {"twice", "Mul_0", 0};
static const quern_kernel kernels[] = {twice};
static const quern_level level = {"x86-64", 1, 0, kernels};

QUERN_EXPORT extern const quern_model_descriptor twice_model_descriptor;
const quern_model_descriptor twice_model_descriptor = {
    .abi_version = QUERN_ABI_VERSION,
    .size = sizeof(quern_model_descriptor),
    .name = "twice",
    .num_inputs = 1,
    .num_outputs = 1,
    .num_symbols = 1,
    .num_sites = 1,
    .num_kernels = 1,
    .num_levels = 1,
    .inputs = &input,
    .outputs = &output,
    .symbols = symbols,
    .sites = &site,
    .levels = &level,
    .manifest = "{}",
    .main = host,
};
