# find_package(Quern) for programs that use compiled models.
#
#   quern_add_model(TARGET model.onnx [FOR x86-64] [SHAPES x=1x3x224x224 ...])
#
# compiles model.onnx at build time into libTARGET.so and TARGET.h, and makes TARGET a library to link with:
# `#include "TARGET.h"` and target_link_libraries(program PRIVATE TARGET) are all that a program needs.
find_program(QUERN_EXECUTABLE quern HINTS ${CMAKE_CURRENT_LIST_DIR}/../../../bin ${CMAKE_CURRENT_LIST_DIR}/../../build/bin)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Quern REQUIRED_VARS QUERN_EXECUTABLE)

function(quern_add_model target model)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "FOR" "SHAPES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "quern_add_model: unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_FOR)
    set(arg_FOR x86-64)
  endif()
  list(TRANSFORM arg_SHAPES PREPEND "--shape=")
  get_filename_component(model ${model} ABSOLUTE)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}.quern)
  file(MAKE_DIRECTORY ${folder})
  # The header is written beside the library, under its name.
  add_custom_command(OUTPUT ${folder}/${target}.so ${folder}/${target}.h
    COMMAND ${QUERN_EXECUTABLE} compile ${model} -o ${folder}/${target}.so --name=${target} --target=${arg_FOR} --quiet ${arg_SHAPES}
    DEPENDS ${model} ${QUERN_EXECUTABLE} COMMENT "Compiling ${target} with Quern" VERBATIM)
  add_custom_target(${target}-compiled DEPENDS ${folder}/${target}.so)
  add_library(${target} SHARED IMPORTED)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${folder}/${target}.so
                                             INTERFACE_INCLUDE_DIRECTORIES ${folder})
  add_dependencies(${target} ${target}-compiled)
endfunction()
