/* Checks of one run, driven by the descriptor's tables. Nothing is written but the context's symbols and error. */
#include "core/context.h"
#include <stddef.h>

bool quern_tensor_bytes(quern_dtype dtype, int32_t rank, const int64_t *dims, uint64_t *bytes) {
  /* A zero dim does not excuse the others: their product is a stride in the kernels' arithmetic. */
  uint64_t product = quern_dtype_size(dtype);
  bool is_empty = false;
  for (int32_t axis = 0; axis < rank; ++axis) {
    is_empty |= dims[axis] == 0;
    if (dims[axis] && __builtin_mul_overflow(product, (uint64_t)dims[axis], &product))
      return false;
  }
  *bytes = is_empty ? 0 : product;
  return product <= PTRDIFF_MAX;
}

static bool is_aligned(const void *data, quern_dtype dtype) {
  size_t size = quern_dtype_size(dtype);
  return (uintptr_t)data % (size < 8 ? size : 8) == 0;
}

static quern_status check_dim(quern_context *context, uint32_t index, int32_t axis, int64_t dim) {
  const quern_model_descriptor *descriptor = context->model->descriptor;
  const quern_value_info *info = &descriptor->inputs[index];
  int64_t wanted = info->dims[axis];
  if (dim < 0)
    return quern_fail(context, QUERN_INVALID_ARGUMENT, "input \"%s\": dim %lld is %lld, but a dim cannot be negative",
                      info->name, (long long)axis, (long long)dim);
  if (wanted >= 0) {
    if (dim == wanted)
      return QUERN_OK;
    return quern_fail(context, QUERN_INVALID_ARGUMENT, "input \"%s\": dim %lld is %lld, but the model wants %lld",
                      info->name, (long long)axis, (long long)dim, (long long)wanted);
  }
  int64_t symbol = -1 - wanted;
  if (context->symbols[symbol] == QUERN_UNBOUND) {
    context->symbols[symbol] = dim;
    context->symbol_inputs[symbol] = index;
  }
  if (dim == context->symbols[symbol])
    return QUERN_OK;
  return quern_fail(context, QUERN_INVALID_ARGUMENT,
                    "input \"%s\": dim %lld is %lld, but \"%s\" is %lld from input \"%s\"", info->name,
                    (long long)axis, (long long)dim, descriptor->symbols[symbol],
                    (long long)context->symbols[symbol], descriptor->inputs[context->symbol_inputs[symbol]].name);
}

/* Room and alignment of memory that the caller gave for `needed` bytes. */
static quern_status check_data(quern_context *context, const char *kind, const char *name, const quern_tensor *tensor,
                               quern_dtype dtype, uint64_t needed) {
  if (needed && !tensor->data)
    return quern_fail(context, QUERN_INVALID_ARGUMENT, "%s \"%s\": data is null, but its shape takes %lld bytes", kind,
                      name, (long long)needed);
  if (tensor->bytes < needed)
    return quern_fail(context, QUERN_INVALID_ARGUMENT, "%s \"%s\": %lld bytes are given, but its shape takes %lld",
                      kind, name, (long long)tensor->bytes, (long long)needed);
  if (!is_aligned(tensor->data, dtype))
    return quern_fail(context, QUERN_INVALID_ARGUMENT, "%s \"%s\": data is not aligned to the elements of %s", kind,
                      name, quern_dtype_name(dtype));
  return QUERN_OK;
}

static quern_status check_input(quern_context *context, uint32_t index, const quern_tensor *tensor) {
  const quern_value_info *info = &context->model->descriptor->inputs[index];
  if (tensor->dtype != info->dtype)
    return quern_fail(context, QUERN_INVALID_ARGUMENT, "input \"%s\": dtype is %s, but the model wants %s", info->name,
                      quern_dtype_name(tensor->dtype), quern_dtype_name(info->dtype));
  if (tensor->rank != info->rank)
    return quern_fail(context, QUERN_INVALID_ARGUMENT, "input \"%s\": rank is %lld, but the model wants %lld",
                      info->name, (long long)tensor->rank, (long long)info->rank);
  for (int32_t axis = 0; axis < info->rank; ++axis) {
    quern_status status = check_dim(context, index, axis, tensor->dims[axis]);
    if (status)
      return status;
  }
  uint64_t needed;
  if (!quern_tensor_bytes(info->dtype, info->rank, tensor->dims, &needed))
    return quern_fail(context, QUERN_INVALID_ARGUMENT,
                      "input \"%s\": its dims take more bytes than an address can hold", info->name);
  return check_data(context, "input", info->name, tensor, info->dtype, needed);
}

