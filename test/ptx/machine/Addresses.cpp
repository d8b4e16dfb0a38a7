#include "test/ptx/machine/Addresses.h"
#include "test/ptx/machine/Block.h"
#include "test/ptx/machine/Lanes.h"
#include <algorithm>

namespace quern::ptx {
namespace {

[[noreturn]] void outOfBounds(const char *space, uint64_t address, unsigned bytes, uint64_t size, unsigned lane) {
  throw Fault{FaultKind::IllegalAddress,
              std::string("access of ") + std::to_string(bytes) + " bytes at " + std::to_string(address) + " in " +
                  std::to_string(size) + " bytes of " + space,
              static_cast<int>(lane)};
}

[[noreturn]] void misaligned(uint64_t address, unsigned bytes, unsigned lane) {
  throw Fault{FaultKind::MisalignedAddress,
              "misaligned access of " + std::to_string(bytes) + " bytes at " + hex(address), static_cast<int>(lane)};
}

inline void checkAlignment(uint64_t address, unsigned bytes, unsigned lane) {
  if (address & (bytes - 1))
    misaligned(address, bytes, lane);
}

uint8_t *resolveLocal(Warp &warp, uint64_t address, unsigned bytes, unsigned lane) {
  checkAlignment(address, bytes, lane);
  uint64_t size = warp.frame + warp.code->frameBytes;
  if (address > size || bytes > size - address)
    outOfBounds("local memory", address, bytes, size, lane);
  return warp.local(lane) + address;
}

uint8_t *resolveParam(Warp &warp, uint64_t address, unsigned bytes, unsigned lane) {
  checkAlignment(address, bytes, lane);
  std::span<const uint8_t> params = warp.block.grid.params;
  if (address > params.size() || bytes > params.size() - address)
    outOfBounds("parameters", address, bytes, params.size(), lane);
  return const_cast<uint8_t *>(params.data()) + address; // stores to it are refused when decoded
}

uint8_t *resolveGeneric(Warp &warp, uint64_t address, unsigned bytes, Access access, unsigned lane) {
  if (isInWindow(address, kSharedWindow))
    return resolveShared(warp, address - kSharedWindow, bytes, access, lane);
  if (isInWindow(address, kLocalWindow))
    return resolveLocal(warp, address - kLocalWindow, bytes, lane);
  if (isInWindow(address, kParamWindow))
    return resolveParam(warp, address - kParamWindow, bytes, lane);
  return resolveGlobal(warp, address, bytes, bytes, lane);
}

/// All lanes at once, when they lie in the allocation that this instruction found last.
bool resolveRecent(Warp &warp, const uint64_t *base, int64_t offset, Mask mask, unsigned bytes, Pointers &pointers) {
  const Allocation *recent =
      warp.block.recentAllocations[std::min<size_t>(warp.pc, warp.block.recentAllocations.size() - 1)];
  if (!recent)
    return false;
  uint64_t start = recent->address - offset, room = recent->bytes - bytes;
  uint64_t delta = reinterpret_cast<uint64_t>(warp.block.grid.memory.host(offset));
  if (recent->bytes < bytes)
    return false;
  uint64_t bad = 0;
#pragma omp simd reduction(| : bad)
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    uint64_t address = base[lane];
    uint64_t isBad = (address - start > room) | (((address + offset) & (bytes - 1)) != 0);
    bad |= isBad & (mask >> lane & 1);
    pointers.of[lane] = reinterpret_cast<uint8_t *>(address + delta);
  }
  return !bad;
}

/// All lanes at once, when nothing is wrong with any of them.
bool resolveSharedLanes(Warp &warp, const uint64_t *base, int64_t offset, Mask mask, unsigned bytes, Access access,
                        Pointers &pointers) {
  SharedMemory &shared = warp.block.shared;
  if (shared.size() < bytes)
    return false;
  uint32_t at[kLanes], last = static_cast<uint32_t>(shared.size() - bytes), bad = 0;
#pragma omp simd reduction(| : bad)
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    // Addresses of shared memory are 32 bits wide; negative offsets wrap.
    at[lane] = static_cast<uint32_t>(base[lane] + offset);
    uint32_t isBad = (at[lane] > last) | ((at[lane] & (bytes - 1)) != 0);
    bad |= isBad & (mask >> lane & 1);
    pointers.of[lane] = shared.data() + at[lane];
  }
  if (bad)
    return false;
  // Neighbours mostly touch the same or the next bytes: take whole stretches.
  unsigned first = __builtin_ctz(mask);
  uint32_t start = at[first], end = start + bytes;
  for (unsigned lane = first + 1; lane < kLanes; ++lane) {
    if (!(mask >> lane & 1) || at[lane] + bytes == end)
      continue;
    if (at[lane] != end) {
      if (!shared.touchAll(start, end - start, warp.index, access))
        return false;
      start = at[lane];
    }
    end = at[lane] + bytes;
  }
  return shared.touchAll(start, end - start, warp.index, access);
}

} // namespace

