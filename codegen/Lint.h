// Reads machine code back and counts what its hot loops are made of: tests fail on a spill, a call or a scalar FMA
// there, and the counts travel in the artifact's manifest.
#pragma once
#include "codegen/Target.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace quern {

/// Contents of one innermost loop (the range of a backward branch that contains no other).
struct LoopCounts {
  unsigned instructions = 0;
  unsigned vector = 0;      ///< instructions that touch a full-width or half-width vector register
  unsigned fma = 0;         ///< vector multiply-adds and dot products
  unsigned scalarFma = 0;   ///< multiply-adds of one element
  unsigned stackLoads = 0;  ///< reloads, also when folded into another instruction's operand
  unsigned stackStores = 0; ///< spills
  unsigned calls = 0;
};

/// The order of heat: the most FMAs, then the most vector instructions, then the most instructions.
bool hotter(const LoopCounts &a, const LoopCounts &b);

struct FunctionCounts {
  std::string name;
  /// The hottest innermost loop. All zero: the function has no loop.
  LoopCounts hot;
  /// The stack pointer moves by an amount known only at run time (an alloca in a loop or of unknown size).
  bool dynamicStack = false;
};

/// Counts every function of a relocatable object, in the order of their addresses. Error: Internal, not an object.
llvm::Expected<std::vector<FunctionCounts>> countLoops(llvm::StringRef object, const Target &target,
                                                       const Level &level);

/// {"instructions": 61, "vector": 59, "fma": 28, ...}: how the manifest spells the counts.
llvm::json::Object toJson(const LoopCounts &counts);

} // namespace quern
