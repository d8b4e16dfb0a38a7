#include "codegen/Backend.h"
#include "codegen/aarch64/Probes.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;

namespace quern {
namespace {

constexpr Level levels[] = {
#define LEVEL(variable, ...) {__VA_ARGS__},
#include "codegen/aarch64/Levels.inc"
};
enum LevelIndex {
#define LEVEL(variable, ...) variable,
#include "codegen/aarch64/Levels.inc"
};
const Target targets[] = {
#define TARGET(name, triple, first, count, machine)                                                                    \
  {name, triple, ArrayRef<Level>(levels).slice(first, count), machine},
#include "codegen/aarch64/Levels.inc"
};

constexpr TileRow tiles[] = {
#define TILE(level, rows, vectors, unroll) {level, {rows, vectors, unroll}},
#include "codegen/aarch64/Schedules.inc"
};

constexpr DotForm dots[] = {
#define DOT(level, name, a, b, intrinsic, rows, depth, tileRows, tileVectors, unroll)                                  \
  {level, name, intrinsic, DotElement::a, DotElement::b, rows, depth, {tileRows, tileVectors, unroll}},
#include "codegen/aarch64/Intrinsics.inc"
};

void initialize() {
  LLVMInitializeAArch64TargetInfo();
  LLVMInitializeAArch64Target();
  LLVMInitializeAArch64TargetMC();
  LLVMInitializeAArch64AsmPrinter();
  LLVMInitializeAArch64Disassembler();
}

MultiplyAdd classify(StringRef opcode) {
  struct Row {
    StringLiteral prefix;
    MultiplyAdd kind;
  };
  static constexpr Row rows[] = {
#define MULTIPLY_ADD(prefix, kind) {prefix, MultiplyAdd::kind},
#include "codegen/aarch64/Instructions.inc"
  };
  for (const Row &row : rows)
    if (opcode.starts_with(row.prefix))
      return row.kind;
  return MultiplyAdd::None;
}

constexpr StringLiteral vectorRegisters[] = {"Q"};
constexpr StringLiteral moduleFlags[] = {"branch-target-enforcement", "sign-return-address"};
constexpr std::pair<StringLiteral, StringLiteral> functionAttributes[] = {
    {"branch-target-enforcement", "true"}, {"sign-return-address", "non-leaf"}, {"sign-return-address-key", "a_key"}};
// Forced: the weights and the stub of libc have no code, so they do not say that their code is protected.
constexpr StringLiteral linkArguments[] = {"-z", "force-bti"};

} // namespace

const Backend aarch64Backend = {ELF::EM_AARCH64,   targets,     tiles,
                                aarch64Probes,     initialize,  classify,
                                vectorRegisters,   "SP",        "FP",
                                /*farData=*/false, moduleFlags, functionAttributes,
                                linkArguments,     dots};

} // namespace quern
