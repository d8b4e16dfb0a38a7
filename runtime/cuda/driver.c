#include "cuda/driver.h"
#include <dlfcn.h>
#include <string.h>

const char *quern_cuda_find(struct cuda_driver *driver) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return "the model runs on an NVIDIA device, but libcuda.so.1, a part of NVIDIA's driver, cannot be opened";
  /* A pointer to a function has the size of one to data, as POSIX wants it for dlsym. */
  void *address;
#define QUERN_CUDA_LOOKUP(member, name, parameters)                                                                    \
  if (!(address = dlsym(library, name)))                                                                               \
    return "libcuda.so.1 has no function " name ": NVIDIA's driver is too old for this model";                         \
  memcpy(&driver->member, &address, sizeof(address));
  QUERN_CUDA_FUNCTIONS(QUERN_CUDA_LOOKUP)
#undef QUERN_CUDA_LOOKUP
  return NULL;
}

const char *quern_cuda_name(const struct cuda_driver *driver, cuda_result result) {
  const char *name = NULL;
  return driver->error_name(result, &name) == CUDA_SUCCESS && name ? name : "an unknown error";
}
