#include "test/ptx/machine/SharedMemory.h"
#include "test/ptx/machine/Fault.h"
#include <algorithm>

namespace quern::ptx {

void SharedMemory::reset(uint64_t size) {
  constexpr uint32_t kLastEpoch = (1u << (32 - kEpochShift)) - (1u << 20);
  if (bytes.size() != size || epoch > kLastEpoch) {
    bytes.assign(size, 0xff);
    writer.assign(size, 0);
    reader.assign(size, 0);
    epoch = 0;
  }
  nextEpoch();
  firstEpoch = epoch;
}

void SharedMemory::nextEpoch() {
  if (++epoch >> (32 - kEpochShift))
    throw Fault{FaultKind::Barrier, "more barriers in one block than can be told apart"};
  std::fill(std::begin(ordered), std::end(ordered), 0);
}

void SharedMemory::orderWarps(uint32_t warps) {
  for (unsigned warp = 0; warp < 32; ++warp)
    if (warps >> warp & 1)
      ordered[warp] |= warps;
}

bool SharedMemory::conflicts(uint32_t tag, unsigned warp) const {
  uint32_t other = tag & kWarp;
  return tag >> kEpochShift == epoch && other != warp && (other == kMany || !(ordered[warp] >> other & 1));
}

bool SharedMemory::touchAll(uint64_t at, uint64_t count, unsigned warp, Access access) {
  uint32_t *write = writer.data() + at, *read = reader.data() + at;
  uint32_t now = epoch, first = firstEpoch, mine = now << kEpochShift | warp, bad = 0;
  if (access == Access::Atomic)
    return false;
  bool isRead = access == Access::Read;
#pragma omp simd reduction(| : bad)
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t byAnother = (write[i] >> kEpochShift == now) & ((write[i] & kWarp) != warp);
    uint32_t readByAnother = (read[i] >> kEpochShift == now) & ((read[i] & kWarp) != warp);
    bad |= byAnother | (isRead ? write[i] >> kEpochShift < first : readByAnother);
  }
  if (bad)
    return false;
  if (!isRead) {
    std::fill_n(write, count, mine);
    return true;
  }
#pragma omp simd
  for (uint64_t i = 0; i < count; ++i)
    read[i] = read[i] >> kEpochShift == now && read[i] != mine ? mine | kMany : mine;
  return true;
}

void SharedMemory::touch(uint64_t at, unsigned count, unsigned warp, Access access, int lane) {
  uint32_t mine = epoch << kEpochShift | warp;
  for (uint64_t byte = at; byte < at + count; ++byte) {
    uint32_t &write = writer[byte], &read = reader[byte];
    if (conflicts(write, warp) && !(access == Access::Atomic && write & kAtomic))
      race(byte, warp, access, write, write & kAtomic ? Access::Atomic : Access::Write, lane);
    if (access != Access::Write && write >> kEpochShift < firstEpoch)
      uninitialised(byte, lane);
    if (access == Access::Read) {
      read = read >> kEpochShift == epoch && read != mine ? mine | kMany : mine;
    } else {
      if (conflicts(read, warp))
        race(byte, warp, access, read, Access::Read, lane);
      bool many = write >> kEpochShift == epoch && (write & kWarp) != warp;
      write = access == Access::Write ? mine : mine | kAtomic | (many ? kMany : 0);
    }
  }
}

void SharedMemory::uninitialised(uint64_t at, int lane) {
  throw Fault{FaultKind::IllegalAddress,
              "reads shared memory byte " + std::to_string(at) + ", which nobody has written", lane};
}

void SharedMemory::race(uint64_t at, unsigned warp, Access access, uint32_t other, Access otherAccess, int lane) const {
  static const char *const verbs[] = {"reads", "writes", "updates"};
  std::string byte = "shared memory byte " + std::to_string(at);
  uint32_t otherWarp = other & kWarp;
  std::string who = otherWarp == kMany ? "another warp" : "warp " + std::to_string(otherWarp);
  throw Fault{FaultKind::Race,
              "race: warp " + std::to_string(warp) + " " + verbs[static_cast<int>(access)] + " " + byte + ", which " +
                  who + " " + verbs[static_cast<int>(otherAccess)] + ", with no barrier between",
              lane};
}

} // namespace quern::ptx
