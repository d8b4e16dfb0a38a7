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

void SharedMemory::uninitialised(uint64_t at, int lane) {
  throw Fault{FaultKind::IllegalAddress, "reads shared memory byte " + std::to_string(at) + ", which nobody has written",
              lane};
}

void SharedMemory::race(uint64_t at, unsigned warp, Access access, uint32_t other, Access otherAccess, int lane) const {
  static const char *const verbs[] = {"reads", "writes", "updates"};
  std::string byte = "shared memory byte " + std::to_string(at);
  uint32_t otherWarp = other & kWarp;
  std::string who = otherWarp == kMany ? "another warp" : "warp " + std::to_string(otherWarp);
  throw Fault{FaultKind::Race,
              "race: warp " + std::to_string(warp) + " " + verbs[static_cast<int>(access)] + " " + byte + ", which " + who +
                  " " + verbs[static_cast<int>(otherAccess)] + ", with no barrier between",
              lane};
}

} // namespace quern::ptx