uint8_t *resolveShared(Warp &warp, uint64_t address, unsigned bytes, Access access, unsigned lane) {
  checkAlignment(address, bytes, lane);
  SharedMemory &shared = warp.block.shared;
  if (address > shared.size() || bytes > shared.size() - address)
    outOfBounds("shared memory", address, bytes, shared.size(), lane);
  shared.touch(address, bytes, warp.index, access, lane);
  return shared.data() + address;
}

uint8_t *resolveGlobal(Warp &warp, uint64_t address, unsigned bytes, unsigned alignment, unsigned lane) {
  checkAlignment(address, alignment, lane);
  const DeviceMemory &memory = warp.block.grid.memory;
  if (memory.contains(address, bytes))
    return memory.host(address);
  std::string nearest = "no allocation is near";
  const Allocation *before = nullptr;
  for (uint64_t back = 0; !before && back <= 1 << 20; back = back * 2 + 1)
    before = memory.find(address - back);
  if (before)
    nearest = "an allocation of " + std::to_string(before->bytes) + " bytes starts " +
              std::to_string(address - before->address) + " bytes before";
  throw Fault{FaultKind::IllegalAddress,
              "out-of-bounds access of " + std::to_string(bytes) + " bytes at global address " + hex(address) + ": " +
                  nearest,
              static_cast<int>(lane)};
}

void resolve(Warp &warp, const Op &op, unsigned addressRow, Mask mask, unsigned bytes, Access access,
             Pointers &pointers) {
  const uint64_t *base = warp.row<uint64_t>(op.rows[addressRow]);
  uint64_t widened[kLanes];
  if (op.isNarrowAddress) {
    std::copy_n(warp.row<uint32_t>(op.rows[addressRow]), kLanes, widened);
    base = widened;
  }
  bool mayBeGlobal = op.space == Space::Global || op.space == Space::Const || op.space == Space::Generic;
  if (mayBeGlobal && resolveRecent(warp, base, op.immediate, mask, bytes, pointers))
    return;
  if (op.space == Space::Shared && resolveSharedLanes(warp, base, op.immediate, mask, bytes, access, pointers))
    return;
  forEachLane(mask, [&](unsigned lane) {
    uint64_t address = base[lane] + op.immediate;
    switch (op.space) {
    case Space::Shared:
      pointers.of[lane] = resolveShared(warp, static_cast<uint32_t>(address), bytes, access, lane);
      break;
    case Space::Local:
      pointers.of[lane] = resolveLocal(warp, static_cast<uint32_t>(address), bytes, lane);
      break;
    case Space::Param:
      pointers.of[lane] = resolveParam(warp, address, bytes, lane);
      break;
    case Space::Generic:
      pointers.of[lane] = resolveGeneric(warp, address, bytes, access, lane);
      break;
    case Space::Global:
    case Space::Const:
      pointers.of[lane] = resolveGlobal(warp, address, bytes, bytes, lane);
      break;
    }
  });
  if (mayBeGlobal && warp.pc < warp.block.recentAllocations.size())
    warp.block.recentAllocations[warp.pc] = warp.block.grid.memory.find(base[__builtin_ctz(mask)] + op.immediate);
}

} // namespace quern::ptx
