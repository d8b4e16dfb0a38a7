/* The caller's tensors, which lie in the processor's memory or in the device's. */
#include "core/memory.h"
#include "cuda/device.h"
#include <stdlib.h>

static int is_on_device(const quern_device *places, uint32_t index) {
  return places && places[index].type == QUERN_CUDA;
}

static int is_input_on_device(const quern_frame *frame, uint32_t index) {
  return frame->places && is_on_device(frame->places->inputs, index);
}

static int is_output_on_device(const quern_frame *frame, uint32_t index) {
  return frame->places && is_on_device(frame->places->outputs, index);
}

static int is_aligned(const void *data) { return (uintptr_t)data % CUDA_ALIGNMENT == 0; }

const void *quern_device_input(quern_frame *frame, uint32_t index, void *place, uint64_t bytes) {
  const void *data = frame->inputs[index].data;
  int is_there = is_input_on_device(frame, index);
  if (is_there && bytes && is_aligned(data))
    return data;
  return quern_device_copy(frame, place, data, bytes, is_there ? QUERN_WITHIN_DEVICE : QUERN_TO_DEVICE) ? NULL : place;
}

const void *quern_device_fetch(quern_frame *frame, uint32_t index, uint64_t bytes) {
  const void *data = frame->inputs[index].data;
  if (!bytes)
    return frame; /* some address: there is nothing to read */
  if (!is_input_on_device(frame, index))
    return data;
  void *copy = frame->services->arena(frame, bytes);
  return copy && !quern_device_copy(frame, copy, data, bytes, QUERN_FROM_DEVICE) ? copy : NULL;
}

void *quern_device_output(quern_frame *frame, uint32_t index, int32_t rank, const int64_t *dims, void *place,
                          uint64_t bytes) {
  void *data = frame->services->output(frame, index, rank, dims);
  if (!data)
    return NULL;
  return is_output_on_device(frame, index) && bytes && is_aligned(data) ? data : place;
}

void *quern_device_stage(quern_frame *frame, uint32_t index, int32_t rank, const int64_t *dims, uint64_t bytes) {
  void *data = frame->services->output(frame, index, rank, dims);
  if (!data || !bytes || !is_output_on_device(frame, index))
    return data;
  /* The entry lies behind the elements, in memory that lasts as long. */
  uint64_t offset = quern_memory_round(bytes), total;
  if (__builtin_add_overflow(offset, sizeof(struct cuda_staged), &total))
    total = UINT64_MAX;
  char *staging = frame->services->arena(frame, total);
  if (!staging)
    return NULL;
  struct cuda_run *run = frame->device;
  struct cuda_staged *entry = (struct cuda_staged *)(staging + offset);
  *entry = (struct cuda_staged){run->staged, data, staging, bytes};
  run->staged = entry;
  return staging;
}

int32_t quern_cuda_send_staged(quern_frame *frame) {
  struct cuda_run *run = frame->device;
  int32_t status = QUERN_OK;
  for (; run->staged && !status; run->staged = run->staged->next)
    status = quern_device_copy(frame, run->staged->to, run->staged->from, run->staged->bytes, QUERN_TO_DEVICE);
  run->staged = NULL;
  return status;
}

int32_t quern_device_deliver(quern_frame *frame, uint32_t index, int32_t rank, const int64_t *dims, const void *from,
                             uint64_t bytes) {
  struct cuda_run *run = frame->device;
  void *data = frame->services->output(frame, index, rank, dims);
  if (!data)
    return QUERN_INVALID_ARGUMENT;
  if (!bytes || data == from)
    return QUERN_OK;
  if (is_output_on_device(frame, index))
    return quern_device_copy(frame, data, from, bytes, QUERN_WITHIN_DEVICE);
  /* The end of the run waits for it. */
  cuda_result result = quern_cuda_enter(run->model);
  if (!result) {
    result = quern_cuda_flush(run);
    if (!result)
      result = run->model->driver.copy_out(data, (uintptr_t)from, bytes, run->stream);
    quern_cuda_leave(run->model);
  }
  return result ? quern_cuda_fail(frame, result, "copying %lld bytes from the device failed: CUDA error %lld",
                                  (int64_t)bytes)
                : QUERN_OK;
}
