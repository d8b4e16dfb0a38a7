#pragma once
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace quern::kernel {

/// On a kernel.region, a unit: all of its ops work on rows apart (dialects/graph/RowLocal.h), and rows are so short
/// that each lane of a vector should have one of its own.
inline constexpr llvm::StringLiteral kRowLanesAttr = "row_lanes";

/// Rows that such a kernel turns into columns at a time, for all levels: two vectors of the widest. A task has whole
/// blocks of them, but the last.
inline constexpr int64_t kRowLanesBlock = 32;

} // namespace quern::kernel
