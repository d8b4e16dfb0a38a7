#include "codegen/Backend.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;

namespace quern {
namespace {

void initialize() {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
}

// The code is text, which the driver compiles for its device: here are no instructions to count and nothing to probe.
MultiplyAdd classify(StringRef) { return MultiplyAdd::None; }
bool runs(const Level &) { return false; }
void multiplyAdd(const Level &, int64_t) {}
void read(const Level &, const char *, const char *) {}

} // namespace

// The targets with a device are those of the processor that is beside it.
const Backend nvptxBackend = {ELF::EM_CUDA,
                              /*targets=*/{},
                              /*tiles=*/{},
                              {runs, multiplyAdd, read},
                              initialize,
                              classify,
                              /*vectorRegisters=*/{},
                              /*stackPointer=*/"",
                              /*framePointer=*/"",
                              /*farData=*/false,
                              /*moduleFlags=*/{},
                              /*functionAttributes=*/{},
                              /*linkArguments=*/{}};

} // namespace quern
