// A block's shared memory, which knows who touched each byte since the last barrier.
//
// Every byte carries the warp that wrote it last and the warps that read it, each with the barrier epoch they did it
// in. Two warps of one epoch race when one of them writes. A barrier of the whole block starts a new epoch; a barrier
// of some warps orders only those: see `orderWarps`.
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
  /// As touch, for many bytes at once. False: there may be something to report, and `touch` must look at each access.
  bool touchAll(uint64_t at, uint64_t count, unsigned warp, Access access);

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

} // namespace quern::ptx
