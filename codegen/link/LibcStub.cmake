# cmake -DMAP=libc-ARCH.map -DOUT=stub.S -P LibcStub.cmake: an assembly file that defines every symbol of the map, as a
# function of no instructions. Nothing ever runs it; the linker wants names and versions.
file(READ ${MAP} text)
string(REGEX REPLACE "#[^\n]*" "" text "${text}")
string(REGEX REPLACE "GLIBC_[0-9.]+|global:" "" text "${text}")
string(REGEX MATCHALL "[A-Za-z_][A-Za-z_0-9]*" names "${text}")
set(assembly ".text\n")
foreach(name IN LISTS names)
  string(APPEND assembly ".globl ${name}\n.type ${name}, @function\n${name}:\n")
endforeach()
string(APPEND assembly ".section .note.GNU-stack, \"\", @progbits\n")
file(WRITE ${OUT} "${assembly}")
