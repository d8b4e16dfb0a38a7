// What the rest of the compiler may know about a machine: widths and counts, never the name of an instruction set.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace quern {

/// One instruction-set level of an architecture. Kernels are compiled once per level; the runtime picks at load.
struct Level {
  llvm::StringLiteral name;     ///< "x86-64-v4", as users and the artifact's tables spell it
  llvm::StringLiteral suffix;   ///< "v4", the end of a kernel's symbol
  unsigned number;              ///< orders the levels of one architecture: 3, 4
  llvm::StringLiteral cpu;      ///< LLVM's name of the CPU
  llvm::StringLiteral features; ///< LLVM's features on top of the CPU's, "" for none
  unsigned vectorBytes;         ///< bytes of the widest vector register
  unsigned vectorRegisters;     ///< how many of them
  bool masks;                   ///< loads and stores of the widest vectors can be predicated at no cost
  bool pairsLoads;              ///< LLVM joins two loads of neighbouring scalars, far apart as their uses may be
  bool multipliesLanes;         ///< multiply-adds take a scalar from any lane of a vector
  llvm::StringLiteral needs;    ///< what a CPU must have, for people: "AVX2, FMA, F16C, BMI2"
};

struct Target;

/// An accelerator beside the processor, and what a block of threads may use there.
struct Device {
  const Target *code;       ///< the architecture of its kernels, which has one level
  unsigned warp;            ///< threads that run in step and can read each other's registers
  unsigned sharedBytes;     ///< memory that the threads of a block share
  unsigned sharedSpace;     ///< LLVM's number of its address space
  unsigned multiprocessors; ///< blocks that run at the same time without sharing a core, for estimates
};

/// What `--target` names: an architecture and the levels that go into the artifact.
struct Target {
  llvm::StringLiteral name;
  llvm::StringLiteral triple;
  llvm::ArrayRef<Level> levels; ///< best first, never empty
  uint16_t elfMachine;          ///< e_machine of its objects
  const Device *device = nullptr; ///< where kernels run that it has code for; null: all run on the processor

  /// Layouts in blocks of vectors suit the processor's kernels alone; a device reads tensors as they are.
  bool hasBlockedLayouts() const { return !device; }
  /// The processor's fast convolutions are of float32 alone; a device's matrix units take narrow floats as they are.
  bool widensConvolutions() const { return !device; }

  /// The level every machine of this target has: the host function is compiled for it.
  const Level &baseLevel() const { return levels.back(); }

  /// The level whose kernels `level` runs: itself, or the lowest one for which the emitters write the same loops. Equal
  /// kernels are in an artifact once.
  const Level &kernelLevel(const Level &level) const;
  /// The levels that have kernels of their own, best first.
  llvm::SmallVector<const Level *> kernelLevels() const;
};

/// All targets of all architectures by their own names; `native` is not among them.
llvm::ArrayRef<const Target *> allTargets();

/// What the command line says of targets: one, or a device's and a processor's in one artifact, "sm_80,x86-64".
struct TargetChoice {
  const Target *target;    ///< the device's where there are two
  const Target *processor; ///< for machines without the device; null: none
};

/// Error: Usage (an unknown name, or two that do not go together).
llvm::Expected<TargetChoice> lookupTargets(llvm::StringRef names);

/// The target that `name` (or "native": the best level that this machine runs) stands for. Static storage.
/// Error: Usage, with the nearest name.
llvm::Expected<const Target *> lookupTarget(llvm::StringRef name);

} // namespace quern