const char *quern_device_name(int32_t type) {
  return type == QUERN_CPU || type == QUERN_CUDA_HOST || !type ? "cpu" : type == QUERN_CUDA ? "cuda" : "device";
}

/* `place` is null for the processor's memory. */
static quern_status check_place(quern_context *context, const char *kind, const char *name, const quern_tensor *tensor,
                                const quern_device *place) {
  const quern_device *runs_on = &context->model->place;
  if (!place || !place->type || place->type == QUERN_CPU || place->type == QUERN_CUDA_HOST)
    return QUERN_OK;
  if (place->type != runs_on->type || place->ordinal != runs_on->ordinal)
    return quern_fail(context, QUERN_INVALID_ARGUMENT,
                      "%s \"%s\": it is in the memory of %s:%lld, but the model runs on %s:%lld", kind, name,
                      quern_device_name(place->type), (long long)place->ordinal, quern_device_name(runs_on->type),
                      (long long)runs_on->ordinal);
  if (tensor->dtype == QUERN_STRING)
    return quern_fail(context, QUERN_INVALID_ARGUMENT, "%s \"%s\": strings are in the processor's memory, not in %s:%lld",
                      kind, name, quern_device_name(place->type), (long long)place->ordinal);
  if (!tensor->data && kind[0] == 'o')
    return quern_fail(context, QUERN_INVALID_ARGUMENT,
                      "output \"%s\": its data is null; an output in the memory of %s:%lld is the caller's", name,
                      quern_device_name(place->type), (long long)place->ordinal);
  return QUERN_OK;
}

static quern_status check_places(quern_context *context, const quern_tensor *inputs, const quern_tensor *outputs,
                                 const quern_places *places) {
  const quern_model_descriptor *descriptor = context->model->descriptor;
  quern_status status = QUERN_OK;
  if (places && places->size < offsetof(quern_places, output))
    return quern_fail(context, QUERN_INVALID_ARGUMENT, "the size in the places is not that of quern_places");
  for (uint32_t i = 0; places && places->inputs && i < descriptor->num_inputs && !status; ++i)
    status = check_place(context, "input", descriptor->inputs[i].name, &inputs[i], &places->inputs[i]);
  for (uint32_t i = 0; places && places->outputs && i < descriptor->num_outputs && !status; ++i)
    status = check_place(context, "output", descriptor->outputs[i].name, &outputs[i], &places->outputs[i]);
  return status;
}

/* The elements of an input of strings, in the processor's memory. */
static quern_status check_strings(quern_context *context, uint32_t index, const quern_tensor *tensor) {
  const quern_value_info *info = &context->model->descriptor->inputs[index];
  const quern_string *strings = tensor->data;
  uint64_t bytes = 0;
  if (info->dtype == QUERN_STRING)
    quern_tensor_bytes(info->dtype, info->rank, tensor->dims, &bytes);
  for (uint64_t i = 0; i < bytes / sizeof(quern_string); ++i)
    if ((!strings[i].data && strings[i].size) || strings[i].size > PTRDIFF_MAX)
      return quern_fail(context, QUERN_INVALID_ARGUMENT, "input \"%s\": string %lld has %s", info->name, (long long)i,
                        strings[i].data ? "more bytes than an address can hold" : "bytes, but its data is null");
  return QUERN_OK;
}

struct range {
  uintptr_t first;
  uint64_t bytes;
};

static bool overlap(struct range a, struct range b) {
  return a.bytes && b.bytes && (a.first < b.first ? b.first - a.first < a.bytes : a.first - b.first < b.bytes);
}

static struct range input_range(const quern_context *context, uint32_t index, const quern_tensor *tensor) {
  const quern_value_info *info = &context->model->descriptor->inputs[index];
  uint64_t bytes = 0;
  quern_tensor_bytes(info->dtype, info->rank, tensor->dims, &bytes);
  return (struct range){(uintptr_t)tensor->data, bytes};
}

/* False: some dim is not known before the run. `is_valid` is whether an address can hold the bytes. */
static bool known_output_bytes(const quern_context *context, uint32_t index, uint64_t *bytes, bool *is_valid) {
  const quern_value_info *info = &context->model->descriptor->outputs[index];
  int64_t dims[QUERN_MAX_RANK];
  for (int32_t axis = 0; axis < info->rank; ++axis)
    if ((dims[axis] = quern_dim_value(context, info->dims[axis])) == QUERN_UNBOUND)
      return false;
  *is_valid = quern_tensor_bytes(info->dtype, info->rank, dims, bytes);
  return true;
}

