#include "codegen/link/Embedded.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/ErrorHandling.h"

using namespace llvm;

#define EMBEDDED(name) extern "C" const char name[], name##_end[]
EMBEDDED(quern_libc_x86_64);
EMBEDDED(quern_libcalls_x86_64);
EMBEDDED(quern_runtime_header);
#undef EMBEDDED

namespace quern {

StringRef libcStub(uint16_t elfMachine) {
  if (elfMachine == ELF::EM_X86_64)
    return StringRef(quern_libc_x86_64, quern_libc_x86_64_end - quern_libc_x86_64);
  report_fatal_error("a row of the table of targets has no stub of libc");
}

StringRef libcallsObject(uint16_t elfMachine) {
  if (elfMachine == ELF::EM_X86_64)
    return StringRef(quern_libcalls_x86_64, quern_libcalls_x86_64_end - quern_libcalls_x86_64);
  report_fatal_error("a row of the table of targets has no libcalls");
}

StringRef runtimeHeader() {
  return StringRef(quern_runtime_header, quern_runtime_header_end - quern_runtime_header);
}

} // namespace quern
