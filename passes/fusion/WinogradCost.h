// When Winograd's algorithm pays for a convolution, and with which tile.
#pragma once
#include "dialects/graph/Graph.h"

namespace quern {

/// The side of the output tile with which Winograd's algorithm is expected to take the least time, or nothing where the
/// convolution as written takes less or has another window, stride, dilation or group. Decided by shape alone, so that
/// every level and every machine computes the same; an extent that is not known counts as 64.
std::optional<int64_t> winogradTile(graph::ConvOp conv);

} // namespace quern
