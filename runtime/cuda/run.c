/* The services of a device for the host function. Everything goes to one stream, so that it happens in order. */
#include "core/memory.h"
#include "cuda/device.h"
#include <stdlib.h>
#include <string.h>

/* Blocks that share a device at a time are fewer than this, so more scratch would lie idle. */
enum { MAX_SCRATCH_BLOCKS = 1024, MAX_GRID = INT32_MAX };

static struct cuda_run *run_of(quern_frame *frame) {
  return frame->device;
}

int32_t quern_cuda_fail(quern_frame *frame, cuda_result result, const char *what, int64_t number) {
  quern_status status = result == CUDA_OUT_OF_MEMORY ? QUERN_OUT_OF_MEMORY : QUERN_UNSUPPORTED_DEVICE;
  return frame->services->fail(frame, status, what, number, result, 0);
}

static cuda_result reserve(struct cuda_run *run, struct cuda_block *block, uint64_t bytes) {
  if (bytes <= block->bytes)
    return CUDA_SUCCESS;
  if (block->address) {
    run->model->driver.stream_wait(run->stream); /* a kernel may still use it */
    run->model->driver.release(block->address);
  }
  *block = (struct cuda_block){0, 0};
  cuda_result result = run->model->driver.allocate(&block->address, bytes);
  if (result)
    block->address = 0;
  else
    block->bytes = bytes;
  return result;
}

/* Memory of this run alone, given back at its end. */
static cuda_result take_overflow(struct cuda_run *run, uint64_t bytes, cuda_address *address) {
  struct cuda_overflow *entry = quern_memory_allocate(sizeof(*entry));
  if (!entry)
    return CUDA_OUT_OF_MEMORY;
  cuda_result result = run->model->driver.allocate(address, bytes);
  if (result) {
    free(entry);
    return result;
  }
  *entry = (struct cuda_overflow){run->overflow, *address};
  run->overflow = entry;
  return CUDA_SUCCESS;
}

void *quern_device_arena(quern_frame *frame, uint64_t bytes) {
  struct cuda_run *run = run_of(frame);
  cuda_address address = 0;
  size_t available = 0, total;
  bytes = bytes ? bytes : 1;
  cuda_result result = quern_cuda_enter(run->model);
  if (!result) {
    if (!run->requested) {
      result = reserve(run, &run->arena, bytes);
      address = run->arena.address;
    } else {
      result = take_overflow(run, bytes, &address);
    }
    if (result)
      run->model->driver.memory_info(&available, &total);
    quern_cuda_leave(run->model);
  }
  run->requested += bytes;
  if (result) {
    frame->services->fail(frame, result == CUDA_OUT_OF_MEMORY ? QUERN_OUT_OF_MEMORY : QUERN_UNSUPPORTED_DEVICE,
                          "the run needs %lld bytes of the device's memory for intermediate values, but %lld are free: "
                          "CUDA error %lld",
                          (int64_t)bytes, (int64_t)available, result);
    return NULL;
  }
  return (void *)(uintptr_t)address;
}

const void *quern_device_weights(quern_frame *frame) {
  return (const void *)(uintptr_t)run_of(frame)->model->weights;
}

/* Copies that the processor takes part in are behind what is recorded. */
static cuda_result copy(struct cuda_run *run, void *to, const void *from, uint64_t bytes, int32_t direction) {
  const struct cuda_driver *driver = &run->model->driver;
  cuda_address source = (uintptr_t)from, target = (uintptr_t)to;
  if (direction == QUERN_WITHIN_DEVICE) {
    run->has_launched = 1;
    return quern_cuda_record_copy(&run->pending, target, source, bytes) ? CUDA_SUCCESS : CUDA_OUT_OF_MEMORY;
  }
  cuda_result result = quern_cuda_flush(run);
  if (result)
    return result;
  if (direction == QUERN_TO_DEVICE)
    return driver->copy_in(target, from, bytes, run->stream);
  result = driver->copy_out(to, source, bytes, run->stream);
  return result ? result : driver->stream_wait(run->stream);
}

int32_t quern_device_copy(quern_frame *frame, void *to, const void *from, uint64_t bytes, int32_t direction) {
  struct cuda_run *run = run_of(frame);
  if (!bytes)
    return QUERN_OK;
  cuda_result result = quern_cuda_enter(run->model);
  if (!result) {
    result = copy(run, to, from, bytes, direction);
    quern_cuda_leave(run->model);
  }
  return result ? quern_cuda_fail(frame, result, "copying %lld bytes from or to the device failed: CUDA error %lld",
                                  (int64_t)bytes)
                : QUERN_OK;
}

/* Memory for the scratch of `blocks` blocks, which all kernels of the run share. */
static cuda_result reserve_scratch(struct cuda_run *run, uint64_t scratch, int64_t blocks) {
  uint64_t total = 0;
  if (__builtin_mul_overflow(scratch, (uint64_t)blocks, &total))
    return CUDA_OUT_OF_MEMORY;
  if (total <= run->scratch.bytes)
    return CUDA_SUCCESS;
  cuda_result result = quern_cuda_enter(run->model);
  if (result)
    return result;
  result = reserve(run, &run->scratch, total);
  quern_cuda_leave(run->model);
  return result;
}

