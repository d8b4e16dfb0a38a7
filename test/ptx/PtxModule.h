// The interpreter's interface: PTX text in, launches of its kernels over memory that is registered with it.
//
//   DeviceMemory memory;
//   PtxModule module(text, memory);
//   uint64_t x = memory.allocate(bytes);
//   module.launch("scale", {blocks}, {256}, 0, parameterBlock);
#pragma once
#include "test/ptx/machine/Grid.h"
#include "test/ptx/syntax/Lexer.h"
#include <deque>
#include <memory>
#include <span>

namespace quern::ptx {

struct Kernel {
  struct Param {
    uint64_t offset, bytes;
  };
  const Code *code = nullptr;
  std::vector<Param> params;
  uint64_t paramBytes = 0;
  uint32_t sharedBytes = 0; ///< static
  uint32_t localBytes = 0;  ///< of a thread, without called functions
};

class PtxModule {
public:
  /// Parses and decodes; allocates and fills the global variables. Throws SyntaxError, also for an instruction that is
  /// not supported. `memory` must outlive the module.
  PtxModule(std::string_view text, DeviceMemory &memory);
  ~PtxModule();
  PtxModule(const PtxModule &) = delete;

  const Kernel *kernel(const std::string &name) const;
  /// A .global or .const variable with its address and size; null if there is none.
  const Variable *global(const std::string &name) const;
  const Module &syntax() const { return module; }
  /// Instructions times lanes that a warp may run in a block before it is taken to be endless: some ten seconds.
  static constexpr uint64_t kMostInstructions = uint64_t(1) << 34;
  uint64_t mostInstructions = kMostInstructions;

  /// Runs a kernel to its end. `params` is its parameter block, laid out as `Kernel::params` says. Returns instructions
  /// times lanes. Throws KernelError for what the kernel does wrong, std::invalid_argument for a launch that can not
  /// be.
  uint64_t launch(const std::string &kernel, Dim3 grid, Dim3 block, uint32_t dynamicSharedBytes,
                  std::span<const uint8_t> params) const;

private:
  void allocateGlobals();
  void fillGlobals();

  DeviceMemory &memory;
  Module module;
  std::deque<Code> codes;
  std::map<std::string, Kernel> kernels;
};

} // namespace quern::ptx
