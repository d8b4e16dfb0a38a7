# quern_library(NAME SOURCES a.cpp b.cpp [LINK libs...] [DEPENDS targets...])
#   A static library of the compiler: no exceptions, warnings on, the shared precompiled header of MLIR's includes
#   (a pass file takes 0.8 s with it and 6 s without).
# quern_executable(NAME SOURCES ... LINK ...)
#   A tool: the libraries named plus MLIR, LLVM and lld. Either only the shared MLIR and LLVM are linked (a static MLIR*
#   library beside them would be a second copy of every TypeID and option), or, with QUERN_STATIC, only archives: then
#   the tool needs libc and nothing else, as in a wheel.

option(QUERN_STATIC "link tools that need no other library than libc" OFF)
if(QUERN_STATIC)
  # The archives themselves: the imported targets of a packaged LLVM name its shared library.
  file(GLOB quern_llvm_archives ${LLVM_LIBRARY_DIR}/libMLIR*.a ${LLVM_LIBRARY_DIR}/libLLVM*.a)
  list(FILTER quern_llvm_archives EXCLUDE REGEX "Test|CAPI|Runner|Lsp|PDLL")
  set(quern_llvm ${LLVM_LIBRARY_DIR}/liblldELF.a ${LLVM_LIBRARY_DIR}/liblldCommon.a ${quern_llvm_archives})
  foreach(name z zstd)
    find_library(quern_${name}_archive lib${name}.a REQUIRED)
    list(APPEND quern_llvm ${quern_${name}_archive})
  endforeach()
  set(quern_static_sources ${PROJECT_SOURCE_DIR}/codegen/link/NoPolly.cpp)
  set(quern_link_options -static-libstdc++ -static-libgcc -Wl,--gc-sections -Wl,--strip-all)
else()
  set(quern_llvm MLIR lldELF lldCommon LLVM)
  set(quern_static_sources)
  set(quern_link_options)
endif()

function(quern_compile_settings name)
  target_compile_options(${name} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers>)
  if(NOT LLVM_ENABLE_RTTI)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
  endif()
endfunction()

if(NOT TARGET quernPch)
  file(WRITE ${PROJECT_BINARY_DIR}/pch.cpp.tmp "// Carries the precompiled header that every library reuses.\n")
  configure_file(${PROJECT_BINARY_DIR}/pch.cpp.tmp ${PROJECT_BINARY_DIR}/pch.cpp COPYONLY)
  add_library(quernPch OBJECT ${PROJECT_BINARY_DIR}/pch.cpp)
  quern_compile_settings(quernPch)
  # Without the headers' times inside, a cached header fits every checkout.
  target_compile_options(quernPch PRIVATE "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
  target_precompile_headers(quernPch PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${PROJECT_SOURCE_DIR}/compiler/cmake/pch.h>)
endif()

function(quern_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  quern_compile_settings(${name})
  target_precompile_headers(${name} REUSE_FROM quernPch)
  target_link_libraries(${name} PUBLIC ${arg_LINK})
  if(arg_DEPENDS)
    add_dependencies(${name} ${arg_DEPENDS})
  endif()
endfunction()

function(quern_executable name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES} ${quern_static_sources})
  quern_compile_settings(${name})
  # CMake would say -fPIE, but the precompiled header has -fPIC.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM quernPch)
  target_link_options(${name} PRIVATE -fuse-ld=lld ${quern_link_options})
  target_link_libraries(${name} PRIVATE ${arg_LINK} ${quern_llvm})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  if(arg_DEPENDS)
    add_dependencies(${name} ${arg_DEPENDS})
  endif()
endfunction()
