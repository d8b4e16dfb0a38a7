/* The treaty between a compiled model and everything around it.
 *
 * Both sides include this file: the compiler, which lays out the tables below inside a model's shared library, and the
 * program that runs the model. It needs nothing but C11 (or C++11) and depends on nothing of the compiler.
 *
 * A model is one shared library. It exports
 *   quern_model_descriptor        this model's tables (for programs that dlopen it)
 *   NAME_model_descriptor         the same under the model's own name (for programs that link several models)
 *   NAME(inputs..., outputs..., context)   the plain function, only where every shape is static (see NAME.h)
 *   quern_...                     the functions below; any copy works with the descriptor of any library of the same
 *                                 ABI, but what one copy made (model, context, pool) only that copy destroys
 *
 * Rules that hold for every function:
 *   - No call aborts, exits, throws, prints, reads the environment or a file, or changes the floating-point mode.
 *   - A pointer argument is borrowed for the duration of the call unless the comment says otherwise.
 *   - A quern_model may be shared by any number of threads; a quern_context belongs to one thread at a time.
 *   - The result of quern_run depends on the inputs and the level alone: the same bits for any number of threads.
 */
#ifndef QUERN_RUNTIME_H
#define QUERN_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define QUERN_EXPORT __attribute__((visibility("default")))
#else
#define QUERN_EXPORT
#endif

#define QUERN_ABI_VERSION 1u
#define QUERN_ABI_VERSION_DEVICE 3u /* of models with kernels for a device, which runtimes of version 1 cannot run */
#define QUERN_MAX_RANK 8

/* ---- status ------------------------------------------------------------------------------------------------------ */

typedef int32_t quern_status;
enum {
  QUERN_OK = 0,
  QUERN_INVALID_ARGUMENT = 1,  /* wrong count, dtype, rank, dim, size or alignment; outputs are untouched */
  QUERN_DATA_ERROR = 2,        /* a value decided an address or a size and was wrong; outputs are unspecified */
  QUERN_OUT_OF_MEMORY = 3,     /* outputs are unspecified */
  QUERN_UNSUPPORTED_CPU = 4,   /* no level of the model runs here, or the cap excludes all of them */
  QUERN_ABI_MISMATCH = 5,      /* the model was made for another major version of this header */
  QUERN_UNSUPPORTED_DEVICE = 6 /* the device that the model was compiled for, or what drives it, is missing or failed */
};

/* A short lower-case text for a status; static storage. */
QUERN_EXPORT const char *quern_status_text(quern_status status);

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

/* Numbers as in ONNX TensorProto.DataType. Bool is one byte, 0 or 1. */
typedef int32_t quern_dtype;
enum {
  QUERN_F32 = 1, QUERN_U8 = 2, QUERN_I8 = 3, QUERN_U16 = 4, QUERN_I16 = 5, QUERN_I32 = 6, QUERN_I64 = 7,
  QUERN_STRING = 8, QUERN_BOOL = 9, QUERN_F16 = 10, QUERN_F64 = 11, QUERN_U32 = 12, QUERN_U64 = 13,
  QUERN_C64 = 14, QUERN_C128 = 15, QUERN_BF16 = 16
};

/* An element of QUERN_STRING: `size` bytes of UTF-8 at `data`, which no 0 has to follow; `data` may be null where `size`
 * is 0. Bytes that are no UTF-8 count as U+FFFD where letters matter. Strings of an input are borrowed for the run.
 * Those of an output lie in the model's own constants or in the inputs of the run, and are valid as long as these are. */
typedef struct quern_string {
  const char *data;
  uint64_t size;
} quern_string;
/* What stands for a missing value among strings, and the beginning of what stands for a number, 8 bytes of a double: no
 * text is equal to it, as no UTF-8 has these bytes. */
#define QUERN_MISSING_NONE "\xff" "None" /* Python's None */
#define QUERN_MISSING_NAN "\xff" "nan"   /* a float that is not a number */
#define QUERN_NUMBER "\xff" "f"

/* Bytes of one element; 0 for an unknown number. */
QUERN_EXPORT size_t quern_dtype_size(quern_dtype dtype);
/* "float32", "int64", ... as NumPy spells them; "unknown" otherwise. Static storage. */
QUERN_EXPORT const char *quern_dtype_name(quern_dtype dtype);

/* Where memory lies, as DLPack's DLDevice has it: all zeros is the processor's memory. Memory of the processor that is
 * pinned for a device (kDLCUDAHost) is the processor's here. */
