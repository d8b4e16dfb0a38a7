// What one architecture gives to the shared code of this folder: a row per architecture, filled in its own folder.
#pragma once
#include "codegen/Schedules.h"
#include "codegen/Target.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace quern {

/// What an instruction does for a product, as far as the lint cares.
enum class MultiplyAdd { None, Vector, Scalar };

/// A line of the architecture's Schedules.inc.
struct TileRow {
  llvm::StringLiteral level;
  TileChoice tile;
};

/// Code that runs on the machine of the compiler itself, where that is of this architecture.
struct Probes {
  /// Independent multiply-adds of whole vectors in one round of `multiplyAdd`.
  static constexpr int64_t kChains = 10;
  /// Bytes that `read` takes at a time.
  static constexpr int64_t kReadStep = 512;

  /// Whether the CPU and the operating system of this machine run code of `level`.
  bool (*runs)(const Level &level);
  /// Rounds of kChains multiply-adds of float32 in registers. The level runs here.
  void (*multiplyAdd)(const Level &level, int64_t rounds);
  /// Reads [at, end), a multiple of kReadStep, and forgets it. The level runs here.
  void (*read)(const Level &level, const char *at, const char *end);
};

struct Backend {
  uint16_t elfMachine;
  llvm::ArrayRef<Target> targets;
  llvm::ArrayRef<TileRow> tiles; ///< a level without lines has those of the next lower one
  Probes probes;
  /// Enters LLVM's code generator, assembler and disassembler into its lists; called once, before threads read them.
  void (*initialize)();
  /// `opcode` is LLVM's name of the instruction, such as "VADDPSZrr".
  MultiplyAdd (*classify)(llvm::StringRef opcode);
  llvm::ArrayRef<llvm::StringLiteral> vectorRegisters; ///< how the names of vector registers begin
  llvm::StringLiteral stackPointer, framePointer;      ///< LLVM's names of the registers
  /// The code model can address a variable more than 2 GB away from the code. Else such variables are addressed through
  /// the global offset table.
  bool farData;
  /// Control-flow protection: LLVM's module flags and attributes of every function for the code, lld's arguments for
  /// the file that says so.
  llvm::ArrayRef<llvm::StringLiteral> moduleFlags;
  llvm::ArrayRef<std::pair<llvm::StringLiteral, llvm::StringLiteral>> functionAttributes;
  llvm::ArrayRef<llvm::StringLiteral> linkArguments;
  llvm::ArrayRef<DotForm> dots = {}; ///< of the levels of the first target; empty: no kernel uses such instructions
};

/// One row per architecture.
llvm::ArrayRef<const Backend *> allBackends();

/// The row of the target's architecture, initialized.
const Backend &backendOf(const Target &target);

/// The row of the level's architecture.
const Backend &backendOf(const Level &level);

extern const Backend x86Backend;     // codegen/x86/Backend.cpp
extern const Backend aarch64Backend; // codegen/aarch64/Backend.cpp

/// Kernels of NVIDIA's devices: codegen/nvptx/Backend.cpp.
extern const Backend nvptxBackend;

} // namespace quern
