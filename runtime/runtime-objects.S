// The runtime's objects as bytes, one for each target triple. The build adds the folder that holds them to the include
// path.
    .section .rodata
    .macro embed name, file
    .globl \name, \name\()_end
    .hidden \name
    .hidden \name\()_end
    .balign 16
\name:
    .incbin "\file"
\name\()_end:
    .endm
    embed quern_runtime_x86_64, "runtime-x86_64.o"
    embed quern_runtime_aarch64, "runtime-aarch64.o"
    embed quern_text_x86_64, "text-x86_64.o"
    embed quern_text_aarch64, "text-aarch64.o"
    embed quern_cuda_x86_64, "cuda-x86_64.o"
    .section .note.GNU-stack, "", @progbits
