// Cuts a range of rows into register tiles without ever computing a row twice or reading past the last one.
#pragma once
#include "passes/loops/IndexBuilder.h"

namespace quern {

/// How many rows there are to cut: between `least` and `most`, where those are known at compile time.
struct RowCount {
  std::optional<int64_t> least, most;
};

/// Calls `tile` for tiles of at most `rows` rows that cover [0, count). `tile` gets a size known at compile time and
/// the first row. Where the count is known, or known but for one, the tiles are as equal as can be, sizes r and r - 1,
/// and there is code for these two only. Otherwise there is code for every size, where those are few, and for whole
/// tiles and every size up to half of `rows`, where they are many: a size takes as long to compile as a kernel of known
/// extents.
void tileRows(IndexBuilder builder, Index count, RowCount known, int64_t rows,
              llvm::function_ref<void(int64_t size, Index first)> tile);

/// Parts of a range that are as equal as can be: part i of `parts` of [0, extent) is [i*extent/parts,
/// (i+1)*extent/parts).
struct Part {
  Index first, count;
  RowCount known;
};
Part part(IndexBuilder builder, Index which, Index parts, Index extent);

/// Calls `group` for groups of `wide` blocks of a part and then for what is left of it: one smaller group where its
/// size is known at compile time, else one by one. `first` counts from the part's own first block.
void tileBlocks(IndexBuilder builder, const Part &blocks, int64_t wide,
                llvm::function_ref<void(Index first, int64_t count)> group);

} // namespace quern
