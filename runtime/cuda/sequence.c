#include "cuda/sequence.h"
#include "core/memory.h"
#include "cuda/device.h"
#include <stdlib.h>
#include <string.h>

/* In place of a site. */
enum { COPY = -1 };

/* ---- recording --------------------------------------------------------------------------------------------------- */

/* Room for `count` more words. */
static bool reserve(struct cuda_words *words, size_t count) {
  if (words->count + count <= words->capacity)
    return true;
  size_t capacity = 2 * (words->count + count);
  int64_t *data = quern_memory_allocate(capacity * sizeof(*data));
  if (!data)
    return false;
  if (words->count)
    memcpy(data, words->data, words->count * sizeof(*data));
  free(words->data);
  words->data = data;
  words->capacity = capacity;
  return true;
}

static void append(struct cuda_words *words, int64_t word) { words->data[words->count++] = word; }

bool quern_cuda_record_kernel(struct cuda_sequence *sequence, uint32_t site, int64_t blocks, uint64_t scratch,
                              const void *const *buffers, int64_t num_buffers, const int64_t *dims, int64_t num_dims) {
  if (!reserve(&sequence->shape, 5 + (size_t)num_dims) || !reserve(&sequence->addresses, (size_t)num_buffers))
    return false;
  const int64_t head[] = {site, blocks, (int64_t)scratch, num_buffers, num_dims};
  for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); ++i)
    append(&sequence->shape, head[i]);
  for (int64_t i = 0; i < num_dims; ++i)
    append(&sequence->shape, dims[i]);
  for (int64_t i = 0; i < num_buffers; ++i)
    append(&sequence->addresses, (int64_t)(uintptr_t)buffers[i]);
  ++sequence->operations;
  return true;
}

bool quern_cuda_record_copy(struct cuda_sequence *sequence, cuda_address to, cuda_address from, uint64_t bytes) {
  if (!reserve(&sequence->shape, 2) || !reserve(&sequence->addresses, 2))
    return false;
  append(&sequence->shape, COPY);
  append(&sequence->shape, (int64_t)bytes);
  append(&sequence->addresses, (int64_t)to);
  append(&sequence->addresses, (int64_t)from);
  ++sequence->operations;
  return true;
}

static bool are_equal(const struct cuda_words *a, const struct cuda_words *b) {
  return a->count == b->count && (!a->count || !memcmp(a->data, b->data, a->count * sizeof(*a->data)));
}

