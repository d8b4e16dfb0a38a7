/* What a run gives the device between two places where the processor waits for it. It is recorded first: then it starts
 * one by one or, from the second time on that the same kernels and sizes come, as one CUDA graph. */
#ifndef QUERN_CUDA_SEQUENCE_H
#define QUERN_CUDA_SEQUENCE_H

#include "cuda/driver.h"
#include <stdbool.h>

struct cuda_run;

struct cuda_words {
  int64_t *data;
  size_t count, capacity;
};

/* Kernels and copies in their order. Equal shapes are equal graphs, but for the addresses. */
struct cuda_sequence {
  struct cuda_words shape;     /* of a kernel: site, blocks, scratch, counts of buffers and dims, the dims; of a copy: COPY,
                                  bytes */
  struct cuda_words addresses; /* of a kernel its buffers; of a copy where to and from */
  cuda_address scratch;        /* of all its kernels */
  uint32_t operations;
};

struct cuda_graph {
  struct cuda_sequence sequence;
  cuda_executable executable; /* null: it ran once, without a graph */
  bool is_refused;            /* by the driver: it runs without one */
  uint64_t last_use;
};

/* Kept by a context; the one that was not used for the longest time makes room. A model with kernels of the processor
 * between those of the device has several sequences. */
enum { CUDA_MAX_GRAPHS = 64 };

/* False: out of memory. */
bool quern_cuda_record_kernel(struct cuda_sequence *sequence, uint32_t site, int64_t blocks, uint64_t scratch,
                              const void *const *buffers, int64_t num_buffers, const int64_t *dims, int64_t num_dims);
bool quern_cuda_record_copy(struct cuda_sequence *sequence, cuda_address to, cuda_address from, uint64_t bytes);

/* Forgets what is recorded. */
void quern_cuda_clear(struct cuda_sequence *sequence);

/* Starts what is recorded, which is empty then. The device is entered. */
cuda_result quern_cuda_flush(struct cuda_run *run);

/* Forgets the graphs and what is recorded. */
void quern_cuda_release_sequences(struct cuda_run *run);

#endif
