/* A model on its device: its kernels loaded, its weights uploaded, once for all contexts. */
#include "core/memory.h"
#include "core/text.h"
#include "cuda/device.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static quern_status say(const char **message, const char *text) {
  *message = text;
  return QUERN_UNSUPPORTED_DEVICE;
}

cuda_result quern_cuda_enter(const struct cuda_model *model) {
  return model->driver.context_push(model->context);
}

void quern_cuda_leave(const struct cuda_model *model) {
  cuda_context before;
  model->driver.context_pop(&before);
}

/* "sm_90a" is 90, and an `a` at its end means this capability and no later one. */
static int capability_of(const char *architecture, int *is_exact) {
  int number = 0;
  const char *digit = architecture + strlen("sm_");
  for (; *digit >= '0' && *digit <= '9'; ++digit)
    number = number * 10 + (*digit - '0');
  *is_exact = *digit == 'a';
  return number;
}

static const char unusable[] = "the device is there but cannot be used: another process may have it for itself";

static quern_status find_device(struct cuda_model *model, int32_t ordinal, const char **message) {
  const struct cuda_driver *driver = &model->driver;
  const char *missing = quern_cuda_find(&model->driver), *wanted = model->descriptor->device->architecture;
  if (missing)
    return say(message, missing);
  int count = 0, major = 0, minor = 0, is_exact = 0;
  cuda_result result = driver->initialize(0);
  if (!result)
    result = driver->device_count(&count);
  if (result || count < 1)
    return say(message, "the model runs on an NVIDIA device, but there is none that the driver knows");
  if (ordinal >= count)
    return say(message, "there is no device of the ordinal that the options name; the first is 0");
  result = driver->device_get(&model->device, ordinal);
  if (!result)
    result = driver->device_attribute(&major, CUDA_COMPUTE_CAPABILITY_MAJOR, model->device);
  if (!result)
    result = driver->device_attribute(&minor, CUDA_COMPUTE_CAPABILITY_MINOR, model->device);
  if (result)
    return say(message, "the device does not say what it can do");
  int least = capability_of(wanted, &is_exact), capability = 10 * major + minor;
  if (capability < least || (is_exact && capability != least))
    return say(message, "the model was compiled for a device of another compute capability than this one; name its "
                        "capability as the target");
  result = driver->context_retain(&model->context, model->device);
  return result ? say(message, unusable) : QUERN_OK;
}

static quern_status load_kernels(struct cuda_model *model, const char **message) {
  const quern_device_kernel *kernels = model->descriptor->device->kernels;
  for (uint32_t i = 0; i < model->descriptor->num_kernels; ++i) {
    if (!kernels[i].name)
      continue;
    struct cuda_kernel *kernel = &model->kernels[i];
    /* Machine code is for one kind of device; the text for all later ones too. */
    cuda_result result = kernels[i].binary ? model->driver.module_load(&kernel->module, kernels[i].binary) : 1;
    if (result)
      result = model->driver.module_load(&kernel->module, kernels[i].code);
    if (!result)
      result = model->driver.module_function(&kernel->function, kernel->module, kernels[i].name);
    if (result)
      return say(message, "the device's driver does not load the model's kernels; a newer driver may");
  }
  return QUERN_OK;
}

/* Texts that have numbers; a failure in another thread takes the next, so that each stays until many more failed. */
static const char *room_text(const quern_device_program *program, uint64_t available) {
  static struct quern_text texts[8];
  static _Atomic uint32_t next;
  struct quern_text *text = &texts[atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % 8];
  quern_text_clear(text);
  quern_text_integers(text,
                      "the model needs %lld bytes of the device's memory for weights and at least %lld for intermediate "
                      "values, but %lld are free",
                      (const int64_t[]){(int64_t)program->weight_bytes, (int64_t)program->arena_bytes,
                                        (int64_t)available});
  return text->characters;
}

static quern_status upload_weights(struct cuda_model *model, const char **message) {
  const quern_device_program *program = model->descriptor->device;
  size_t available = 0, total = 0;
  cuda_result result = model->driver.memory_info(&available, &total);
  if (result)
    return say(message, unusable);
  /* Both were planned in 63 bits. */
  if (program->weight_bytes + program->arena_bytes > available)
    result = CUDA_OUT_OF_MEMORY;
  else if (program->weight_bytes)
    result = model->driver.allocate(&model->weights, program->weight_bytes);
  if (result == CUDA_OUT_OF_MEMORY) {
    model->weights = 0;
    *message = room_text(program, available);
    return QUERN_OUT_OF_MEMORY;
  }
  if (!result && program->weight_bytes) {
    result = model->driver.copy_in(model->weights, program->weights, program->weight_bytes, NULL);
    if (!result)
      result = model->driver.stream_wait(NULL);
  }
  return result ? say(message, "the weights cannot be copied to the device") : QUERN_OK;
}

static quern_status load(struct cuda_model *model, int32_t ordinal, const char **message) {
  quern_status status = find_device(model, ordinal, message);
  if (status)
    return status;
  cuda_result result = quern_cuda_enter(model);
  if (result)
    return say(message, unusable);
  status = load_kernels(model, message);
  if (!status)
    status = upload_weights(model, message);
  quern_cuda_leave(model);
  return status;
}

quern_status quern_cuda_open(const quern_model_descriptor *descriptor, int32_t ordinal, void **model,
                             const char **message) {
  *model = NULL;
  uint64_t bytes = sizeof(struct cuda_model) + descriptor->num_kernels * sizeof(struct cuda_kernel);
  struct cuda_model *opened = quern_memory_allocate(bytes);
  if (!opened) {
    *message = quern_status_text(QUERN_OUT_OF_MEMORY);
    return QUERN_OUT_OF_MEMORY;
  }
  memset(opened, 0, bytes);
  opened->descriptor = descriptor;
  quern_status status = load(opened, ordinal, message);
  if (status)
    quern_cuda_close(opened);
  else
    *model = opened;
  return status;
}

void quern_cuda_close(void *pointer) {
  struct cuda_model *model = pointer;
  if (model->context && !quern_cuda_enter(model)) {
    for (uint32_t i = 0; i < model->descriptor->num_kernels; ++i)
      if (model->kernels[i].module)
        model->driver.module_unload(model->kernels[i].module);
    if (model->weights)
      model->driver.release(model->weights);
    quern_cuda_leave(model);
  }
  if (model->context)
    model->driver.context_release(model->device);
  free(model);
}

const quern_device_driver quern_cuda_driver = {sizeof(quern_device_driver),
                                               QUERN_CUDA,
                                               quern_cuda_open,
                                               quern_cuda_close,
                                               quern_cuda_create,
                                               quern_cuda_destroy,
                                               quern_cuda_finish};