int32_t quern_device_launch(quern_frame *frame, uint32_t site, const void *const *buffers, int64_t num_buffers,
                            const int64_t *dims, int64_t num_dims, int64_t tasks, uint64_t scratch) {
  struct cuda_run *run = run_of(frame);
  if (tasks <= 0)
    return QUERN_OK;
  if (num_buffers + num_dims + 3 > CUDA_MAX_PARAMETERS)
    return quern_cuda_fail(frame, CUDA_SUCCESS, "the kernel of site %lld has more parameters than a device takes",
                           site);
  int64_t most = scratch ? MAX_SCRATCH_BLOCKS : MAX_GRID, blocks = tasks < most ? tasks : most;
  cuda_result result = reserve_scratch(run, scratch, blocks);
  if (!result && !quern_cuda_record_kernel(&run->pending, site, blocks, scratch, buffers, num_buffers, dims, num_dims))
    result = CUDA_OUT_OF_MEMORY;
  run->has_launched = 1;
  return result ? quern_cuda_fail(frame, result, "the kernel of site %lld does not start: CUDA error %lld", site)
                : QUERN_OK;
}

/* Waits, and looks at what kernels said. */
static quern_status collect(quern_frame *frame, struct cuda_run *run) {
  const struct cuda_driver *driver = &run->model->driver;
  uint32_t sites = run->model->descriptor->num_sites;
  cuda_result result = quern_cuda_flush(run);
  if (!result)
    result = driver->stream_wait(run->stream);
  if (result)
    return quern_cuda_fail(frame, result,
                           "a kernel of the model ended in a fault of the device (%lld sites): CUDA error %lld", sites);
  for (uint32_t site = 0; site < sites; ++site)
    if (run->errors[site]) {
      int32_t code = run->errors[site];
      memset(run->errors, 0, sites * sizeof(int32_t));
      return frame->services->kernel_error(frame, site, code);
    }
  return QUERN_OK;
}

/* The requests of the run that had no room in the arena; where the device is gone its memory is too. */
static void drop_overflow(struct cuda_run *run, int is_entered) {
  while (run->overflow) {
    struct cuda_overflow *entry = run->overflow;
    run->overflow = entry->next;
    if (is_entered)
      run->model->driver.release(entry->address);
    free(entry);
  }
}

quern_status quern_cuda_finish(quern_frame *frame) {
  struct cuda_run *run = run_of(frame);
  quern_status status = quern_cuda_send_staged(frame);
  cuda_result result = quern_cuda_enter(run->model);
  if (result) {
    status = quern_cuda_fail(frame, result, "the device is gone (context of %lld sites): CUDA error %lld",
                             run->model->descriptor->num_sites);
  } else if (run->has_launched) {
    quern_status collected = collect(frame, run);
    status = status ? status : collected;
  } else {
    run->model->driver.stream_wait(run->stream);
  }
  quern_cuda_clear(&run->pending); /* nothing is left but where the device is gone */
  run->has_launched = 0;
  run->requested = 0;
  drop_overflow(run, !result);
  if (!result)
    quern_cuda_leave(run->model);
  return status;
}

/* The stream and the words for errors. */
static cuda_result prepare(struct cuda_run *run) {
  const struct cuda_driver *driver = &run->model->driver;
  uint32_t sites = run->model->descriptor->num_sites;
  cuda_result result = driver->stream_create(&run->stream, CUDA_STREAM_NON_BLOCKING);
  void *errors = NULL;
  size_t bytes = (sites + 1) * sizeof(int32_t);
  if (!result)
    result = driver->host_allocate(&errors, bytes, CUDA_HOST_MAPPED);
  if (result)
    return result;
  run->errors = memset(errors, 0, bytes);
  return driver->host_address(&run->errors_address, errors, 0);
}

quern_status quern_cuda_create(void *model, void **context) {
  *context = NULL;
  struct cuda_run *run = quern_memory_allocate(sizeof(*run));
  if (!run)
    return QUERN_OUT_OF_MEMORY;
  memset(run, 0, sizeof(*run));
  run->model = model;
  cuda_result result = quern_cuda_enter(model);
  if (!result) {
    result = prepare(run);
    quern_cuda_leave(model);
  }
  if (!result) {
    *context = run;
    return QUERN_OK;
  }
  quern_cuda_destroy(run);
  return result == CUDA_OUT_OF_MEMORY ? QUERN_OUT_OF_MEMORY : QUERN_UNSUPPORTED_DEVICE;
}

void quern_cuda_destroy(void *context) {
  struct cuda_run *run = context;
  const struct cuda_driver *driver = &run->model->driver;
  if (!quern_cuda_enter(run->model)) {
    if (run->stream)
      driver->stream_wait(run->stream);
    quern_cuda_release_sequences(run);
    const cuda_address memory[] = {run->arena.address, run->scratch.address};
    for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); ++i)
      if (memory[i])
        driver->release(memory[i]);
    if (run->errors)
      driver->host_release(run->errors);
    if (run->stream)
      driver->stream_destroy(run->stream);
    quern_cuda_leave(run->model);
  }
  free(run);
}
