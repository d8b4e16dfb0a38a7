// Looking calls up by name.
#include "test/ptx/driver/Cuda.h"
#include <cstring>

// Only their addresses are taken.
#define ENTRY_POINT(name, symbol) extern "C" char symbol##_address[] __asm__(#symbol);
#include "test/ptx/driver/EntryPoints.inc"

namespace {

struct EntryPoint {
  const char *name;
  void *address;
};
const EntryPoint kEntryPoints[] = {
#define ENTRY_POINT(name, symbol) {#name, symbol##_address},
#include "test/ptx/driver/EntryPoints.inc"
};

} // namespace

CUDA_EXPORT CUresult cuGetProcAddress_v2(const char *name, void **address, int, uint64_t,
                                         CUdriverProcAddressQueryResult *status) {
  *address = nullptr;
  for (const EntryPoint &entry : kEntryPoints)
    if (!std::strcmp(entry.name, name))
      *address = entry.address;
  if (status)
    *status = *address ? CU_GET_PROC_ADDRESS_SUCCESS : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  return *address ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
