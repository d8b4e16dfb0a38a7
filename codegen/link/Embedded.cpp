#include "codegen/link/Embedded.h"
#include "runtime/RuntimeImage.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/ErrorHandling.h"

using namespace llvm;

#define EMBEDDED(name) extern "C" const char name[], name##_end[]
EMBEDDED(quern_libc_x86_64);
EMBEDDED(quern_libcalls_x86_64);
EMBEDDED(quern_libc_aarch64);
EMBEDDED(quern_libcalls_aarch64);
EMBEDDED(quern_runtime_header);
#undef EMBEDDED

namespace quern {
namespace {

/// What is linked into every model of one machine.
struct Row {
  uint16_t elfMachine;
  StringRef libc, libcalls, runtime, text;
};

const Row &rowOf(uint16_t elfMachine) {
#define BYTES(name) StringRef(name, name##_end - name)
#define ROW(machine, arch)                                                                                             \
  {ELF::machine, BYTES(quern_libc_##arch), BYTES(quern_libcalls_##arch), BYTES(quern_runtime_##arch),                   \
   BYTES(quern_text_##arch)}
  static const Row rows[] = {ROW(EM_X86_64, x86_64), ROW(EM_AARCH64, aarch64)};
#undef ROW
#undef BYTES
  for (const Row &row : rows)
    if (row.elfMachine == elfMachine)
      return row;
  report_fatal_error("a row of the table of targets has nothing to be linked with");
}

} // namespace

StringRef libcStub(uint16_t elfMachine) {
  return rowOf(elfMachine).libc;
}
StringRef libcallsObject(uint16_t elfMachine) {
  return rowOf(elfMachine).libcalls;
}
StringRef runtimeObject(uint16_t elfMachine) {
  return rowOf(elfMachine).runtime;
}
StringRef textObject(uint16_t elfMachine) {
  return rowOf(elfMachine).text;
}

StringRef deviceDriverObject() {
  return StringRef(quern_cuda_x86_64, quern_cuda_x86_64_end - quern_cuda_x86_64);
}

StringRef runtimeHeader() {
  return StringRef(quern_runtime_header, quern_runtime_header_end - quern_runtime_header);
}

} // namespace quern
