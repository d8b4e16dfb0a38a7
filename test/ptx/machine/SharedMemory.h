// A block's shared memory, which knows who touched each byte since the last barrier.
//
// Every byte carries the warp that wrote it last and the warps that read it, each with the barrier epoch they did it in.
// Two warps of one epoch race when one of them writes. A barrier of the whole block starts a new epoch; a barrier of some
// warps orders only those: see `orderWarps`.
#pragma once
#include <cstdint>
#include <vector>

namespace quern::ptx {

enum class Access : uint8_t { Read, Write, Atomic };

class SharedMemory {
public:
  /// Gives a new block `bytes` of memory, none of it initialised.
  void reset(uint64_t bytes);
  uint64_t size() const { return bytes.size(); }
  uint8_t *data() { return bytes.data(); }

  void nextEpoch();
  /// The warps of a set bit have met at a barrier of their own: until the next epoch, what one of them has touched is
  /// known to the others. (Also what it touches afterwards: such a barrier forgives more than it should.)
  void orderWarps(uint32_t warps);

  /// Records that a warp touches [at, at + count), which must be inside; throws Fault at a race or, when it reads, at a
  /// byte that nobody has written.
  void touch(uint64_t at, unsigned count, unsigned warp, Access access, int lane);

private:
  // epoch << 8 | flag << 7 | warp
  static constexpr uint32_t kAtomic = 0x80, kMany = 0x7f, kWarp = 0x7f, kEpochShift = 8;

  [[noreturn]] void race(uint64_t at, unsigned warp, Access access, uint32_t other, Access otherAccess, int lane) const;
  [[noreturn]] static void uninitialised(uint64_t at, int lane);
  bool conflicts(uint32_t tag, unsigned warp) const;

  std::vector<uint8_t> bytes;
  std::vector<uint32_t> writer, reader; ///< of each byte
  uint32_t epoch = 0, firstEpoch = 1;   ///< firstEpoch: of this block
  uint32_t ordered[64] = {};            ///< by warp: those it has met since the epoch began
};

inline bool SharedMemory::conflicts(uint32_t tag, unsigned warp) const {
  uint32_t other = tag & kWarp;
  return tag >> kEpochShift == epoch && other != warp && (other == kMany || !(ordered[warp] >> other & 1));
}

inline void SharedMemory::touch(uint64_t at, unsigned count, unsigned warp, Access access, int lane) {
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

} // namespace quern::ptx
