/* A driver's libcuda.so.1 with the `ptxCount` of the interpreter's (test/ptx/driver): functions that count their calls and
 * go on in the driver's own library, whose path is DRIVER. x86-64. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct function {
  uint64_t calls;
  void *address;
};

/* Some symbols are there twice, under two names. A jump leaves the arguments where they are, whatever they are. */
#define ENTRY_POINT(name, symbol)                                                                                      \
  __attribute__((visibility("hidden"))) struct function function_##symbol;                                             \
  __asm__(".ifndef " #symbol "\n.globl " #symbol "\n.type " #symbol ", @function\n" #symbol ":\n"                      \
          "lock incq function_" #symbol "(%rip)\njmp *function_" #symbol "+8(%rip)\n.endif\n");
#include "test/ptx/driver/EntryPoints.inc"

__attribute__((constructor)) static void find_functions(void) {
  void *library = dlopen(DRIVER, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "counted_driver: %s\n", dlerror());
    exit(1);
  }
#define ENTRY_POINT(name, symbol) function_##symbol.address = dlsym(library, #symbol);
#include "test/ptx/driver/EntryPoints.inc"
}

/* Kernels of graphs are not counted; the rest is as the interpreter counts. */
uint64_t ptxCount(const char *what) {
  const struct {
    const char *name;
    uint64_t count;
  } counts[] = {{"kernel", function_cuLaunchKernel.calls},
                {"graph", function_cuGraphLaunch.calls},
                {"graph update", function_cuGraphExecUpdate_v2.calls},
                {"graph held", function_cuGraphInstantiateWithFlags.calls - function_cuGraphExecDestroy.calls}};
  for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); ++i)
    if (!strcmp(what, counts[i].name))
      return counts[i].count;
  return 0;
}
