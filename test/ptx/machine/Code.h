// A function's instructions, ready to run: every operand is a row of the warp's register file.
//
// A row holds one register of all 32 lanes: 32 values side by side, or, for a predicate, one word of 32 bits.
// Constants, addresses of variables and special registers are rows too, filled in before the function starts.
#pragma once
#include "test/ptx/syntax/Syntax.h"
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace quern::ptx {

inline constexpr unsigned kLanes = 32;
using Mask = uint32_t; ///< a bit for each lane
inline unsigned laneCount(Mask lanes) {
  return __builtin_popcount(lanes);
}

struct Warp;
struct Op;
/// Runs an instruction for the lanes of `mask`, which is never empty.
using Handler = void (*)(Warp &, const Op &, Mask mask);

struct Op {
  Handler run = nullptr;
  std::array<uint32_t, 16> rows = {}; ///< offsets in the register file: results first, then sources
  int64_t immediate = 0;              ///< address offset, branch target, ... as the instruction likes it
  uint32_t guard = 0;
  bool isGuarded = false, isGuardNegated = false;
  bool isNarrowAddress = false; ///< the address row has 32-bit elements
  Space space = Space::Generic;
  uint8_t count = 1; ///< elements of a vector
  uint8_t bytes = 0; ///< of a memory element
  uint8_t variant = 0;
  uint32_t line = 0;
};

/// What a special row is filled with.
enum class Special : uint8_t {
#define SPECIAL_REGISTER(id, name, value) id,
#include "test/ptx/decode/SpecialRegisters.inc"
  LocalAddress ///< the frame's place in local memory, plus an addend
};

struct SpecialRow {
  uint32_t row;
  Special special;
  uint64_t addend = 0;
};

struct ConstantRow {
  uint32_t row;
  uint8_t bytes; ///< of one lane's value; 0 for a predicate
  uint64_t value;
};

struct Code;

struct CallSite {
  const Code *callee;
  struct Copy {
    uint64_t from, to; ///< offsets in the caller's and the callee's frame
    uint64_t bytes;
  };
  std::vector<Copy> arguments, results; ///< of results, `from` is the callee's
};

struct Code {
  std::string name;
  bool isEntry = false;
  std::vector<Op> ops; ///< ends with an exit, so that no path runs off it
  uint32_t registerBytes = 0;
  std::vector<ConstantRow> constants;
  std::vector<SpecialRow> specials;
  std::vector<CallSite> calls;
  std::vector<std::vector<uint32_t>> branchTables;
  uint64_t paramBytes = 0, frameBytes = 0;
  unsigned maxThreads = 0;
  bool hasGlobalAtomics = false;
};

} // namespace quern::ptx
