// Runs a kernel of one register tile on operands from files: run_tile A B SUMS BYTES_OF_SUMS. TILE is its symbol.
#include "quern/runtime.h"
#include <stdio.h>
#include <stdlib.h>

extern int32_t TILE(const quern_launch *launch);

static void *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END))
    exit(2);
  long size = ftell(file);
  void *data = malloc(size);
  rewind(file);
  if (!data || fread(data, 1, size, file) != (size_t)size)
    exit(2);
  fclose(file);
  return data;
}

int main(int argc, char **argv) {
  if (argc != 5)
    return 2;
  size_t bytes = strtoul(argv[4], NULL, 10);
  void *sums = malloc(bytes);
  if (!sums)
    return 2;
  // The third argument stands for what the result is made from; the tile alone writes the fourth.
  const void *buffers[] = {read_file(argv[1]), read_file(argv[2]), sums, sums};
  quern_launch launch = {buffers, NULL, 0, 1, NULL};
  if (TILE(&launch) != 0)
    return 1;
  FILE *out = fopen(argv[3], "wb");
  return !out || fwrite(sums, 1, bytes, out) != bytes || fclose(out) ? 2 : 0;
}
