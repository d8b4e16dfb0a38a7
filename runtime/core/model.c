#include "core/context.h"
#include "cpu/level.h"
#include <stdlib.h>

static bool is_well_formed_value(const quern_value_info *value, uint32_t num_symbols, bool is_output) {
  if (!value->name || !quern_dtype_size(value->dtype) || value->rank < 0 || value->rank > QUERN_MAX_RANK)
    return false;
  for (int32_t axis = 0; axis < value->rank; ++axis) {
    int64_t dim = value->dims[axis];
    bool is_symbol = dim < 0 && -(dim + 1) < (int64_t)num_symbols;
    if (dim < 0 && !is_symbol && !(is_output && dim == QUERN_COMPUTED_DIM))
      return false;
  }
  return true;
}

static bool is_well_formed_site(const quern_site *site, uint32_t num_kernels) {
  return site->name && site->nodes && site->kernel < num_kernels;
}

static bool is_well_formed(const quern_model_descriptor *descriptor) {
  if (!descriptor->main)
    return false;
  for (uint32_t i = 0; i < descriptor->num_symbols; ++i)
    if (!descriptor->symbols[i])
      return false;
  for (uint32_t i = 0; i < descriptor->num_inputs; ++i)
    if (!is_well_formed_value(&descriptor->inputs[i], descriptor->num_symbols, /*is_output=*/false))
      return false;
  for (uint32_t i = 0; i < descriptor->num_outputs; ++i)
    if (!is_well_formed_value(&descriptor->outputs[i], descriptor->num_symbols, /*is_output=*/true))
      return false;
  for (uint32_t i = 0; i < descriptor->num_sites; ++i)
    if (!is_well_formed_site(&descriptor->sites[i], descriptor->num_kernels))
      return false;
  return true;
}

/* The best level that runs here, or null and a text. */
static const quern_level *pick_level(const quern_model_descriptor *descriptor, uint32_t max_level,
                                     const char **message) {
  uint32_t cpu_level = quern_cpu_level();
  bool is_capped = false;
  for (uint32_t i = 0; i < descriptor->num_levels; ++i) {
    const quern_level *level = &descriptor->levels[i];
    if (level->number > cpu_level)
      continue;
    if (!max_level || level->number <= max_level)
      return level;
    is_capped = true;
  }
  *message = is_capped ? "max_level excludes every level of the model that this cpu runs"
                       : "this cpu or its operating system runs none of the model's levels";
  return NULL;
}

static quern_status check(const quern_model_descriptor *descriptor, const quern_model_options *options,
                          const char **message) {
  *message = "";
  if (!descriptor || (options && options->size < offsetof(quern_model_options, device))) {
    *message = descriptor ? "the size in the options is not that of quern_model_options" : "the descriptor is null";
    return QUERN_INVALID_ARGUMENT;
  }
  bool is_known = descriptor->abi_version == QUERN_ABI_VERSION || descriptor->abi_version == QUERN_ABI_VERSION_DEVICE;
  if (!is_known || descriptor->size < offsetof(quern_model_descriptor, device)) {
    *message = "the model was compiled for another version of the runtime; compile it again";
    return QUERN_ABI_MISMATCH;
  }
  const quern_model_descriptor *processor = quern_processor_of(descriptor);
  if (!is_well_formed(descriptor) || (processor && !is_well_formed(processor))) {
    *message = "the model's descriptor is inconsistent; compile it again";
    return QUERN_INVALID_ARGUMENT;
  }
  return QUERN_OK;
}

/* Goes on with the tables for the processor alone. */
static quern_status use_processor(quern_model *model, uint32_t max_level, const char **message) {
  model->descriptor = quern_processor_of(model->descriptor);
  model->level = pick_level(model->descriptor, max_level, message);
  return model->level ? QUERN_OK : QUERN_UNSUPPORTED_CPU;
}

/* Decides between a device and the processor; `wanted` as in the options. */
static quern_status choose_device(quern_model *model, quern_device wanted, uint32_t max_level, const char **message) {
  const quern_device_program *device = quern_device_of(model->descriptor);
  bool has_processor = !device || quern_processor_of(model->descriptor);
  if (wanted.type == QUERN_CPU || (!wanted.type && !device)) {
    if (!has_processor) {
      *message = "the model was compiled for a device alone; compile it for the processor too, as in sm_80,x86-64";
      return QUERN_UNSUPPORTED_DEVICE;
    }
    return device ? use_processor(model, max_level, message) : QUERN_OK;
  }
  if (!device || (wanted.type && wanted.type != device->driver->type)) {
    *message = "the model has no kernels for the kind of device that the options name";
    return QUERN_UNSUPPORTED_DEVICE;
  }
  if (wanted.ordinal < 0) {
    *message = "the options name a device by a negative number";
    return QUERN_INVALID_ARGUMENT;
  }
  quern_status status = device->driver->open(model->descriptor, wanted.ordinal, &model->device, message);
  if (status == QUERN_UNSUPPORTED_DEVICE && !wanted.type && has_processor)
    return use_processor(model, max_level, message);
  model->place = (quern_device){device->driver->type, wanted.ordinal};
  return status;
}

quern_status quern_model_open(const quern_model_descriptor *descriptor, const quern_model_options *options,
                              quern_model **model, const char **message) {
  const char *ignored;
  if (!message)
    message = &ignored;
  *message = "there is no place for the model: the third argument is null";
  if (!model)
    return QUERN_INVALID_ARGUMENT;
  *model = NULL;
  quern_status status = check(descriptor, options, message);
  if (status)
    return status;
  uint32_t max_level = options ? options->max_level : 0;
  const quern_level *level = pick_level(descriptor, max_level, message);
  if (!level)
    return QUERN_UNSUPPORTED_CPU;
  *model = quern_memory_allocate(sizeof(**model));
  if (!*model) {
    *message = quern_status_text(QUERN_OUT_OF_MEMORY);
    return QUERN_OUT_OF_MEMORY;
  }
  **model = (quern_model){descriptor, level, NULL, {QUERN_CPU, 0}};
  bool names_device = options && options->size >= sizeof(*options);
  status = choose_device(*model, names_device ? options->device : (quern_device){0, 0}, max_level, message);
  if (status) {
    free(*model);
    *model = NULL;
  }
  return status;
}

void quern_model_close(quern_model *model) {
  if (model && model->device)
    quern_device_of(model->descriptor)->driver->close(model->device);
  free(model);
}

const quern_model_descriptor *quern_model_get_descriptor(const quern_model *model) { return model->descriptor; }

quern_device quern_model_get_device(const quern_model *model) { return model->place; }

const quern_level *quern_model_get_level(const quern_model *model) { return model->level; }
