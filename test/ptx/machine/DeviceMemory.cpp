#include "test/ptx/machine/DeviceMemory.h"
#include "test/ptx/machine/Fault.h"
#include <cstring>
#include <new>
#include <sys/mman.h>

namespace quern::ptx {
namespace {

constexpr uint64_t kPage = 4096;

uint64_t roundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

uint64_t reserve(uint64_t bytes) {
  void *range = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED)
    throw std::bad_alloc();
  return reinterpret_cast<uint64_t>(range);
}

} // namespace

std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

DeviceMemory::DeviceMemory() : base(reserve(kReserved)), delta(reserve(kReserved) - base), next(base) {}

DeviceMemory::~DeviceMemory() {
  munmap(reinterpret_cast<void *>(base), kReserved);
  munmap(host(base), kReserved);
}

uint64_t DeviceMemory::allocate(uint64_t bytes) {
  if (bytes == 0 || bytes > totalBytes - usedBytes)
    return 0;
  // Whole pages, so that a release gives them back, and at least one page between two allocations.
  uint64_t reserved = roundUp(bytes, kPage) + kPage;
  if (next + reserved > base + kReserved)
    return 0;
  uint64_t address = next;
  if (mprotect(host(address), reserved - kPage, PROT_READ | PROT_WRITE) != 0)
    return 0;
  std::memset(host(address), 0xff, bytes);
  next += reserved;
  usedBytes += bytes;
  allocations[address] = {address, bytes};
  return address;
}

bool DeviceMemory::release(uint64_t address) {
  auto found = allocations.find(address);
  if (found == allocations.end())
    return false;
  uint64_t bytes = found->second.bytes;
  // Mapped anew: protecting alone would keep the pages.
  mmap(host(address), roundUp(bytes, kPage), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  usedBytes -= bytes;
  allocations.erase(found);
  return true;
}

void DeviceMemory::releaseAll() {
  while (!allocations.empty())
    release(allocations.begin()->first);
}

const Allocation *DeviceMemory::find(uint64_t address) const {
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin())
    return nullptr;
  const Allocation &candidate = std::prev(next)->second;
  return address - candidate.address < candidate.bytes ? &candidate : nullptr;
}

bool DeviceMemory::contains(uint64_t address, uint64_t bytes) const {
  const Allocation *allocation = find(address);
  return allocation && bytes <= allocation->bytes - (address - allocation->address);
}

} // namespace quern::ptx