typedef struct quern_device {
  int32_t type; /* QUERN_CPU, QUERN_CUDA, ... */
  int32_t ordinal; /* which of the devices of that type, from 0 */
} quern_device;
enum { QUERN_CPU = 1, QUERN_CUDA = 2, QUERN_CUDA_HOST = 3 };

/* A dense row-major tensor. `data` is aligned to its dtype (complex, string: to the part) and may be null when `bytes` is 0.
 * Input:  every field is read; `bytes` must be at least the size that dtype and dims give. Never written.
 * Output: dtype, rank and dims are written. If `data` is not null it must have room (`bytes`) and must not overlap an
 *         input or another output; the result is written there. If it is null the model points it to memory of the
 *         context (or where quern_places says), sets `bytes`, and it is valid until the next quern_run or
 *         quern_context_destroy of that context; the next run of the context takes such a tensor as if its data were
 *         null. An output of computed dims that needs more than `bytes` is QUERN_DATA_ERROR; its dims are written all
 *         the same. */
typedef struct quern_tensor {
  void *data;
  uint64_t bytes;
  quern_dtype dtype;
  int32_t rank;
  int64_t dims[QUERN_MAX_RANK];
} quern_tensor;

/* ---- what the compiler writes ------------------------------------------------------------------------------------ */

struct quern_frame;

/* Arguments of one kernel. Tasks [first_task, last_task) write disjoint parts of the outputs. */
typedef struct quern_launch {
  const void *const *buffers; /* inputs, weights, outputs, in the order of the kernel's arguments */
  const int64_t *dims;        /* values of the dims that the kernel does not know at compile time */
  int64_t first_task, last_task;
  void *scratch;              /* this thread's own, of the size that the site asks for, 64-byte aligned */
} quern_launch;

/* Returns 0, or a QUERN_KERNEL_ code below: the first one ends the run with QUERN_DATA_ERROR. QUERN_KERNEL_UNKNOWN has a
 * column above its low 8 bits. */
typedef int32_t (*quern_kernel)(const quern_launch *launch);
enum {
  QUERN_KERNEL_OK = 0, QUERN_KERNEL_INDEX = 1, QUERN_KERNEL_DIVISION = 2, QUERN_KERNEL_SIZE = 3,
  QUERN_KERNEL_UNKNOWN = 4
};

/* One place in the model where a kernel is launched. */
typedef struct quern_site {
  const char *name;     /* unique in the model, for profiles and errors */
  const char *nodes;    /* the model's own nodes computed here, separated by ", " */
  uint32_t kernel;      /* index into the level's table */
} quern_site;

/* Kernels for one level of the architecture, best level first. */
typedef struct quern_level {
  const char *name;            /* "x86-64-v4" */
  uint32_t number;             /* orders levels of one architecture: 3 for v3, 4 for v4 */
  uint32_t reserved;
  const quern_kernel *kernels; /* num_kernels of them */
} quern_level;

/* dims[i] >= 0 is static. dims[i] == -1 - s is symbol number s of the model, bound by the first input that has it and
 * checked on the others; only for outputs it may also be QUERN_COMPUTED_DIM, known after the run. */
#define QUERN_COMPUTED_DIM INT64_MIN
typedef struct quern_value_info {
  const char *name;
  quern_dtype dtype;
  int32_t rank;
  const int64_t *dims;
} quern_value_info;

typedef struct quern_metadata { const char *key, *value; } quern_metadata;

/* A kernel for a device. The name is null where the processor runs this kernel. */
typedef struct quern_device_kernel {
  const char *name;
  const char *code;    /* text that the device's driver compiles; it ends with 0 */
  uint64_t code_bytes; /* with that 0 */
  uint32_t threads;    /* of a block */
  uint32_t reserved;
  const void *binary; /* machine code of the same kernel, tried first; null: none */
  uint64_t binary_bytes;
} quern_device_kernel;

struct quern_model_descriptor;
struct quern_frame;

/* What runs kernels on one kind of device; linked into models that have such kernels. */
typedef struct quern_device_driver {
  uint32_t size; /* sizeof(quern_device_driver) */
  int32_t type;  /* of its devices: QUERN_CUDA */
  /* Finds the device, loads the kernels, uploads the weights. On failure *model is null and *message a static
   * text. */
  quern_status (*open)(const struct quern_model_descriptor *descriptor, int32_t ordinal, void **model,
                       const char **message);
  void (*close)(void *model);
  quern_status (*create)(void *model, void **context);
  void (*destroy)(void *context);
  /* Ends a run, good or bad: nothing of it is under way on the device any more. Records the error of a kernel. */
  quern_status (*finish)(struct quern_frame *frame);
} quern_device_driver;

