// Allocation, copies and fills.
#include "test/ptx/driver/Driver.h"
#include <cstdlib>
#include <cstring>

using namespace quern::ptx;

namespace {

bool isHostRange(const Driver &driver, const void *pointer) {
  return pointer && !driver.memory.isDeviceAddress(reinterpret_cast<uint64_t>(pointer));
}

/// The host place of a device range, or null when it is not all in one allocation.
uint8_t *deviceRange(const Driver &driver, CUdeviceptr address, size_t bytes) {
  return driver.memory.contains(address, bytes) ? driver.memory.host(address) : nullptr;
}

/// One copy; the ranges are looked at when it runs, which for a graph is later.
CUresult copy(Driver &driver, uint8_t *to, const uint8_t *from, size_t bytes) {
  if (bytes == 0)
    return CUDA_SUCCESS;
  if (!to || !from)
    return CUDA_ERROR_INVALID_VALUE;
  std::memmove(to, from, bytes);
  return driver.failure;
}

CUresult toDevice(CUstream stream, CUdeviceptr to, const void *from, size_t bytes) {
  DRIVER_CALL();
  if (bytes && !isHostRange(driver, from))
    return CUDA_ERROR_INVALID_VALUE;
  return driver.enqueue(stream, [=, &driver] {
    return copy(driver, deviceRange(driver, to, bytes), static_cast<const uint8_t *>(from), bytes);
  });
}

CUresult toHost(CUstream stream, void *to, CUdeviceptr from, size_t bytes) {
  DRIVER_CALL();
  if (bytes && !isHostRange(driver, to))
    return CUDA_ERROR_INVALID_VALUE;
  return driver.enqueue(stream, [=, &driver] {
    return copy(driver, static_cast<uint8_t *>(to), deviceRange(driver, from, bytes), bytes);
  });
}

CUresult onDevice(CUstream stream, CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  DRIVER_CALL();
  return driver.enqueue(stream, [=, &driver] {
    return copy(driver, deviceRange(driver, to, bytes), deviceRange(driver, from, bytes), bytes);
  });
}

template <class T> CUresult fill(CUstream stream, CUdeviceptr to, T value, size_t count) {
  DRIVER_CALL();
  if (to % sizeof(T))
    return CUDA_ERROR_INVALID_VALUE;
  return driver.enqueue(stream, [=, &driver] {
    auto *range = reinterpret_cast<T *>(deviceRange(driver, to, count * sizeof(T)));
    if (count && !range)
      return CUDA_ERROR_INVALID_VALUE;
    std::fill_n(range, count, value);
    return driver.failure;
  });
}

/// Calls without a stream wait for all work, which a capture does not allow.
CUresult checkSynchronous() {
  DRIVER_CALL();
  CUresult status = driver.checkNotCapturing();
  return status == CUDA_SUCCESS ? status : CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
}

CUresult allocate(Driver &driver, CUdeviceptr *address, size_t bytes) {
  if (bytes == 0)
    return CUDA_ERROR_INVALID_VALUE;
  *address = driver.memory.allocate(bytes);
  return *address ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

} // namespace

CUDA_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  DRIVER_CALL();
  if (CUresult status = driver.checkNotCapturing(); status != CUDA_SUCCESS)
    return status;
  return allocate(driver, address, bytes);
}

CUDA_EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
  DRIVER_CALL();
  if (CUresult status = driver.checkNotCapturing(); status != CUDA_SUCCESS)
    return status;
  return address == 0 || driver.memory.release(address) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/// In stream order, which is the order of the calls. Not while capturing: there are no allocation nodes.
CUDA_EXPORT CUresult cuMemAllocAsync(CUdeviceptr *address, size_t bytes, CUstream stream) {
  DRIVER_CALL();
  CUstream target = driver.stream(stream);
  if (!target || target->capture)
    return target ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_ERROR_INVALID_HANDLE;
  return allocate(driver, address, bytes);
}

CUDA_EXPORT CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  DRIVER_CALL();
  CUstream target = driver.stream(stream);
  if (!target || target->capture)
    return target ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_ERROR_INVALID_HANDLE;
  return driver.memory.release(address) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUDA_EXPORT CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  DRIVER_CALL();
  *total = driver.memory.totalBytes;
  *free = driver.memory.totalBytes - driver.memory.used();
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
  return toDevice(stream, to, from, bytes);
}
CUDA_EXPORT CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return toHost(stream, to, from, bytes);
}
CUDA_EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return onDevice(stream, to, from, bytes);
}
CUDA_EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  CUresult status = checkSynchronous();
  return status == CUDA_SUCCESS ? toDevice(nullptr, to, from, bytes) : status;
}
CUDA_EXPORT CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  CUresult status = checkSynchronous();
  return status == CUDA_SUCCESS ? toHost(nullptr, to, from, bytes) : status;
}
CUDA_EXPORT CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  CUresult status = checkSynchronous();
  return status == CUDA_SUCCESS ? onDevice(nullptr, to, from, bytes) : status;
}