void quern_cuda_clear(struct cuda_sequence *sequence) {
  sequence->shape.count = sequence->addresses.count = 0;
  sequence->operations = 0;
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

/* The kernel whose shape and addresses begin at these words. Its parameters: buffers, scratch and its size, where an
 * error goes, dims. */
static cuda_result start_kernel(struct cuda_run *run, const struct cuda_sequence *sequence, const int64_t *shape,
                                const int64_t *addresses) {
  const quern_model_descriptor *descriptor = run->model->descriptor;
  uint32_t kernel = descriptor->sites[shape[0]].kernel;
  cuda_address errors = run->errors_address + (uint64_t)shape[0] * sizeof(int32_t);
  void *parameters[CUDA_MAX_PARAMETERS];
  int64_t count = 0;
  for (int64_t i = 0; i < shape[3]; ++i)
    parameters[count++] = (void *)&addresses[i];
  parameters[count++] = (void *)&sequence->scratch;
  parameters[count++] = (void *)&shape[2];
  parameters[count++] = &errors;
  for (int64_t i = 0; i < shape[4]; ++i)
    parameters[count++] = (void *)&shape[5 + i];
  return run->model->driver.launch(run->model->kernels[kernel].function, (unsigned)shape[1], 1, 1,
                                   descriptor->device->kernels[kernel].threads, 1, 1, 0, run->stream, parameters, NULL);
}

/* One by one. */
static cuda_result start_all(struct cuda_run *run, const struct cuda_sequence *sequence) {
  const int64_t *shape = sequence->shape.data, *addresses = sequence->addresses.data;
  cuda_result result = CUDA_SUCCESS;
  for (uint32_t i = 0; i < sequence->operations && !result; ++i) {
    bool is_copy = shape[0] == COPY;
    result = is_copy ? run->model->driver.copy_within((cuda_address)addresses[0], (cuda_address)addresses[1],
                                                      (size_t)shape[1], run->stream)
                     : start_kernel(run, sequence, shape, addresses);
    addresses += is_copy ? 2 : shape[3];
    shape += is_copy ? 2 : 5 + shape[4];
  }
  return result;
}

/* The sequence as a graph, by what the stream would do. */
static cuda_result capture(struct cuda_run *run, const struct cuda_sequence *sequence, cuda_graph_nodes *nodes) {
  const struct cuda_driver *driver = &run->model->driver;
  *nodes = NULL;
  cuda_result result = driver->capture_begin(run->stream, CUDA_CAPTURE_THREAD_LOCAL);
  if (result)
    return result;
  result = start_all(run, sequence);
  cuda_result ended = driver->capture_end(run->stream, nodes);
  if (result && !ended && *nodes) {
    driver->graph_destroy(*nodes);
    *nodes = NULL;
  }
  return result ? result : ended;
}

static void destroy_executable(struct cuda_run *run, struct cuda_graph *graph) {
  if (graph->executable)
    run->model->driver.executable_destroy(graph->executable);
  graph->executable = NULL;
}

/* Makes the graph, or gives the one that is there the addresses of the sequence. */
static cuda_result prepare(struct cuda_run *run, struct cuda_graph *graph) {
  const struct cuda_driver *driver = &run->model->driver;
  cuda_graph_nodes nodes;
  cuda_result result = capture(run, &graph->sequence, &nodes);
  if (result)
    return result;
  struct cuda_update_info info;
  if (graph->executable && driver->executable_update(graph->executable, nodes, &info))
    destroy_executable(run, graph);
  if (!graph->executable)
    result = driver->executable_create(&graph->executable, nodes, 0);
  driver->graph_destroy(nodes);
  if (result)
    graph->executable = NULL;
  return result;
}

/* The graph of the recorded shape, or a place for it, which is empty. */
static struct cuda_graph *find(struct cuda_run *run, bool *is_known) {
  struct cuda_graph *oldest = run->graphs;
  for (struct cuda_graph *graph = run->graphs; graph < run->graphs + CUDA_MAX_GRAPHS; ++graph) {
    *is_known = graph->sequence.operations && are_equal(&graph->sequence.shape, &run->pending.shape);
    if (*is_known)
      return graph;
    if (graph->last_use < oldest->last_use)
      oldest = graph;
  }
  destroy_executable(run, oldest);
  oldest->is_refused = false;
  quern_cuda_clear(&oldest->sequence);
  return oldest;
}

cuda_result quern_cuda_flush(struct cuda_run *run) {
  struct cuda_sequence *pending = &run->pending;
  cuda_result result = CUDA_SUCCESS;
  if (!pending->operations)
    return result;
  pending->scratch = run->scratch.address;
  if (pending->operations == 1) {
    result = start_all(run, pending);
    quern_cuda_clear(pending);
    return result;
  }
  bool is_known;
  struct cuda_graph *graph = find(run, &is_known);
  bool is_same = is_known && pending->scratch == graph->sequence.scratch &&
                 are_equal(&pending->addresses, &graph->sequence.addresses);
  graph->last_use = ++run->uses;
  struct cuda_sequence before = graph->sequence; /* its memory serves the next one */
  graph->sequence = *pending;
  *pending = before;
  quern_cuda_clear(pending);
  if (is_known && !graph->is_refused && !(is_same && graph->executable))
    graph->is_refused = prepare(run, graph) != CUDA_SUCCESS;
  if (is_known && !graph->is_refused)
    return run->model->driver.executable_start(graph->executable, run->stream);
  return start_all(run, &graph->sequence);
}

static void release(struct cuda_sequence *sequence) {
  free(sequence->shape.data);
  free(sequence->addresses.data);
  *sequence = (struct cuda_sequence){0};
}

void quern_cuda_release_sequences(struct cuda_run *run) {
  for (struct cuda_graph *graph = run->graphs; graph < run->graphs + CUDA_MAX_GRAPHS; ++graph) {
    destroy_executable(run, graph);
    release(&graph->sequence);
  }
  release(&run->pending);
}
