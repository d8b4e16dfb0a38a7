// Transposes a square of vectors in registers: lane j of row i becomes lane i of row j.
#pragma once
#include "passes/loops/IndexBuilder.h"

namespace quern {

/// As many rank-1 vectors as each has lanes, a power of two. Eklundh's method: log2(lanes) rounds, each of which
/// exchanges squares of half the size across the diagonal with one shuffle per row.
void transposeBlock(IndexBuilder builder, llvm::SmallVectorImpl<mlir::Value> &rows);

} // namespace quern
