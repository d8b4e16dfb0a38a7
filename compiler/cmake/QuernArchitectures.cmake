# The architectures that models are compiled for: what the build makes for each by clang, and the compiler carries.
#
# quern_architecture_flags(ARCH OUT)
#   clang's flags for code that travels in models: the control-flow protection of the kernels, which a library has only
#   if all its code has it; nothing of the compiler's own library; the C library's headers of that machine.

set(QUERN_ARCHITECTURES x86_64 aarch64)
set(QUERN_FLAGS_x86_64 -fcf-protection=full)
set(QUERN_FLAGS_aarch64 -mbranch-protection=standard -mno-outline-atomics)

function(quern_architecture_flags arch out)
  set(flags --target=${arch}-linux-gnu ${QUERN_FLAGS_${arch}})
  if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL arch)
    # Debian's place for the headers of another machine (libc6-dev-arm64-cross, libc6-dev-amd64-cross).
    string(TOUPPER QUERN_HEADERS_${arch} headers)
    set(${headers} /usr/${arch}-linux-gnu/include CACHE PATH "the C library's headers of ${arch}")
    list(APPEND flags -isystem ${${headers}})
  endif()
  set(${out} ${flags} PARENT_SCOPE)
endfunction()