typedef struct quern_device_program {
  uint32_t size; /* sizeof(quern_device_program); later versions append */
  uint32_t reserved;
  const char *architecture;           /* "sm_80" */
  const quern_device_kernel *kernels; /* num_kernels of them */
  const void *weights;
  uint64_t weight_bytes;
  uint64_t arena_bytes; /* of the device's memory that a run takes; 0: it depends on the shapes */
  const quern_device_driver *driver;
} quern_device_program;

typedef struct quern_model_descriptor {
  uint32_t abi_version; /* QUERN_ABI_VERSION of the header that the compiler used */
  uint32_t size;        /* sizeof this struct there; later versions append */
  const char *name;
  uint32_t num_inputs, num_outputs, num_symbols, num_sites, num_kernels, num_levels, num_metadata, reserved;
  const quern_value_info *inputs, *outputs;
  const char *const *symbols; /* names of the symbolic dims: "batch", "height", ... */
  const quern_site *sites;
  const quern_level *levels;
  const quern_metadata *metadata; /* the model file's metadata_props */
  const char *manifest;           /* JSON; the same bytes are in the section .quern.manifest */
  /* The host function: computes dims, places buffers, launches. The frame's inputs are valid, its symbols are bound. */
  int32_t (*main)(struct quern_frame *frame);
  const quern_device_program *device; /* where `size` reaches here: kernels for a device */
  /* Where `size` reaches here: null, or the same model for the processor alone, for machines without such a device. */
  const struct quern_model_descriptor *processor;
} quern_model_descriptor;

/* ---- pool -------------------------------------------------------------------------------------------------------- */

/* Runs tasks on threads. A program may bring its own: fill this struct and keep it alive while contexts use it. */
typedef struct quern_pool {
  uint32_t size; /* sizeof(quern_pool) */
  int32_t threads; /* most threads that run body at the same time, the caller included; does not change */
  /* Calls body(argument, first, last, thread) until [0, tasks) is covered once; returns when all calls have returned.
   * `thread` is below `threads` and no two calls that run at the same time share it. */
  void (*run)(struct quern_pool *pool, int64_t tasks,
              void (*body)(void *argument, int64_t first, int64_t last, int32_t thread), void *argument);
  void *state;
  /* Null, or covers tasks [0, tasks), then [tasks, 2 * tasks), ... of `phases` phases: one begins when all calls of the
   * one before have returned. A thread should get the same part of each phase. Read only where `size` reaches here. */
  void (*run_phases)(struct quern_pool *pool, int64_t tasks, int64_t phases,
                     void (*body)(void *argument, int64_t first, int64_t last, int32_t thread), void *argument);
} quern_pool;

/* A pool of `threads` threads, the caller included. Workers start at the first run, spin briefly between runs, then
 * sleep; after fork() the child starts its own. A second concurrent caller runs its tasks itself. Null if out of
 * memory or threads < 1. */
QUERN_EXPORT quern_pool *quern_pool_create(int32_t threads);
QUERN_EXPORT void quern_pool_destroy(quern_pool *pool);

/* ---- models and contexts ----------------------------------------------------------------------------------------- */

typedef struct quern_model quern_model;
typedef struct quern_context quern_context;

typedef struct quern_model_options {
  uint32_t size;      /* sizeof(quern_model_options) */
  uint32_t max_level; /* 0: the best that the CPU has; 3: at most x86-64-v3, ... */
  /* Read where `size` reaches here. What the model runs on: all zeros is the first device for a model that has kernels
   * for one, or, where there is no such device and the artifact holds the model for the processor too, the processor.
   * Any other is that one and nothing else. */
  quern_device device;
} quern_model_options;

/* Picks the best level that this CPU and operating system run. `options` may be null. On failure *model is null and
 * *message, if message is not null, points to a text that later failures may overwrite. */
QUERN_EXPORT quern_status quern_model_open(const quern_model_descriptor *descriptor, const quern_model_options *options,
                                           quern_model **model, const char **message);
QUERN_EXPORT void quern_model_close(quern_model *model);
/* The tables in use: those that were given, or their `processor`. */
QUERN_EXPORT const quern_model_descriptor *quern_model_get_descriptor(const quern_model *model);
/* What the model runs on: {QUERN_CPU, 0} or {QUERN_CUDA, ordinal}. */
QUERN_EXPORT quern_device quern_model_get_device(const quern_model *model);
/* The level in use. */
QUERN_EXPORT const quern_level *quern_model_get_level(const quern_model *model);

