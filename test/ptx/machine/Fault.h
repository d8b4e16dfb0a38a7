// What a kernel did wrong.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

namespace quern::ptx {

enum class FaultKind : uint8_t {
  IllegalAddress, ///< out of bounds, uninitialised
  MisalignedAddress,
  Race,
  Barrier, ///< divergent
  Trap,
  Endless, ///< more instructions than a warp may run
  Instruction ///< an operand's value that the instruction does not allow
};

/// Thrown by instructions; `lane` is of the warp that runs, -1 when it is the warp as a whole.
struct Fault {
  FaultKind kind;
  std::string what;
  int lane = -1;
};

/// A fault with its place; what() is one line: "kernel softmax, line 12, block (1,0,0), thread (33,0,0): reason".
class KernelError : public std::runtime_error {
public:
  KernelError(FaultKind kind, const std::string &message) : std::runtime_error(message), kind(kind) {}
  const FaultKind kind;
};

std::string hex(uint64_t value);

} // namespace quern::ptx