static bool is_callers(const quern_context *context, uint32_t index, const quern_tensor *tensor) {
  return tensor->data && tensor->data != context->outputs[index].data;
}

/* Where the run will write: the caller's memory, or the context's, which a growing output even frees. */
static struct range output_range(const quern_context *context, uint32_t index, const quern_tensor *tensor) {
  const struct quern_block *own = &context->outputs[index];
  if (!is_callers(context, index, tensor))
    return (struct range){(uintptr_t)own->data, own->bytes};
  uint64_t bytes;
  bool is_valid;
  if (!known_output_bytes(context, index, &bytes, &is_valid))
    bytes = tensor->bytes;
  return (struct range){(uintptr_t)tensor->data, bytes};
}

static quern_status check_output(quern_context *context, uint32_t index, const quern_tensor *tensor) {
  const quern_value_info *info = &context->model->descriptor->outputs[index];
  uint64_t needed = 0;
  bool is_valid = true;
  known_output_bytes(context, index, &needed, &is_valid);
  if (!is_valid)
    return quern_fail(context, QUERN_INVALID_ARGUMENT,
                      "output \"%s\": its dims take more bytes than an address can hold", info->name);
  if (!is_callers(context, index, tensor))
    return QUERN_OK;
  return check_data(context, "output", info->name, tensor, info->dtype, needed);
}

static quern_status check_overlap(quern_context *context, uint32_t index, const quern_tensor *inputs,
                                  const quern_tensor *outputs) {
  const quern_model_descriptor *descriptor = context->model->descriptor;
  const char *name = descriptor->outputs[index].name;
  struct range own = output_range(context, index, &outputs[index]);
  if (!own.bytes)
    return QUERN_OK;
  for (uint32_t i = 0; i < descriptor->num_inputs; ++i)
    if (overlap(own, input_range(context, i, &inputs[i])))
      return quern_fail(context, QUERN_INVALID_ARGUMENT,
                        "output \"%s\" overlaps input \"%s\" in memory; give it its own", name,
                        descriptor->inputs[i].name);
  for (uint32_t i = 0; i < index; ++i)
    if (overlap(own, output_range(context, i, &outputs[i])))
      return quern_fail(context, QUERN_INVALID_ARGUMENT,
                        "output \"%s\" overlaps output \"%s\" in memory; give it its own", name,
                        descriptor->outputs[i].name);
  return QUERN_OK;
}

static quern_status check_count(quern_context *context, const char *kind, const void *tensors, size_t given,
                                uint32_t wanted) {
  if (given != wanted)
    return quern_fail(context, QUERN_INVALID_ARGUMENT, "%lld %ss are given, but the model has %lld", (long long)given,
                      kind, (long long)wanted);
  if (given && !tensors)
    return quern_fail(context, QUERN_INVALID_ARGUMENT, "the %ss are null, but the model has %lld", kind,
                      (long long)wanted);
  return QUERN_OK;
}

quern_status quern_validate(quern_context *context, const quern_tensor *inputs, size_t num_inputs,
                            const quern_tensor *outputs, size_t num_outputs, const quern_places *places) {
  const quern_model_descriptor *descriptor = context->model->descriptor;
  quern_status status = check_count(context, "input", inputs, num_inputs, descriptor->num_inputs);
  if (!status)
    status = check_count(context, "output", outputs, num_outputs, descriptor->num_outputs);
  for (uint32_t i = 0; i < descriptor->num_symbols; ++i)
    context->symbols[i] = QUERN_UNBOUND;
  for (uint32_t i = 0; i < descriptor->num_inputs && !status; ++i)
    status = check_input(context, i, &inputs[i]);
  for (uint32_t i = 0; i < descriptor->num_outputs && !status; ++i)
    status = check_output(context, i, &outputs[i]);
  for (uint32_t i = 0; i < descriptor->num_outputs && !status; ++i)
    status = check_overlap(context, i, inputs, outputs);
  if (!status)
    status = check_places(context, inputs, outputs, places);
  for (uint32_t i = 0; i < descriptor->num_inputs && !status; ++i)
    status = check_strings(context, i, &inputs[i]);
  return status;
}
