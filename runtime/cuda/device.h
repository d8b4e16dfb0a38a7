/* What a model and its contexts hold on a device. */
#ifndef QUERN_CUDA_DEVICE_H
#define QUERN_CUDA_DEVICE_H

#include "cuda/driver.h"
#include "cuda/sequence.h"
#include "quern/runtime.h"

/* A kernel's code on the device; null where the processor runs it. */
struct cuda_kernel {
  cuda_module module;
  cuda_function function;
};

struct cuda_model {
  struct cuda_driver driver;
  const quern_model_descriptor *descriptor;
  cuda_device device;
  cuda_context context;         /* the device's primary one, which all users of the device in this process share */
  cuda_address weights;         /* 0 without weights */
  struct cuda_kernel kernels[]; /* num_kernels */
};

/* Memory of the device that grows and is kept for the next run. */
struct cuda_block {
  cuda_address address;
  uint64_t bytes;
};

/* One request of a run that had no room in the arena. */
struct cuda_overflow {
  struct cuda_overflow *next;
  cuda_address address;
};

struct cuda_run {
  struct cuda_model *model;
  cuda_stream stream;
  struct cuda_block arena; /* the first request of a run */
  uint64_t requested;      /* in this run */
  struct cuda_overflow *overflow;
  struct cuda_block scratch; /* of all blocks of the kernel under way: kernels run one after another */
  int32_t *errors; /* a word for each site: 0, or a QUERN_KERNEL_ code. In the processor's memory: a kernel writes there, */
  cuda_address errors_address; /* at this address, where it has an error, and a run without one copies nothing */
  int has_launched;            /* since the last wait */
  struct cuda_sequence pending; /* recorded, not started */
  struct cuda_graph graphs[CUDA_MAX_GRAPHS];
  uint64_t uses;              /* of graphs, so far */
  struct cuda_staged *staged; /* outputs of this run that go to the device at its end */
};

/* An output in the device's memory that the processor makes. */
struct cuda_staged {
  struct cuda_staged *next;
  void *to;
  const void *from;
  uint64_t bytes;
};

/* What CUDA's own allocations are aligned to, and kernels may rely on; how many parameters a kernel takes at most: 4 KB,
 * in words of 8 bytes. */
enum { CUDA_ALIGNMENT = 256, CUDA_MAX_PARAMETERS = 512 };

/* Makes the model's device that of this thread until quern_cuda_leave. */
cuda_result quern_cuda_enter(const struct cuda_model *model);
void quern_cuda_leave(const struct cuda_model *model);

extern const quern_device_driver quern_cuda_driver;
quern_status quern_cuda_open(const quern_model_descriptor *descriptor, int32_t ordinal, void **model,
                             const char **message);
void quern_cuda_close(void *model);
quern_status quern_cuda_create(void *model, void **context);
void quern_cuda_destroy(void *context);
quern_status quern_cuda_finish(quern_frame *frame);

/* Records an error and returns its status; `what` has one %lld for `number` and one for the result. */
int32_t quern_cuda_fail(quern_frame *frame, cuda_result result, const char *what, int64_t number);
/* Starts the copies of staged outputs; nonzero: one failed, recorded. */
int32_t quern_cuda_send_staged(quern_frame *frame);

#endif
