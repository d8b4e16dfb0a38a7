// Modules, functions, launches.
#include "test/ptx/driver/Driver.h"
#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace quern::ptx;

namespace {

constexpr unsigned kSharedByDefault = 48 << 10;
constexpr unsigned kNewestPtx = 90;

/// The device runs code for its own and older capabilities; "sm_90a" only on exactly that one.
bool runsTarget(const Driver &driver, const std::string &target) {
  unsigned number = 0;
  char suffix = 0;
  int found = std::sscanf(target.c_str(), "sm_%u%c", &number, &suffix);
  return found == 2 ? number == driver.capability : found == 1 && number <= driver.capability;
}

void writeLog(unsigned count, const CUjit_option *options, void **values, const std::string &message) {
  char *buffer = nullptr;
  size_t size = 0;
  for (unsigned i = 0; i < count; ++i) {
    if (options[i] == CU_JIT_ERROR_LOG_BUFFER)
      buffer = static_cast<char *>(values[i]);
    if (options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
      size = reinterpret_cast<size_t>(values[i]);
  }
  if (buffer && size) {
    std::strncpy(buffer, message.c_str(), size);
    buffer[size - 1] = '\0';
  }
  std::fprintf(stderr, "ptx: %s\n", message.c_str());
}

CUresult loadModule(CUmodule *result, const char *text, unsigned count, CUjit_option *options, void **values) {
  DRIVER_CALL();
  constexpr unsigned char kElf[] = {0x7f, 'E', 'L', 'F'}, kFatbin[] = {0x50, 0xed, 0x55, 0xba};
  if (!std::memcmp(text, kElf, sizeof kElf) || !std::memcmp(text, kFatbin, sizeof kFatbin)) {
    writeLog(count, options, values, "machine code can not be interpreted, only PTX text");
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  }
  try {
    auto module = std::make_unique<CUmod_st>(text, driver.memory);
    module->module.mostInstructions = driver.mostInstructions;
    const Module &syntax = module->module.syntax();
    if (syntax.version > kNewestPtx)
      return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
    if (!runsTarget(driver, syntax.target)) {
      writeLog(count, options, values,
               "the device of capability " + std::to_string(driver.capability) + " does not run code for " +
                   syntax.target);
      return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    *result = driver.modules.own(std::move(module));
    return CUDA_SUCCESS;
  } catch (const SyntaxError &error) {
    writeLog(count, options, values, error.what());
    return CUDA_ERROR_INVALID_PTX;
  }
}

CUresult errorOf(FaultKind kind) {
  switch (kind) {
  case FaultKind::IllegalAddress:
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  case FaultKind::MisalignedAddress:
    return CUDA_ERROR_MISALIGNED_ADDRESS;
  case FaultKind::Instruction:
    return CUDA_ERROR_ILLEGAL_INSTRUCTION;
  case FaultKind::Endless:
    return CUDA_ERROR_LAUNCH_TIMEOUT;
  default:
    return CUDA_ERROR_LAUNCH_FAILED;
  }
}

/// Runs the kernel. Its failure is found by the calls that follow, as with a device that runs on its own.
CUresult run(Driver &driver, const CUfunc_st &function, Dim3 grid, Dim3 block, unsigned shared,
             const std::vector<uint8_t> &params) {
  if (driver.failure != CUDA_SUCCESS)
    return driver.failure;
  try {
    ++driver.kernels;
    function.module->module.launch(function.name, grid, block, shared, params);
  } catch (const KernelError &error) {
    std::fprintf(stderr, "ptx: %s\n", error.what());
    driver.failure = errorOf(error.kind);
  }
  return CUDA_SUCCESS;
}

/// The parameter block, from either way to give it. False when it is not given in full.
bool packParams(const Kernel &kernel, void **params, void **extra, std::vector<uint8_t> &block) {
  block.assign(kernel.paramBytes, 0);
  if (params) {
    for (size_t i = 0; i < kernel.params.size(); ++i)
      std::memcpy(block.data() + kernel.params[i].offset, params[i], kernel.params[i].bytes);
    return true;
  }
  const void *buffer = nullptr;
  size_t size = 0;
  for (; extra && *extra != CU_LAUNCH_PARAM_END; extra += 2) {
    if (*extra == CU_LAUNCH_PARAM_BUFFER_POINTER)
      buffer = extra[1];
    else if (*extra == CU_LAUNCH_PARAM_BUFFER_SIZE)
      size = *static_cast<size_t *>(extra[1]);
    else
      return false;
  }
  if (size < kernel.paramBytes || (!buffer && kernel.paramBytes))
    return false;
  std::copy_n(static_cast<const uint8_t *>(buffer), kernel.paramBytes, block.data());
  return true;
}

bool isLaunchable(Dim3 grid, Dim3 block, const CUfunc_st &function) {
  constexpr unsigned kMostBlocksX = 0x7fffffff, kMostBlocks = 65535, kMostThreads = 1024, kMostThreadsZ = 64;
  unsigned most = function.kernel->code->maxThreads ? function.kernel->code->maxThreads : kMostThreads;
  return grid.count() && block.count() && grid.x <= kMostBlocksX && grid.y <= kMostBlocks && grid.z <= kMostBlocks &&
         block.z <= kMostThreadsZ && block.count() <= std::min(most, kMostThreads);
}

} // namespace

CUDA_EXPORT CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  return loadModule(module, static_cast<const char *>(image), 0, nullptr, nullptr);
}

CUDA_EXPORT CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count, CUjit_option *options,
                                        void **values) {
  return loadModule(module, static_cast<const char *>(image), count, options, values);
}

