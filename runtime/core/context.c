#include "core/context.h"
#include <stdlib.h>
#include <string.h>

static bool are_options_valid(const quern_context_options *options) {
  if (options->size < sizeof(*options))
    return false;
  const quern_pool *pool = options->pool;
  if (pool && (pool->size < sizeof(*pool) || pool->threads < 1 || !pool->run))
    return false;
  return (uintptr_t)options->arena % QUERN_ALIGNMENT == 0;
}

/* Context, symbols and outputs in one block. */
static quern_context *allocate(const quern_model_descriptor *descriptor) {
  uint64_t outputs = quern_memory_round(sizeof(quern_context));
  uint64_t symbols = outputs + (uint64_t)descriptor->num_outputs * sizeof(struct quern_block);
  uint64_t symbol_inputs = symbols + (uint64_t)descriptor->num_symbols * sizeof(int64_t);
  uint64_t bytes = symbol_inputs + (uint64_t)descriptor->num_symbols * sizeof(uint32_t);
  char *memory = quern_memory_allocate(bytes);
  if (!memory)
    return NULL;
  memset(memory, 0, bytes);
  quern_context *context = (quern_context *)memory;
  context->outputs = (struct quern_block *)(memory + outputs);
  context->symbols = (int64_t *)(memory + symbols);
  context->symbol_inputs = (uint32_t *)(memory + symbol_inputs);
  return context;
}

quern_status quern_context_create(const quern_model *model, const quern_context_options *options,
                                  quern_context **context) {
  if (!context)
    return QUERN_INVALID_ARGUMENT;
  *context = NULL;
  if (!model || (options && !are_options_valid(options)))
    return QUERN_INVALID_ARGUMENT;
  quern_context *created = allocate(model->descriptor);
  if (!created)
    return QUERN_OUT_OF_MEMORY;
  created->model = model;
  created->threads = 1;
  if (options) {
    created->pool = options->pool && options->pool->threads > 1 ? options->pool : NULL;
    created->threads = created->pool ? created->pool->threads : 1;
    created->profile = options->profile;
    created->profile_user = options->profile_user;
    created->arena.is_callers = options->arena != NULL;
    created->arena.block = (struct quern_block){options->arena, options->arena ? options->arena_bytes : 0};
  }
  if (model->device) {
    quern_status status = quern_device_of(model->descriptor)->driver->create(model->device, &created->device);
    if (status) {
      free(created);
      return status;
    }
  }
  *context = created;
  return QUERN_OK;
}

void quern_context_destroy(quern_context *context) {
  if (!context)
    return;
  if (context->device)
    quern_device_of(context->model->descriptor)->driver->destroy(context->device);
  for (uint32_t i = 0; i < context->model->descriptor->num_outputs; ++i)
    quern_block_release(&context->outputs[i]);
  quern_block_release(&context->scratch);
  quern_arena_release(&context->arena);
  free(context);
}

quern_status quern_fail(quern_context *context, quern_status status, const char *format, ...) {
  if (context->status)
    return status;
  va_list arguments;
  va_start(arguments, format);
  quern_text_format(&context->error, format, arguments);
  va_end(arguments);
  return context->status = status;
}

quern_status quern_run(quern_context *context, const quern_tensor *inputs, size_t num_inputs, quern_tensor *outputs,
                       size_t num_outputs) {
  return quern_run_on(context, inputs, num_inputs, outputs, num_outputs, NULL);
}

quern_status quern_run_on(quern_context *context, const quern_tensor *inputs, size_t num_inputs, quern_tensor *outputs,
                          size_t num_outputs, const quern_places *places) {
  if (!context)
    return QUERN_INVALID_ARGUMENT;
  quern_text_clear(&context->error);
  context->status = QUERN_OK;
  context->arena.requested = 0;
  quern_status status = quern_validate(context, inputs, num_inputs, outputs, num_outputs, places);
  if (status)
    return status;
  quern_frame frame = {context->model->level->kernels, context->symbols, inputs, outputs, context,
                       &quern_context_services,        context->device, places};
  status = context->model->descriptor->main(&frame);
  if (context->device) {
    quern_status finished = quern_device_of(context->model->descriptor)->driver->finish(&frame);
    status = status ? status : finished;
  }
  quern_arena_reset(&context->arena);
  if (status)
    quern_fail(context, status, "%s", quern_status_text(status));
  return context->status;
}

const char *quern_context_error(const quern_context *context) { return context->error.characters; }

uint64_t quern_context_arena_bytes(const quern_context *context) { return context->arena.requested; }