/* Called after each kernel when profiling: site index, tasks, nanoseconds. */
typedef void (*quern_profile)(void *user, uint32_t site, int64_t tasks, int64_t nanoseconds);

typedef struct quern_context_options {
  uint32_t size;    /* sizeof(quern_context_options) */
  uint32_t reserved;
  quern_pool *pool; /* null: everything runs on the calling thread */
  /* Null: the context allocates. Else `arena_bytes` of memory, 64-byte aligned, that holds every intermediate value of
   * a run; a run that takes more is QUERN_OUT_OF_MEMORY. Scratch of threads and outputs without data stay the context's
   * own: they are kept, so a second run of the same shapes allocates nothing. */
  void *arena;
  uint64_t arena_bytes;
  quern_profile profile;
  void *profile_user;
} quern_context_options;

/* Fails with QUERN_INVALID_ARGUMENT for a pool without threads or run and an arena that is not aligned. On failure
 * *context is null. The model must outlive its contexts. */
QUERN_EXPORT quern_status quern_context_create(const quern_model *model, const quern_context_options *options,
                                               quern_context **context);
QUERN_EXPORT void quern_context_destroy(quern_context *context);

/* Runs the model once. Inputs and outputs are in the order of the descriptor and all of them are given. */
QUERN_EXPORT quern_status quern_run(quern_context *context, const quern_tensor *inputs, size_t num_inputs,
                                    quern_tensor *outputs, size_t num_outputs);

/* Where the tensors of a run lie. */
typedef struct quern_places {
  uint32_t size; /* sizeof(quern_places) */
  uint32_t reserved;
  const quern_device *inputs;  /* num_inputs of them; null: all in the processor's memory */
  const quern_device *outputs; /* num_outputs of them; null: the same */
  /* Read where `size` reaches here. Null, or gives `bytes` of memory, 64-byte aligned and apart from all other tensors, for
   * an output without data, once its dims are known; where it returns null, the context's own is taken. Called by the
   * thread that called quern_run_on. */
  void *(*output)(void *user, uint32_t index, uint64_t bytes);
  void *user;
} quern_places;

/* quern_run with tensors in the processor's memory or in that of the device that the model runs on; those of any other
 * are QUERN_INVALID_ARGUMENT. An output in the device's memory has data. What writes an input there must have ended
 * before the call, what the model writes is there when it returns. `places` may be null. Tensors at multiples of 256
 * bytes, as CUDA allocates them, are used where they are, others are copied once. */
QUERN_EXPORT quern_status quern_run_on(quern_context *context, const quern_tensor *inputs, size_t num_inputs,
                                       quern_tensor *outputs, size_t num_outputs, const quern_places *places);

/* The text of the last failed quern_run of this context: one line, names the input or node and the two things that
 * disagree. Owned by the context, valid until its next run. Empty after a success. */
QUERN_EXPORT const char *quern_context_error(const quern_context *context);

/* Arena bytes that the last run used: enough as `arena_bytes` for a run of the same shapes and values. */
QUERN_EXPORT uint64_t quern_context_arena_bytes(const quern_context *context);

/* ---- services for the host function; not for programs ------------------------------------------------------------ */

/* The copy of the runtime that runs the model; the functions below call it, so that host function and context may come
 * from different copies. Later versions append. */
typedef struct quern_services {
  uint32_t size; /* sizeof(quern_services) */
  uint32_t reserved;
  void *(*arena)(struct quern_frame *frame, uint64_t bytes);
  void *(*output)(struct quern_frame *frame, uint32_t index, int32_t rank, const int64_t *dims);
  int32_t (*launch)(struct quern_frame *frame, uint32_t site, const void *const *buffers, const int64_t *dims,
                    int64_t tasks, uint64_t scratch);
  int32_t (*fail)(struct quern_frame *frame, int32_t status, const char *format, int64_t a, int64_t b, int64_t c);
  int32_t (*launch_phases)(struct quern_frame *frame, uint32_t site, const void *const *buffers, const int64_t *dims,
                           int64_t tasks, uint64_t scratch, int64_t phases);
  /* Records what a kernel of `site` returned, a QUERN_KERNEL_ code. */
  int32_t (*kernel_error)(struct quern_frame *frame, uint32_t site, int32_t error);
} quern_services;

/* What the host function sees. `symbols` holds the bound input symbols; the host function uses its own storage for
 * derived ones. A nonzero result of the host function ends the run; the first error that a function below recorded is
 * what quern_run returns. */