CUDA_EXPORT CUresult cuModuleUnload(CUmodule module) {
  DRIVER_CALL();
  return driver.modules.destroy(module) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUDA_EXPORT CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  DRIVER_CALL();
  if (!driver.modules.has(module))
    return CUDA_ERROR_INVALID_HANDLE;
  const Kernel *kernel = module->module.kernel(name);
  if (!kernel)
    return CUDA_ERROR_NOT_FOUND;
  std::unique_ptr<CUfunc_st> &own = module->functions[name];
  if (!own)
    own.reset(new CUfunc_st{module, name, kernel, kSharedByDefault - std::min(kSharedByDefault, kernel->sharedBytes)});
  *function = own.get();
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule module, const char *name) {
  DRIVER_CALL();
  if (!driver.modules.has(module))
    return CUDA_ERROR_INVALID_HANDLE;
  const Variable *variable = module->module.global(name);
  if (!variable)
    return CUDA_ERROR_NOT_FOUND;
  if (address)
    *address = variable->address;
  if (bytes)
    *bytes = variable->bytes;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  DRIVER_CALL();
  if (!driver.hasFunction(function))
    return CUDA_ERROR_INVALID_HANDLE;
  if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT)
    return CUDA_SUCCESS;
  bool fits = value >= 0 && value + function->kernel->sharedBytes <= driver.mostSharedBytes();
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || !fits)
    return CUDA_ERROR_INVALID_VALUE;
  function->mostDynamicShared = value;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function) {
  DRIVER_CALL();
  if (!driver.hasFunction(function))
    return CUDA_ERROR_INVALID_HANDLE;
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    *value = function->kernel->code->maxThreads ? function->kernel->code->maxThreads : 1024;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    *value = function->kernel->sharedBytes;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
    *value = 0;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
    *value = function->kernel->localBytes;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    *value = function->module->module.syntax().version;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
    *value = driver.capability;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    *value = function->mostDynamicShared;
    return CUDA_SUCCESS;
  default: // registers are allocated by the assembler only
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUDA_EXPORT CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ,
                                    unsigned blockX, unsigned blockY, unsigned blockZ, unsigned shared, CUstream stream,
                                    void **params, void **extra) {
  DRIVER_CALL();
  if (!driver.hasFunction(function))
    return CUDA_ERROR_INVALID_HANDLE;
  Dim3 grid{gridX, gridY, gridZ}, block{blockX, blockY, blockZ};
  std::vector<uint8_t> packed;
  if (!isLaunchable(grid, block, *function) || shared > function->mostDynamicShared ||
      !packParams(*function->kernel, params, extra, packed))
    return CUDA_ERROR_INVALID_VALUE;
  return driver.enqueue(
      stream, [=, &driver] { return run(driver, *function, grid, block, shared, packed); }, function);
}
