/* Runs the tasks of a site. This is all that happens between two kernels, so the way to a direct call is short. */
#include "core/context.h"
#include "cpu/clock.h"
#include "cpu/floating_point.h"
#include <stdatomic.h>

/* What the threads of one launch share. */
struct job {
  quern_kernel kernel;
  const void *const *buffers;
  const int64_t *dims;
  char *scratch;
  uint64_t scratch_bytes;
  int64_t first_task; /* of the phase */
  uint32_t mode; /* floating-point mode of the thread that runs the model: results must not depend on who computes */
  _Atomic int32_t error;
};

static void run_tasks(void *argument, int64_t first, int64_t last, int32_t thread) {
  struct job *job = argument;
  if (atomic_load_explicit(&job->error, memory_order_relaxed))
    return;
  uint32_t mode = quern_floating_point_mode();
  if (mode != job->mode)
    quern_set_floating_point_mode(job->mode);
  void *scratch = job->scratch_bytes ? job->scratch + (uint64_t)thread * job->scratch_bytes : NULL;
  quern_launch launch = {job->buffers, job->dims, job->first_task + first, job->first_task + last, scratch};
  int32_t error = job->kernel(&launch), none = 0;
  if (error)
    atomic_compare_exchange_strong_explicit(&job->error, &none, error, memory_order_relaxed, memory_order_relaxed);
  if (mode != job->mode)
    quern_set_floating_point_mode(mode);
}

/* Apart from the direct way, so that this one's frame is not set up there. */
__attribute__((noinline)) static int32_t run_on_pool(quern_context *context, quern_kernel kernel,
                                                     const void *const *buffers, const int64_t *dims, int64_t tasks,
                                                     int64_t phases) {
  struct job job = {kernel, buffers, dims, context->scratch.data, context->scratch_bytes, 0,
                    quern_floating_point_mode(), QUERN_KERNEL_OK};
  int32_t error = QUERN_KERNEL_OK;
  const quern_pool *pool = context->pool;
  if (phases > 1 && pool->size >= offsetof(quern_pool, run_phases) + sizeof(pool->run_phases) && pool->run_phases) {
    pool->run_phases(context->pool, tasks, phases, run_tasks, &job);
    return atomic_load_explicit(&job.error, memory_order_relaxed);
  }
  for (int64_t phase = 0; phase < phases && !error; ++phase, job.first_task += tasks) {
    context->pool->run(context->pool, tasks, run_tasks, &job);
    error = atomic_load_explicit(&job.error, memory_order_relaxed);
  }
  return error;
}

__attribute__((noinline)) static bool grow_scratch(quern_context *context, uint64_t bytes) {
  /* Two lines apart, as the prefetcher takes pairs. */
  uint64_t part, total;
  if (__builtin_add_overflow(bytes, 127, &part) ||
      __builtin_mul_overflow(part &= ~(uint64_t)127, (uint64_t)context->threads, &total) ||
      !quern_block_reserve(&context->scratch, total)) {
    context->scratch_bytes = 0;
    quern_fail(context, QUERN_OUT_OF_MEMORY, "out of memory: %lld bytes of scratch for each of %lld threads",
               (long long)bytes, (long long)context->threads);
    return false;
  }
  context->scratch_bytes = part;
  return true;
}

static bool is_list(const char *nodes) {
  while (*nodes && *nodes != ',')
    ++nodes;
  return *nodes;
}

__attribute__((noinline)) static int32_t fail(quern_context *context, const quern_site *site, int32_t error) {
  static const char *const texts[] = {
      [QUERN_KERNEL_INDEX] = "index out of range",
      [QUERN_KERNEL_DIVISION] = "integer division by zero",
      [QUERN_KERNEL_SIZE] = "a size does not fit the data",
  };
  const char *nodes = is_list(site->nodes) ? "nodes" : "node";
  if ((error & 0xff) == QUERN_KERNEL_UNKNOWN)
    return quern_fail(context, QUERN_DATA_ERROR, "%s \"%s\": column %lld has a value that the model does not know"
                      " (kernel \"%s\")", nodes, site->nodes, (long long)(error >> 8), site->name);
  bool is_known = error > 0 && (size_t)error < sizeof(texts) / sizeof(texts[0]);
  return quern_fail(context, QUERN_DATA_ERROR, "%s \"%s\": %s (kernel \"%s\")", nodes, site->nodes,
                    is_known ? texts[error] : "a value is out of range", site->name);
}

int32_t quern_kernel_error(quern_frame *frame, uint32_t site, int32_t error) {
  return fail(frame->context, &frame->context->model->descriptor->sites[site], error);
}

int32_t quern_launch_phases(quern_frame *frame, uint32_t site, const void *const *buffers, const int64_t *dims,
                            int64_t tasks, uint64_t scratch, int64_t phases) {
  quern_context *context = frame->context;
  if (tasks <= 0)
    return QUERN_OK;
  if (scratch > context->scratch_bytes && !grow_scratch(context, scratch))
    return QUERN_OUT_OF_MEMORY;
  const quern_site *entry = &context->model->descriptor->sites[site];
  quern_kernel kernel = frame->kernels[entry->kernel];
  int64_t start = context->profile ? quern_now() : 0;
  int32_t error;
  if (tasks == 1 || !context->pool) {
    quern_launch launch = {buffers, dims, 0, tasks * phases, context->scratch.data};
    error = kernel(&launch);
  } else {
    error = run_on_pool(context, kernel, buffers, dims, tasks, phases);
  }
  if (context->profile)
    context->profile(context->profile_user, site, tasks, quern_now() - start);
  return error ? fail(context, entry, error) : QUERN_OK;
}

int32_t quern_launch_site(quern_frame *frame, uint32_t site, const void *const *buffers, const int64_t *dims,
                          int64_t tasks, uint64_t scratch) {
  return quern_launch_phases(frame, site, buffers, dims, tasks, scratch, 1);
}
