#pragma once
#include "llvm/ADT/StringRef.h"

namespace quern::kernel {

/// On a kernel.region, a unit: all of its ops work on rows apart (dialects/graph/RowLocal.h), and rows are so short that
/// each lane of a vector should have one of its own.
inline constexpr llvm::StringLiteral kRowLanesAttr = "row_lanes";

} // namespace quern::kernel
