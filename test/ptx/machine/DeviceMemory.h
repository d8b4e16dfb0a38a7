// The device's global memory: allocations in an address range of its own.
//
// Two ranges of equal size are reserved: device addresses lie in one that the host may not touch, so host code which
// dereferences a device pointer crashes; the bytes lie in the other, at a constant distance.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>

namespace quern::ptx {

struct Allocation {
  uint64_t address; ///< multiple of 256
  uint64_t bytes;
};

class DeviceMemory {
public:
  DeviceMemory();
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;

  uint64_t totalBytes = uint64_t(16) << 30; ///< what the device claims to have

  /// A device address, or 0 when the memory is exhausted. The bytes are all ones: NaN in every float type, so what is
  /// used before it is written shows. There is unregistered space after every allocation.
  uint64_t allocate(uint64_t bytes);
  /// False when `address` is not the start of an allocation. It is never handed out again.
  bool release(uint64_t address);

  void releaseAll();

  /// The allocation that `address` lies in, or null.
  const Allocation *find(uint64_t address) const;
  bool contains(uint64_t address, uint64_t bytes) const;
  bool isDeviceAddress(uint64_t address) const { return address - base < kReserved; }
  /// Where the bytes of a device address lie on the host.
  uint8_t *host(uint64_t address) const { return reinterpret_cast<uint8_t *>(address + delta); }
  uint64_t used() const { return usedBytes; }

private:
  static constexpr uint64_t kReserved = uint64_t(1) << 40;

  uint64_t base = 0;  ///< of the device addresses
  uint64_t delta = 0; ///< host address - device address, wrapping
  uint64_t next = 0;
  uint64_t usedBytes = 0;
  std::map<uint64_t, Allocation> allocations; ///< by address
};

} // namespace quern::ptx
