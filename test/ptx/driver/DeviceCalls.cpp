// Initialisation, the devices, their primary contexts, errors.
#include "test/ptx/driver/Driver.h"
#include <algorithm>
#include <cstring>

using namespace quern::ptx;

namespace {

constexpr int kDriverVersion = 13000;

struct Attribute {
  int number;
  int value;
};

/// By CUdevice_attribute's numbers; those that depend on the capability are in `attribute`.
constexpr Attribute kAttributes[] = {
    {1, 1024},       // MAX_THREADS_PER_BLOCK
    {2, 1024},       // MAX_BLOCK_DIM_X
    {3, 1024},       // MAX_BLOCK_DIM_Y
    {4, 64},         // MAX_BLOCK_DIM_Z
    {5, 2147483647}, // MAX_GRID_DIM_X
    {6, 65535},      // MAX_GRID_DIM_Y
    {7, 65535},      // MAX_GRID_DIM_Z
    {8, 48 << 10},   // MAX_SHARED_MEMORY_PER_BLOCK
    {9, 64 << 10},   // TOTAL_CONSTANT_MEMORY
    {10, 32},        // WARP_SIZE
    {12, 65536},     // MAX_REGISTERS_PER_BLOCK
    {13, 1000000},   // CLOCK_RATE
    {14, 512},       // TEXTURE_ALIGNMENT
    {16, 1},         // MULTIPROCESSOR_COUNT
    {17, 0},         // KERNEL_EXEC_TIMEOUT
    {18, 0},         // INTEGRATED
    {19, 0},         // CAN_MAP_HOST_MEMORY
    {20, 0},         // COMPUTE_MODE
    {31, 0},         // CONCURRENT_KERNELS
    {36, 1000000},   // MEMORY_CLOCK_RATE
    {37, 64},        // GLOBAL_MEMORY_BUS_WIDTH
    {38, 1 << 20},   // L2_CACHE_SIZE
    {39, 1024},      // MAX_THREADS_PER_MULTIPROCESSOR
    {41, 1},         // UNIFIED_ADDRESSING
    {82, 65536},     // MAX_REGISTERS_PER_MULTIPROCESSOR
    {83, 0},         // MANAGED_MEMORY
    {115, 1},        // MEMORY_POOLS_SUPPORTED
};

bool attribute(const Driver &driver, int number, int &value) {
  switch (number) {
  case 75: // COMPUTE_CAPABILITY_MAJOR
    value = driver.capability / 10;
    return true;
  case 76: // COMPUTE_CAPABILITY_MINOR
    value = driver.capability % 10;
    return true;
  case 81: // MAX_SHARED_MEMORY_PER_MULTIPROCESSOR
    value = driver.mostSharedBytes() + 1024;
    return true;
  case 97: // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    value = driver.mostSharedBytes();
    return true;
  }
  for (const Attribute &a : kAttributes)
    if (a.number == number) {
      value = a.value;
      return true;
    }
  return false;
}

struct ErrorText {
  CUresult error;
  const char *name, *text;
};
constexpr ErrorText kErrors[] = {
#define CUDA_ERROR(name, value, text) {name, #name, text},
#include "test/ptx/driver/Errors.inc"
};

CUresult checkDevice(const Driver &driver, CUdevice device) {
  if (!driver.isInitialized)
    return CUDA_ERROR_NOT_INITIALIZED;
  bool isThere = device >= 0 && static_cast<size_t>(device) < driver.primaries.size();
  return isThere ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult errorText(CUresult error, const char **text, bool isName) {
  for (const ErrorText &e : kErrors)
    if (e.error == error) {
      *text = isName ? e.name : e.text;
      return CUDA_SUCCESS;
    }
  *text = nullptr;
  return CUDA_ERROR_INVALID_VALUE;
}

} // namespace

/// For calls that need the device, but no context.
#define DEVICE_CALL(device)                                                                                            \
  Driver &driver = Driver::get();                                                                                      \
  Lock lock(driver.mutex);                                                                                             \
  if (CUresult status = checkDevice(driver, device); status != CUDA_SUCCESS)                                           \
  return status

CUDA_EXPORT CUresult cuInit(unsigned flags) {
  Driver::get().isInitialized = flags == 0;
  return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuDriverGetVersion(int *version) {
  *version = kDriverVersion;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuDeviceGetCount(int *count) {
  DEVICE_CALL(0);
  *count = static_cast<int>(driver.primaries.size());
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  DEVICE_CALL(ordinal);
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  DEVICE_CALL(device);
  if (length <= 0)
    return CUDA_ERROR_INVALID_VALUE;
  std::strncpy(name, "PTX interpreter", length);
  name[length - 1] = '\0';
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
  DEVICE_CALL(device);
  std::memcpy(uuid->bytes, "PTX interpreter", sizeof uuid->bytes);
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuDeviceGetAttribute(int *value, int number, CUdevice device) {
  DEVICE_CALL(device);
  return attribute(driver, number, *value) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUDA_EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  DEVICE_CALL(device);
  *bytes = driver.memory.totalBytes;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  DEVICE_CALL(device);
  ++driver.primaries[device].retains;
  *context = &driver.primaries[device];
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  DEVICE_CALL(device);
  if (!driver.primaries[device].retains)
    return CUDA_ERROR_INVALID_CONTEXT;
  --driver.primaries[device].retains;
  if (std::ranges::none_of(driver.primaries, [](const CUctx_st &context) { return context.retains; }))
    driver.reset();
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) {
  DEVICE_CALL(device);
  driver.reset();
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned) {
  DEVICE_CALL(device);
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags, int *active) {
  DEVICE_CALL(device);
  *flags = 0;
  *active = driver.primaries[device].retains > 0;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuCtxSetCurrent(CUcontext context) {
  DEVICE_CALL(0);
  if (!contextStack().empty())
    contextStack().pop_back();
  if (context)
    contextStack().push_back(context);
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuCtxPushCurrent_v2(CUcontext context) {
  DEVICE_CALL(0);
  if (!context)
    return CUDA_ERROR_INVALID_CONTEXT;
  contextStack().push_back(context);
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  DEVICE_CALL(0);
  if (contextStack().empty())
    return CUDA_ERROR_INVALID_CONTEXT;
  if (context)
    *context = contextStack().back();
  contextStack().pop_back();
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuCtxGetCurrent(CUcontext *context) {
  DEVICE_CALL(0);
  *context = contextStack().empty() ? nullptr : contextStack().back();
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuCtxGetDevice(CUdevice *device) {
  DRIVER_CALL();
  *device = contextStack().back()->ordinal;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuCtxSynchronize() {
  DRIVER_CALL();
  return driver.checkNotCapturing();
}

/// For tests: what has happened so far. 0 for an unknown word.
CUDA_EXPORT uint64_t ptxCount(const char *what) {
  Driver &driver = Driver::get();
  Lock lock(driver.mutex);
  const std::pair<std::string_view, uint64_t> counts[] = {{"kernel", driver.kernels},
                                                          {"graph", driver.graphLaunches},
                                                          {"graph update", driver.graphUpdates},
                                                          {"graph held", driver.executables.size()}};
  for (auto [name, count] : counts)
    if (name == what)
      return count;
  return 0;
}

CUDA_EXPORT CUresult cuGetErrorName(CUresult error, const char **name) {
  return errorText(error, name, true);
}
CUDA_EXPORT CUresult cuGetErrorString(CUresult error, const char **text) {
  return errorText(error, text, false);
}

CUDA_ALIAS(cuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2, CUdevice);
CUDA_ALIAS(cuDevicePrimaryCtxReset, cuDevicePrimaryCtxReset_v2, CUdevice);
CUDA_ALIAS(cuDevicePrimaryCtxSetFlags, cuDevicePrimaryCtxSetFlags_v2, CUdevice, unsigned);
CUDA_ALIAS(cuCtxPushCurrent, cuCtxPushCurrent_v2, CUcontext);
CUDA_ALIAS(cuCtxPopCurrent, cuCtxPopCurrent_v2, CUcontext *);
