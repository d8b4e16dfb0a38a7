/* The services of a run for the host function, except launches. */
#include "core/context.h"

static int32_t fail(quern_frame *frame, int32_t status, const char *format, int64_t a, int64_t b, int64_t c) {
  quern_context *context = frame->context;
  if (!context->status) {
    quern_text_integers(&context->error, format, (const int64_t[]){a, b, c});
    context->status = status;
  }
  return status;
}

static void *arena(quern_frame *frame, uint64_t bytes) {
  quern_context *context = frame->context;
  void *data = quern_arena_take(&context->arena, bytes);
  if (data)
    return data;
  if (context->arena.is_callers)
    quern_fail(context, QUERN_OUT_OF_MEMORY, "the arena has %lld bytes, but the run takes at least %lld",
               (long long)context->arena.block.bytes, (long long)context->arena.requested);
  else
    quern_fail(context, QUERN_OUT_OF_MEMORY, "out of memory: %lld bytes for intermediate values",
               (long long)bytes);
  return NULL;
}

static bool are_dims_valid(quern_context *context, const quern_value_info *info, int32_t rank, const int64_t *dims) {
  if (rank != info->rank) {
    quern_fail(context, QUERN_DATA_ERROR, "output \"%s\": rank is %lld, but the model says %lld", info->name,
               (long long)rank, (long long)info->rank);
    return false;
  }
  for (int32_t axis = 0; axis < rank; ++axis) {
    int64_t said = quern_dim_value(context, info->dims[axis]);
    if (dims[axis] >= 0 && (said == QUERN_UNBOUND || said == dims[axis]))
      continue;
    if (said == QUERN_UNBOUND)
      quern_fail(context, QUERN_DATA_ERROR, "output \"%s\": dim %lld is %lld, but a dim cannot be negative",
                 info->name, (long long)axis, (long long)dims[axis]);
    else
      quern_fail(context, QUERN_DATA_ERROR, "output \"%s\": dim %lld is %lld, but the model says %lld", info->name,
                 (long long)axis, (long long)dims[axis], (long long)said);
    return false;
  }
  return true;
}

/* The caller's memory for an output whose dims it did not know; null: it has none. */
static void *late_output(const quern_places *places, uint32_t index, uint64_t bytes) {
  bool asks = places && places->size >= sizeof(*places) && places->output;
  return asks ? places->output(places->user, index, bytes) : NULL;
}

/* The context's memory for an output that the caller gave none. */
static void *own_output(quern_context *context, uint32_t index, quern_tensor *tensor, uint64_t bytes) {
  struct quern_block *block = &context->outputs[index];
  if (!quern_block_reserve(block, bytes))
    quern_fail(context, QUERN_OUT_OF_MEMORY, "out of memory: %lld bytes for output \"%s\"", (long long)bytes,
               context->model->descriptor->outputs[index].name);
  tensor->data = block->data;
  tensor->bytes = block->data ? bytes : 0;
  return block->data;
}

static void *output(quern_frame *frame, uint32_t index, int32_t rank, const int64_t *dims) {
  quern_context *context = frame->context;
  const quern_value_info *info = &context->model->descriptor->outputs[index];
  quern_tensor *tensor = &frame->outputs[index];
  uint64_t bytes;
  if (!are_dims_valid(context, info, rank, dims))
    return NULL;
  if (!quern_tensor_bytes(info->dtype, rank, dims, &bytes)) {
    quern_fail(context, QUERN_DATA_ERROR, "output \"%s\": its dims take more bytes than an address can hold",
               info->name);
    return NULL;
  }
  bool is_callers = tensor->data && tensor->data != context->outputs[index].data;
  tensor->dtype = info->dtype;
  tensor->rank = rank;
  for (int32_t axis = 0; axis < rank; ++axis)
    tensor->dims[axis] = dims[axis];
  if (!is_callers) {
    void *late = late_output(frame->places, index, bytes);
    if (!late)
      return own_output(context, index, tensor, bytes);
    tensor->data = late;
    tensor->bytes = bytes;
  }
  if (bytes <= tensor->bytes)
    return tensor->data;
  quern_fail(context, QUERN_DATA_ERROR, "output \"%s\": %lld bytes are given, but its shape takes %lld", info->name,
             (long long)tensor->bytes, (long long)bytes);
  return NULL;
}

const quern_services quern_context_services = {
    sizeof(quern_services), 0, arena, output, quern_launch_site, fail, quern_launch_phases, quern_kernel_error};

/* The host function's side: any copy of these finds the services of the copy that made the frame. */

void *quern_frame_arena(quern_frame *frame, uint64_t bytes) { return frame->services->arena(frame, bytes); }

void *quern_frame_output(quern_frame *frame, uint32_t index, int32_t rank, const int64_t *dims) {
  return frame->services->output(frame, index, rank, dims);
}

int32_t quern_frame_launch(quern_frame *frame, uint32_t site, const void *const *buffers, const int64_t *dims,
                           int64_t tasks, uint64_t scratch) {
  return frame->services->launch(frame, site, buffers, dims, tasks, scratch);
}

int32_t quern_frame_launch_phases(quern_frame *frame, uint32_t site, const void *const *buffers, const int64_t *dims,
                                  int64_t tasks, uint64_t scratch, int64_t phases) {
  return frame->services->launch_phases(frame, site, buffers, dims, tasks, scratch, phases);
}

int32_t quern_frame_fail(quern_frame *frame, int32_t status, const char *format, int64_t a, int64_t b, int64_t c) {
  return frame->services->fail(frame, status, format, a, b, c);
}
