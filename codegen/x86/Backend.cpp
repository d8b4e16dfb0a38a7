#include "codegen/Backend.h"
#include "codegen/nvptx/Devices.h"
#include "codegen/x86/Probes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;

namespace quern {
namespace {

constexpr Level levels[] = {
#define LEVEL(variable, ...) {__VA_ARGS__},
#include "codegen/x86/Levels.inc"
};
enum LevelIndex {
#define LEVEL(variable, ...) variable,
#include "codegen/x86/Levels.inc"
};
const Target targets[] = {
#define TARGET(name, triple, first, count, machine)                                                                    \
  {name, triple, ArrayRef<Level>(levels).slice(first, count), machine},
#include "codegen/x86/Levels.inc"
#define DEVICE(variable, name, ...) {name, "x86_64-linux-gnu", levels, ELF::EM_X86_64, &variable},
#include "codegen/nvptx/Devices.inc"
};

constexpr TileRow tiles[] = {
#define TILE(level, rows, vectors, unroll) {level, {rows, vectors, unroll}},
#include "codegen/x86/Schedules.inc"
};

void initialize() {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  LLVMInitializeX86Disassembler();
}

MultiplyAdd classify(StringRef opcode) {
  static constexpr StringLiteral prefixes[] = {
#define MULTIPLY_ADD(prefix) prefix,
#include "codegen/x86/Instructions.inc"
  };
  for (StringRef prefix : prefixes) {
    if (!opcode.starts_with(prefix))
      continue;
    StringRef rest = opcode.drop_front(prefix.size());
    // "VFMADD231SSr": the order of the operands, then the element; dot products have no digits there.
    StringRef element = rest.drop_while(isDigit);
    bool scalar = element.size() < rest.size() && element.starts_with("S");
    return scalar ? MultiplyAdd::Scalar : MultiplyAdd::Vector;
  }
  return MultiplyAdd::None;
}

constexpr StringLiteral vectorRegisters[] = {"ZMM", "YMM"};
constexpr StringLiteral moduleFlags[] = {"cf-protection-branch", "cf-protection-return"};
// Forced: the weights and the stub of libc have no code, so they do not say that their code is protected.
constexpr StringLiteral linkArguments[] = {"-z", "force-ibt", "-z", "shstk"};

} // namespace

const Backend x86Backend = {ELF::EM_X86_64,   targets,     tiles,
                            x86Probes,        initialize,  classify,
                            vectorRegisters,  "RSP",       "RBP",
                            /*farData=*/true, moduleFlags, /*functionAttributes=*/{},
                            linkArguments};

} // namespace quern
