#include "quern/runtime.h"

const char *quern_status_text(quern_status status) {
  static const char *const texts[] = {
      [QUERN_OK] = "ok",
      [QUERN_INVALID_ARGUMENT] = "invalid argument",
      [QUERN_DATA_ERROR] = "a value in the data is out of range",
      [QUERN_OUT_OF_MEMORY] = "out of memory",
      [QUERN_UNSUPPORTED_CPU] = "unsupported cpu",
      [QUERN_ABI_MISMATCH] = "the model was made for another version of the runtime",
      [QUERN_UNSUPPORTED_DEVICE] = "unsupported device",
  };
  if ((uint32_t)status >= sizeof(texts) / sizeof(texts[0]))
    return "unknown status";
  return texts[status];
}
