// Files that the compiler carries, as bytes between two symbols. The build adds their folders to the include path.
    .section .rodata
    .macro embed name, file
    .globl \name, \name\()_end
    .balign 16
\name:
    .incbin "\file"
\name\()_end:
    .endm
    embed quern_libc_x86_64, "libc-x86_64.so"
    embed quern_libcalls_x86_64, "libcalls-x86_64.o"
    embed quern_libc_aarch64, "libc-aarch64.so"
    embed quern_libcalls_aarch64, "libcalls-aarch64.o"
    embed quern_runtime_header, "quern/runtime.h"
    .section .note.GNU-stack, "", @progbits