typedef struct quern_frame {
  const quern_kernel *kernels;   /* of the chosen level */
  const int64_t *symbols;
  const quern_tensor *inputs;
  quern_tensor *outputs;
  quern_context *context;
  const quern_services *services;
  void *device; /* what the driver of the model's device made for the context; null without one */
  const quern_places *places; /* null: all tensors are in the processor's memory */
} quern_frame;

/* At least `bytes` of 64-byte aligned memory that no other call of this run returned, valid until the run ends. The
 * memory of the first request is kept for the next run, that of the others is freed. Null: out of memory, recorded (the
 * host function returns QUERN_OUT_OF_MEMORY). */
void *quern_frame_arena(quern_frame *frame, uint64_t bytes);

/* Writes dtype, rank and dims of output `index` and returns where its data goes (see quern_tensor), not null even for
 * no elements; null on failure, with the error recorded (the caller's buffer is too small, a dim is negative or not
 * what the descriptor says, or out of memory). The host function returns any nonzero status then. */
void *quern_frame_output(quern_frame *frame, uint32_t index, int32_t rank, const int64_t *dims);

/* Runs tasks [0, tasks) of `site` on the context's pool with `scratch` bytes for each thread: one task, or a context
 * without a pool, is one call on this thread; no tasks is no call. Nonzero is a quern_status: return it. */
int32_t quern_frame_launch(quern_frame *frame, uint32_t site, const void *const *buffers, const int64_t *dims,
                           int64_t tasks, uint64_t scratch);

/* The same `phases` times, one after the other: phase p runs tasks [p * tasks, (p + 1) * tasks) and begins when those
 * of the phase before have ended. Without a pool, or with one task, it is one call with all of them. */
int32_t quern_frame_launch_phases(quern_frame *frame, uint32_t site, const void *const *buffers, const int64_t *dims,
                                  int64_t tasks, uint64_t scratch, int64_t phases);

/* Records an error made of `format` with up to three %lld (nothing else is expanded) and returns `status`. */
int32_t quern_frame_fail(quern_frame *frame, int32_t status, const char *format, int64_t a, int64_t b, int64_t c);

/* ---- services of a device; only in models that have kernels for one ---------------------------------------------- */

/* All of these take and give addresses of the device's memory where they say so. What they start runs in order, behind
 * the caller's back, at the latest when something is copied out or the run ends; errors are recorded as above. */

/* At least `bytes` of the device's memory until the run ends, 256-byte aligned; null: out of memory, recorded. */
void *quern_device_arena(quern_frame *frame, uint64_t bytes);
/* The device's copy of the model's weights. */
const void *quern_device_weights(quern_frame *frame);
/* Copies into the device's memory, out of it, or within it. What is copied out can be read when the call returns. */
enum { QUERN_TO_DEVICE = 1, QUERN_FROM_DEVICE = 2, QUERN_WITHIN_DEVICE = 3 };
int32_t quern_device_copy(quern_frame *frame, void *to, const void *from, uint64_t bytes, int32_t direction);
/* Starts the kernel of a site: `tasks` blocks, each with `scratch` bytes of its own. `buffers` are the device's. */
int32_t quern_device_launch(quern_frame *frame, uint32_t site, const void *const *buffers, int64_t num_buffers,
                            const int64_t *dims, int64_t num_dims, int64_t tasks, uint64_t scratch);

/* Input `index` in the device's memory: the caller's own, or a copy in `place`, which has room for its `bytes`. Null on
 * failure. */
const void *quern_device_input(quern_frame *frame, uint32_t index, void *place, uint64_t bytes);
/* Input `index` in the processor's memory: the caller's own, or a copy of its `bytes`. Null on failure. */
const void *quern_device_fetch(quern_frame *frame, uint32_t index, uint64_t bytes);
/* As quern_frame_output, but the address is the device's: the caller's memory, or `place`, which has room for its
 * `bytes`. quern_device_deliver takes it to where the caller wants it. */
void *quern_device_output(quern_frame *frame, uint32_t index, int32_t rank, const int64_t *dims, void *place,
                          uint64_t bytes);
/* As quern_frame_output; where the caller's memory is the device's, the result is a place in the processor's memory
 * whose `bytes` go there at the end of the run. */
void *quern_device_stage(quern_frame *frame, uint32_t index, int32_t rank, const int64_t *dims, uint64_t bytes);
/* As quern_frame_output, and copies the `bytes` at `from`, in the device's memory, to the caller's; where they are
 * there already nothing is copied. They can be read when the run has ended. */
int32_t quern_device_deliver(quern_frame *frame, uint32_t index, int32_t rank, const int64_t *dims, const void *from,
                             uint64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
