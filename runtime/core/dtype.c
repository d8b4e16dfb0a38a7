#include "quern/runtime.h"

static const struct {
  const char *name;
  uint8_t size;
} dtypes[] = {
    [QUERN_F32] = {"float32", 4},    [QUERN_U8] = {"uint8", 1},     [QUERN_I8] = {"int8", 1},
    [QUERN_U16] = {"uint16", 2},     [QUERN_I16] = {"int16", 2},    [QUERN_I32] = {"int32", 4},
    [QUERN_I64] = {"int64", 8},      [QUERN_STRING] = {"str", sizeof(quern_string)},   [QUERN_BOOL] = {"bool", 1},
    [QUERN_F16] = {"float16", 2},    [QUERN_F64] = {"float64", 8},  [QUERN_U32] = {"uint32", 4},
    [QUERN_U64] = {"uint64", 8},     [QUERN_C64] = {"complex64", 8}, [QUERN_C128] = {"complex128", 16},
    [QUERN_BF16] = {"bfloat16", 2},
};

static int is_known(quern_dtype dtype) {
  return dtype > 0 && (size_t)dtype < sizeof(dtypes) / sizeof(dtypes[0]);
}

size_t quern_dtype_size(quern_dtype dtype) { return is_known(dtype) ? dtypes[dtype].size : 0; }

const char *quern_dtype_name(quern_dtype dtype) { return is_known(dtype) ? dtypes[dtype].name : "unknown"; }
