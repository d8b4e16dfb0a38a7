#include "test/ptx/driver/Driver.h"
#include <cstdio>
#include <cstdlib>

namespace quern::ptx {

Driver &Driver::get() {
  // Never destroyed: the program may still call while it exits.
  static Driver &driver = *new Driver();
  return driver;
}

/// A number that the environment may give.
static uint64_t fromEnvironment(const char *name, uint64_t standard, uint64_t most) {
  const char *text = std::getenv(name);
  if (!text)
    return standard;
  char *end;
  uint64_t value = std::strtoull(text, &end, 10);
  if (!*text || *end || !value || value > most) {
    std::fprintf(stderr, "%s must be a number from 1 to %llu, not '%s'\n", name, static_cast<unsigned long long>(most),
                 text);
    std::abort();
  }
  return value;
}

Driver::Driver() {
  primaries.resize(fromEnvironment("PTX_DEVICES", 1, 8));
  for (size_t ordinal = 0; ordinal < primaries.size(); ++ordinal)
    primaries[ordinal].ordinal = static_cast<int>(ordinal);
  memory.totalBytes = fromEnvironment("PTX_DEVICE_MEMORY", memory.totalBytes, memory.totalBytes);
  mostInstructions = fromEnvironment("PTX_MOST_INSTRUCTIONS", mostInstructions, ~uint64_t(0));
  unsigned major, minor;
  const char *wanted = std::getenv("PTX_DEVICE_CAPABILITY");
  if (!wanted)
    return;
  if (std::sscanf(wanted, "%u.%u", &major, &minor) != 2 || minor > 9 || major > 12) {
    std::fprintf(stderr, "PTX_DEVICE_CAPABILITY must be like 8.0, not '%s'\n", wanted);
    std::abort();
  }
  capability = major * 10 + minor;
}

std::vector<CUcontext> &contextStack() {
  thread_local std::vector<CUcontext> stack;
  return stack;
}

CUresult Driver::check() const {
  if (!isInitialized)
    return CUDA_ERROR_NOT_INITIALIZED;
  if (contextStack().empty() || !contextStack().back() || !contextStack().back()->retains)
    return CUDA_ERROR_INVALID_CONTEXT;
  return failure;
}

CUresult Driver::checkNotCapturing() {
  bool isForbidden = false;
  streams.forEach([&](const CUstream_st &stream) {
    if (!stream.capture || stream.capture->mode == CU_STREAM_CAPTURE_MODE_RELAXED)
      return;
    stream.capture->isInvalid = true;
    isForbidden = true;
  });
  return isForbidden ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_SUCCESS;
}

CUstream Driver::stream(CUstream handle) {
  // 0, CU_STREAM_LEGACY and CU_STREAM_PER_THREAD
  if (reinterpret_cast<uintptr_t>(handle) <= 2)
    return &defaultStream;
  return streams.has(handle) ? handle : nullptr;
}

CUresult Driver::enqueue(CUstream handle, std::function<CUresult()> work, CUfunction function) {
  CUstream target = stream(handle);
  if (!target)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!target->capture)
    return work();
  if (target->capture->isInvalid)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  target->capture->graph->nodes.push_back({function, std::move(work)});
  return CUDA_SUCCESS;
}

void Driver::reset() {
  executables.clear();
  graphs.clear();
  events.clear();
  streams.clear();
  modules.clear();
  for (auto [pointer, address] : mappedHostMemory) {
    hostMemory.erase(pointer);
    ownedHostMemory.erase(pointer);
  }
  mappedHostMemory.clear();
  memory.releaseAll();
  failure = CUDA_SUCCESS;
}

unsigned Driver::mostSharedBytes() const {
  switch (capability) {
  case 75:
    return 64 << 10;
  case 80:
  case 87:
    return 163 << 10;
  case 86:
  case 89:
    return 99 << 10;
  default:
    return capability >= 90 ? 227 << 10 : 48 << 10;
  }
}

bool Driver::hasFunction(const CUfunc_st *function) const {
  bool found = false;
  modules.forEach([&](const CUmod_st &module) {
    for (const auto &[name, candidate] : module.functions)
      found |= candidate.get() == function;
  });
  return found;
}

} // namespace quern::ptx
