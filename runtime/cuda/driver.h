/* The driver API of CUDA 12, as far as it is used here. Nothing of NVIDIA's is needed to compile this: the library is found
 * with dlopen, its functions by their versioned names. Every function returns 0 or a CUresult. */
#ifndef QUERN_CUDA_DRIVER_H
#define QUERN_CUDA_DRIVER_H

#include <stddef.h>
#include <stdint.h>

typedef int cuda_result;
typedef int cuda_device;
typedef uint64_t cuda_address; /* of the device's memory */
typedef struct CUctx_st *cuda_context;
typedef struct CUmod_st *cuda_module;
typedef struct CUfunc_st *cuda_function;
typedef struct CUstream_st *cuda_stream;
typedef struct CUgraph_st *cuda_graph_nodes;
typedef struct CUgraphExec_st *cuda_executable;

/* CUgraphExecUpdateResultInfo: why a graph cannot take the place of another. */
struct cuda_update_info {
  int result;
  void *node, *from;
};

enum {
  CUDA_SUCCESS = 0,
  CUDA_OUT_OF_MEMORY = 2,
  CUDA_COMPUTE_CAPABILITY_MAJOR = 75, /* CUdevice_attribute */
  CUDA_COMPUTE_CAPABILITY_MINOR = 76,
  CUDA_STREAM_NON_BLOCKING = 1,
  CUDA_HOST_MAPPED = 2, /* cuMemHostAlloc: the device sees it too */
  CUDA_CAPTURE_THREAD_LOCAL = 1 /* CUstreamCaptureMode: other threads may allocate meanwhile */
};

/* FUNCTION(member, name in the library, parameters) */
#define QUERN_CUDA_FUNCTIONS(FUNCTION)                                                                                 \
  FUNCTION(initialize, "cuInit", (unsigned flags))                                                                     \
  FUNCTION(error_name, "cuGetErrorName", (cuda_result error, const char **name))                                       \
  FUNCTION(device_count, "cuDeviceGetCount", (int *count))                                                             \
  FUNCTION(device_get, "cuDeviceGet", (cuda_device * device, int ordinal))                                             \
  FUNCTION(device_attribute, "cuDeviceGetAttribute", (int *value, int attribute, cuda_device device))                  \
  FUNCTION(context_retain, "cuDevicePrimaryCtxRetain", (cuda_context * context, cuda_device device))                   \
  FUNCTION(context_release, "cuDevicePrimaryCtxRelease_v2", (cuda_device device))                                      \
  FUNCTION(context_push, "cuCtxPushCurrent_v2", (cuda_context context))                                                \
  FUNCTION(context_pop, "cuCtxPopCurrent_v2", (cuda_context * context))                                                \
  FUNCTION(module_load, "cuModuleLoadData", (cuda_module * module, const void *image))                                 \
  FUNCTION(module_unload, "cuModuleUnload", (cuda_module module))                                                      \
  FUNCTION(module_function, "cuModuleGetFunction", (cuda_function * function, cuda_module module, const char *name))   \
  FUNCTION(memory_info, "cuMemGetInfo_v2", (size_t *free, size_t *total))                                              \
  FUNCTION(allocate, "cuMemAlloc_v2", (cuda_address * address, size_t bytes))                                          \
  FUNCTION(release, "cuMemFree_v2", (cuda_address address))                                                            \
  FUNCTION(host_allocate, "cuMemHostAlloc", (void **pointer, size_t bytes, unsigned flags))                            \
  FUNCTION(host_release, "cuMemFreeHost", (void *pointer))                                                             \
  FUNCTION(host_address, "cuMemHostGetDevicePointer_v2", (cuda_address * address, void *pointer, unsigned flags))      \
  FUNCTION(copy_in, "cuMemcpyHtoDAsync_v2", (cuda_address to, const void *from, size_t bytes, cuda_stream stream))     \
  FUNCTION(copy_out, "cuMemcpyDtoHAsync_v2", (void *to, cuda_address from, size_t bytes, cuda_stream stream))          \
  FUNCTION(copy_within, "cuMemcpyDtoDAsync_v2",                                                                        \
           (cuda_address to, cuda_address from, size_t bytes, cuda_stream stream))                                     \
  FUNCTION(stream_create, "cuStreamCreate", (cuda_stream * stream, unsigned flags))                                    \
  FUNCTION(stream_destroy, "cuStreamDestroy_v2", (cuda_stream stream))                                                 \
  FUNCTION(stream_wait, "cuStreamSynchronize", (cuda_stream stream))                                                   \
  FUNCTION(capture_begin, "cuStreamBeginCapture_v2", (cuda_stream stream, int mode))                                   \
  FUNCTION(capture_end, "cuStreamEndCapture", (cuda_stream stream, cuda_graph_nodes * nodes))                          \
  FUNCTION(graph_destroy, "cuGraphDestroy", (cuda_graph_nodes nodes))                                                  \
  FUNCTION(executable_create, "cuGraphInstantiateWithFlags",                                                           \
           (cuda_executable * executable, cuda_graph_nodes nodes, unsigned long long flags))                           \
  FUNCTION(executable_update, "cuGraphExecUpdate_v2",                                                                  \
           (cuda_executable executable, cuda_graph_nodes nodes, struct cuda_update_info * info))                       \
  FUNCTION(executable_start, "cuGraphLaunch", (cuda_executable executable, cuda_stream stream))                        \
  FUNCTION(executable_destroy, "cuGraphExecDestroy", (cuda_executable executable))                                     \
  FUNCTION(launch, "cuLaunchKernel",                                                                                   \
           (cuda_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,               \
            unsigned block_y, unsigned block_z, unsigned shared_bytes, cuda_stream stream, void **parameters,          \
            void **extra))

struct cuda_driver {
#define QUERN_CUDA_MEMBER(member, name, parameters) cuda_result(*member) parameters;
  QUERN_CUDA_FUNCTIONS(QUERN_CUDA_MEMBER)
#undef QUERN_CUDA_MEMBER
};

/* Opens the library and fills the table; null, or a text that says what is missing. The library stays open: a process
 * that has started CUDA cannot shut it down. */
const char *quern_cuda_find(struct cuda_driver *driver);

/* A result's name, "CUDA_ERROR_OUT_OF_MEMORY"; static storage. */
const char *quern_cuda_name(const struct cuda_driver *driver, cuda_result result);

#endif