CUDA_EXPORT CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
  return fill<uint8_t>(stream, to, value, count);
}
CUDA_EXPORT CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream stream) {
  return fill<uint32_t>(stream, to, value, count);
}
CUDA_EXPORT CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) {
  CUresult status = checkSynchronous();
  return status == CUDA_SUCCESS ? fill<uint8_t>(nullptr, to, value, count) : status;
}
CUDA_EXPORT CUresult cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count) {
  CUresult status = checkSynchronous();
  return status == CUDA_SUCCESS ? fill<uint32_t>(nullptr, to, value, count) : status;
}

/// What the device sees too is memory of the device, whose bytes lie on the host: the two addresses differ.
CUDA_EXPORT CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
  DRIVER_CALL();
  constexpr size_t kPage = 4096;
  if (bytes == 0)
    return CUDA_ERROR_INVALID_VALUE;
  if (flags & CU_MEMHOSTALLOC_DEVICEMAP) {
    uint64_t address = driver.memory.allocate(bytes);
    *pointer = address ? driver.memory.host(address) : nullptr;
    if (address)
      driver.mappedHostMemory[*pointer] = address;
  } else {
    *pointer = std::aligned_alloc(kPage, (bytes + kPage - 1) / kPage * kPage);
  }
  if (!*pointer)
    return CUDA_ERROR_OUT_OF_MEMORY;
  driver.hostMemory[*pointer] = bytes;
  driver.ownedHostMemory.insert(*pointer);
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuMemFreeHost(void *pointer) {
  DRIVER_CALL();
  if (!driver.ownedHostMemory.erase(pointer))
    return CUDA_ERROR_INVALID_VALUE;
  driver.hostMemory.erase(pointer);
  if (auto mapped = driver.mappedHostMemory.find(pointer); mapped != driver.mappedHostMemory.end()) {
    driver.memory.release(mapped->second);
    driver.mappedHostMemory.erase(mapped);
  } else {
    std::free(pointer);
  }
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *address, void *pointer, unsigned) {
  DRIVER_CALL();
  auto mapped = driver.mappedHostMemory.find(pointer);
  if (mapped == driver.mappedHostMemory.end())
    return CUDA_ERROR_INVALID_VALUE;
  *address = mapped->second;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuMemHostRegister_v2(void *pointer, size_t bytes, unsigned) {
  DRIVER_CALL();
  if (!bytes || !isHostRange(driver, pointer))
    return CUDA_ERROR_INVALID_VALUE;
  return driver.hostMemory.try_emplace(pointer, bytes).second ? CUDA_SUCCESS
                                                              : CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
}

CUDA_EXPORT CUresult cuMemHostUnregister(void *pointer) {
  DRIVER_CALL();
  if (driver.ownedHostMemory.contains(pointer) || !driver.hostMemory.erase(pointer))
    return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
  return CUDA_SUCCESS;
}

CUDA_EXPORT CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr address) {
  DRIVER_CALL();
  const Allocation *allocation = driver.memory.find(address);
  auto host = driver.hostMemory.upper_bound(reinterpret_cast<void *>(address));
  bool isPinned = host != driver.hostMemory.begin() &&
                  address - reinterpret_cast<uint64_t>(std::prev(host)->first) < std::prev(host)->second;
  if (!allocation && !isPinned)
    return CUDA_ERROR_INVALID_VALUE;
  switch (attribute) {
  case CU_POINTER_ATTRIBUTE_CONTEXT:
    *static_cast<CUcontext *>(data) = &driver.primaries.front();
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    *static_cast<unsigned *>(data) = allocation ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_HOST;
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    *static_cast<unsigned *>(data) = 0;
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
    *static_cast<int *>(data) = 0;
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
  case CU_POINTER_ATTRIBUTE_HOST_POINTER:
    // Registered memory is not mapped into the device's space.
    if ((attribute == CU_POINTER_ATTRIBUTE_DEVICE_POINTER) != (allocation != nullptr))
      return CUDA_ERROR_INVALID_VALUE;
    *static_cast<CUdeviceptr *>(data) = address;
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    *static_cast<CUdeviceptr *>(data) =
        allocation ? allocation->address : reinterpret_cast<uint64_t>(std::prev(host)->first);
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    *static_cast<size_t *>(data) = allocation ? allocation->bytes : std::prev(host)->second;
    return CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_VALUE;
}

CUDA_ALIAS(cuMemHostRegister, cuMemHostRegister_v2, void *, size_t, unsigned);
CUDA_ALIAS(cuMemHostGetDevicePointer, cuMemHostGetDevicePointer_v2, CUdeviceptr *, void *, unsigned);
