// Which elements a thread takes together: neighbours in memory, loaded and stored as vectors of up to 16 bytes.
#pragma once
#include "dialects/graph/Graph.h"

namespace quern {

/// The largest element, in bytes, of the tensors that `value` reads one after another along `axis`: 0 where it reads
/// none that change along it, none where it reads in another order.
std::optional<int64_t> bytesAlong(mlir::Value value, int64_t axis);

/// How many neighbours along `axis` a thread takes of all these values, whose elements it computes: 1 where some are no
/// neighbours in memory, or where `extent`, the number along the axis, may be no multiple and must be.
int64_t neighboursAlong(llvm::ArrayRef<mlir::Value> values, int64_t axis, const Dim &extent, bool mayHaveTail);

} // namespace quern
