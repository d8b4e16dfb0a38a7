#include "dialects/graph/Graph.h"
#include "passes/schedule/Choice.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// What dims that are not known are taken for: they decide how fast, never what. Of one sequence the keys may be many.
constexpr int64_t kUnknownBatch = 1, kUnknownExtent = 64, kUnknownKeys = 1024;

/// Of a block: queries and keys; of a thread. Largest first. A row's threads are in one warp.
struct Tile {
  int64_t queries, keys, threadQueries, threadKeys;
};
constexpr Tile tiles[] = {{64, 32, 4, 4}, {32, 32, 4, 2}, {16, 32, 2, 2}, {16, 16, 2, 1}, {4, 32, 1, 1}};
/// With fewer queries a tile does too little with the keys that it reads: rather parts of the keys for each block.
constexpr int64_t kLeastQueries = 16;
constexpr int64_t kLeastKeysOfPart = 64, kMostParts = 16;

/// Bytes of a block's memory, values in the place of keys: see EmitTiledAttention.cpp.
int64_t memoryOf(const Tile &tile, int64_t depth, int64_t valueDepth, int64_t bytes) {
  constexpr int64_t kPadding = 4;
  int64_t lanes = tile.keys / tile.threadKeys;
  int64_t keys = depth * (tile.keys + kPadding), values = tile.keys * llvm::alignTo(valueDepth, lanes);
  return ((depth + tile.keys) * (tile.queries + kPadding) + std::max(keys, values)) * bytes;
}

} // namespace

std::optional<Choice> chooseDeviceAttention(AttentionOp attention, const Device &device) {
  std::optional<int64_t> depth = dimOf(attention.getQuery(), 3).constant(),
                         valueDepth = dimOf(attention.getValue(), 3).constant();
  if (!depth || !valueDepth || !*depth || !*valueDepth)
    return std::nullopt;
  auto extent = [](const Dim &dim, int64_t unknown) { return std::max<int64_t>(dim.estimate(unknown), 1); };
  SmallVector<Dim> query = dimsOf(attention.getQuery());
  int64_t queries = extent(query[2], kUnknownExtent), blocks = 0;
  int64_t heads = extent(query[0], kUnknownBatch) * extent(query[1], kUnknownExtent);
  int64_t bytes = elementOf(attention.getQuery()).isF64() ? 8 : 4;
  const Tile *chosen = nullptr;
  for (const Tile &tile : tiles) {
    if (chosen && (blocks >= device.multiprocessors || tile.queries < kLeastQueries))
      break;
    bool isLast = &tile == std::end(tiles) - 1;
    bool isTooSmall = chosen && tile.queries == chosen->queries; // as many blocks, each with less to do at a time
    if (memoryOf(tile, *depth, *valueDepth, bytes) > device.sharedBytes || isTooSmall ||
        (tile.queries >= 2 * queries && !isLast))
      continue;
    chosen = &tile;
    blocks = heads * int64_t(llvm::divideCeil(queries, tile.queries));
  }
  if (!chosen)
    return std::nullopt;
  int64_t keys = dimOf(attention.getKey(), 2).constant().value_or(kUnknownKeys);
  int64_t parts = std::clamp<int64_t>(std::min(device.multiprocessors / blocks, keys / kLeastKeysOfPart), 1, kMostParts);
  return Choice{"tiled_attention",
                {{"tile_queries", chosen->queries},
                 {"tile_keys", chosen->keys},
                 {"thread_queries", chosen->threadQueries},
                 {"thread_keys", chosen->threadKeys},
                 {"key_splits", parts}},
                parts > 1 ? "few queries: blocks share the keys, and their parts are combined"
                          : "scores stay in registers and in the memory that a block shares"};
}

} // namespace quern
