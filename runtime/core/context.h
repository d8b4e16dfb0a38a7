/* What a context holds, for the files of this folder. */
#ifndef QUERN_CORE_CONTEXT_H
#define QUERN_CORE_CONTEXT_H

#include "core/memory.h"
#include "core/text.h"
#include "quern/runtime.h"

struct quern_model {
  const quern_model_descriptor *descriptor;
  const quern_level *level;
  void *device;      /* of the driver of the model's device; null: the processor runs the model */
  quern_device place; /* what runs it */
};

/* Null: all kernels run on the processor. */
static inline const quern_device_program *quern_device_of(const quern_model_descriptor *descriptor) {
  return descriptor->size >= offsetof(quern_model_descriptor, device) + sizeof(void *) ? descriptor->device : NULL;
}

/* The same model for the processor alone, or null. */
static inline const quern_model_descriptor *quern_processor_of(const quern_model_descriptor *descriptor) {
  return descriptor->size >= offsetof(quern_model_descriptor, processor) + sizeof(void *) ? descriptor->processor
                                                                                          : NULL;
}

/* The value of a symbol in this run. */
enum { QUERN_UNBOUND = -1 };

struct quern_context {
  const quern_model *model;
  quern_pool *pool; /* null: one thread */
  int32_t threads;
  quern_profile profile;
  void *profile_user;
  void *device; /* of the driver of the model's device; null without one */
  struct quern_arena arena;
  struct quern_block scratch; /* `threads` equal parts */
  uint64_t scratch_bytes;     /* of each part */
  int64_t *symbols;
  uint32_t *symbol_inputs;      /* which input bound the symbol */
  struct quern_block *outputs;  /* memory for outputs that the caller gave none */
  quern_status status;          /* first error that a service recorded in this run */
  struct quern_text error;
};

extern const quern_services quern_context_services;

/* Records the run's first error; later ones only follow from it. `format` as in quern_text_format. Returns `status`. */
__attribute__((format(printf, 3, 4))) quern_status quern_fail(quern_context *context, quern_status status,
                                                              const char *format, ...);

/* Checks everything about the tensors of a run and binds the symbols. Writes neither. */
quern_status quern_validate(quern_context *context, const quern_tensor *inputs, size_t num_inputs,
                            const quern_tensor *outputs, size_t num_outputs, const quern_places *places);

/* "cuda" for QUERN_CUDA, ... */
const char *quern_device_name(int32_t type);

/* Bytes of a dense tensor; false if an address cannot hold them. No dim is negative. */
bool quern_tensor_bytes(quern_dtype dtype, int32_t rank, const int64_t *dims, uint64_t *bytes);

/* The value of a coded dim (see quern_value_info), or QUERN_UNBOUND while it is not known. */
static inline int64_t quern_dim_value(const quern_context *context, int64_t dim) {
  if (dim >= 0)
    return dim;
  return dim == QUERN_COMPUTED_DIM ? QUERN_UNBOUND : context->symbols[-1 - dim];
}

int32_t quern_launch_site(quern_frame *frame, uint32_t site, const void *const *buffers, const int64_t *dims,
                          int64_t tasks, uint64_t scratch);
int32_t quern_kernel_error(quern_frame *frame, uint32_t site, int32_t error);
int32_t quern_launch_phases(quern_frame *frame, uint32_t site, const void *const *buffers, const int64_t *dims,
                            int64_t tasks, uint64_t scratch, int64_t phases);

#endif
