/* Strings and numbers to their places in a vocabulary, and back. */
#include "text/table.h"
#include "text/text.h"

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t find_string(const quern_table *table, uint64_t group, const void *keys, int64_t element) {
  const quern_string *string = (const quern_string *)keys + element;
  return quern_table_find(table, group, string->data, string->size);
}

static int64_t find_f64(const quern_table *table, uint64_t group, const void *keys, int64_t element) {
  double value = ((const double *)keys)[element] + 0.0; /* -0 becomes 0 */
  uint64_t bits = 0x7ff8000000000000u;
  if (value == value)
    memcpy(&bits, &value, sizeof bits);
  return quern_table_find(table, group, (const char *)&bits, sizeof bits);
}

static int64_t find_i64(const quern_table *table, uint64_t group, const void *keys, int64_t element) {
  return quern_table_find(table, group, (const char *)((const int64_t *)keys + element), sizeof(int64_t));
}

int32_t quern_text_lookup(const quern_launch *launch) {
  static int64_t (*const finders[])(const quern_table *, uint64_t, const void *, int64_t) = {
      [QUERN_KEY_STRING] = find_string, [QUERN_KEY_F64] = find_f64, [QUERN_KEY_I64] = find_i64};
  const int64_t *parameters = launch->dims;
  const void *keys = launch->buffers[0];
  const quern_table *table = launch->buffers[1];
  int64_t *numbers = (int64_t *)launch->buffers[2];
  int64_t step = parameters[QUERN_LOOKUP_STEP], first = launch->first_task * step,
          last = smaller(launch->last_task * step, parameters[QUERN_LOOKUP_ELEMENTS]);
  uint64_t group = (uint64_t)first % table->groups;
  for (int64_t element = first; element < last; ++element) {
    numbers[element] = finders[parameters[QUERN_LOOKUP_KIND]](table, group, keys, element);
    if (numbers[element] < 0 && parameters[QUERN_LOOKUP_REQUIRED])
      return QUERN_KERNEL_UNKNOWN | (int32_t)((group & 0x7fffff) << 8);
    group = group + 1 == table->groups ? 0 : group + 1;
  }
  return QUERN_KERNEL_OK;
}

int32_t quern_text_pick(const quern_launch *launch) {
  const int64_t *parameters = launch->dims, *numbers = launch->buffers[0];
  const quern_table *table = launch->buffers[1];
  int64_t has_others = parameters[QUERN_PICK_HAS_OTHERS];
  const quern_string *others = has_others ? launch->buffers[2] : NULL;
  quern_string *strings = (quern_string *)launch->buffers[2 + has_others];
  const uint64_t *offsets = quern_table_offsets(table);
  int64_t step = parameters[QUERN_PICK_STEP], first = launch->first_task * step,
          last = smaller(launch->last_task * step, parameters[QUERN_PICK_ELEMENTS]);
  for (int64_t element = first; element < last; ++element) {
    uint64_t entry = (uint64_t)numbers[element];
    if (entry < table->entries)
      strings[element] =
          (quern_string){quern_table_bytes(table) + offsets[entry], offsets[entry + 1] - offsets[entry]};
    else if (others)
      strings[element] = others[element];
    else
      return QUERN_KERNEL_INDEX;
  }
  return QUERN_KERNEL_OK;
}
