#include "dialects/graph/Graph.h"
#include "passes/schedule/Choice.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// What dims that are not known are taken for: they decide how fast, never what. Of one sequence the keys may be many.
constexpr int64_t kUnknownBatch = 1, kUnknownExtent = 64, kUnknownKeys = 1024;

/// Of a block: queries and keys; of a thread or a warp. Largest first. Threads that share a row are in one warp.
struct Tile {
  int64_t queries, keys, partQueries, partKeys;
};
constexpr Tile threadTiles[] = {{64, 32, 4, 4}, {32, 32, 4, 2}, {16, 32, 2, 2}, {16, 16, 2, 1}, {4, 32, 1, 1}};
constexpr Tile warpTiles[] = {{128, 64, 32, 64}, {128, 32, 32, 32}, {64, 64, 16, 64}, {64, 32, 16, 32},
                              {64, 16, 16, 16},  {32, 64, 16, 64},  {32, 32, 16, 32}, {16, 64, 16, 64},
                              {16, 32, 16, 32},  {16, 16, 16, 16}};
/// With fewer queries a tile does too little with the keys that it reads: rather parts of the keys for each block.
constexpr int64_t kLeastQueries = 16;
constexpr int64_t kLeastKeysOfPart = 64, kMostParts = 32;

/// The sizes of an attention's heads.
struct Heads {
  int64_t depth, valueDepth;

  /// Bytes of a block's memory for elements of so many, values in the place of keys: see ThreadAttention.cpp.
  int64_t threadMemory(const Tile &tile, int64_t bytes) const {
    constexpr int64_t kPadding = 4;
    int64_t lanes = tile.keys / tile.partKeys;
    int64_t keys = depth * (tile.keys + kPadding), values = tile.keys * llvm::alignTo(valueDepth, lanes);
    return ((depth + tile.keys) * (tile.queries + kPadding) + std::max(keys, values)) * bytes;
  }
  /// As many tiles of keys and values as a block has room for beside its queries, 0 where that is less than two or the
  /// scores and results are too much for the registers: see WarpAttention.cpp.
  int64_t warpStages(const Tile &tile, const Device &device) const {
    constexpr int64_t kMostStages = 4, kMostRegisters = 144, kWhole = 64, kBytes = 2;
    auto padded = [](int64_t size) { return size > kWhole ? llvm::alignTo(size, kWhole) : llvm::PowerOf2Ceil(size); };
    int64_t k = padded(depth), v = padded(valueDepth), registers = tile.partQueries * (v + tile.keys) / device.warp;
    int64_t room = device.sharedBytes - tile.queries * k * kBytes;
    int64_t stages = std::clamp<int64_t>(room / (tile.keys * (k + v) * kBytes), 0, kMostStages);
    return registers <= kMostRegisters && stages > 1 ? stages : 0;
  }
};

} // namespace

std::optional<Choice> chooseDeviceAttention(AttentionOp attention, const Device &device) {
  std::optional<int64_t> depth = dimOf(attention.getQuery(), 3).constant(),
                         valueDepth = dimOf(attention.getValue(), 3).constant();
  if (!depth || !valueDepth || !*depth || !*valueDepth)
    return std::nullopt;
  auto extent = [](const Dim &dim, int64_t unknown) { return std::max<int64_t>(dim.estimate(unknown), 1); };
  SmallVector<Dim> query = dimsOf(attention.getQuery());
  // Queries of heads that share their keys are together.
  Dim keyHeads = dimOf(attention.getKey(), 1);
  int64_t together = query[1].constant().value_or(1) / std::max<int64_t>(keyHeads.constant().value_or(1), 1);
  if (!query[1].isConstant() || !keyHeads.isConstant() || together == 0)
    together = 1;
  int64_t queries = extent(query[2], kUnknownExtent) * together, blocks = 0;
  int64_t heads = extent(query[0], kUnknownBatch) * extent(query[1].floordiv(together), kUnknownExtent);
  // Matrix units multiply narrow floats as exactly as threads do, and round the powers of scores, which are 1 at most.
  // Where they have no tile, threads take them as float32.
  Type element = elementOf(attention.getQuery());
  Heads sizes{*depth, *valueDepth};
  bool byWarps = (element.isF16() || element.isBF16()) && sizes.warpStages(warpTiles[std::size(warpTiles) - 1], device);
  auto fits = [&](const Tile &tile) {
    return byWarps ? sizes.warpStages(tile, device) > 0
                   : sizes.threadMemory(tile, element.isF64() ? sizeof(double) : sizeof(float)) <= device.sharedBytes;
  };
  const Tile *chosen = nullptr;
  ArrayRef<Tile> tiles = byWarps ? ArrayRef(warpTiles) : ArrayRef(threadTiles);
  for (const Tile &tile : tiles) {
    if (chosen && (blocks >= device.multiprocessors || tile.queries < kLeastQueries))
      break;
    bool isTooSmall = chosen && tile.queries == chosen->queries; // as many blocks, each with less to do at a time
    if (!fits(tile) || isTooSmall || (tile.queries >= 2 * queries && tile.queries > tiles.back().queries))
      continue;
    chosen = &tile;
    blocks = heads * int64_t(llvm::divideCeil(queries, tile.queries));
  }
  if (!chosen)
    return std::nullopt;
  // A multiprocessor runs several blocks of few warps at a time.
  constexpr int64_t kWarps = 4;
  int64_t blocksThere = byWarps ? std::max<int64_t>(kWarps * chosen->partQueries / chosen->queries, 1) : 1;
  int64_t keys = dimOf(attention.getKey(), 2).constant().value_or(kUnknownKeys), idle = device.multiprocessors / blocks;
  int64_t parts = idle > 1 ? std::clamp<int64_t>(std::min(idle * blocksThere, keys / kLeastKeysOfPart), 1, kMostParts) : 1;
  Choice choice{"tiled_attention",
                {{"tile_queries", chosen->queries}, {"tile_keys", chosen->keys}},
                parts > 1  ? "few queries: blocks share the keys, and their parts are combined"
                : byWarps ? "scores stay in registers, multiplied by matrix units"
                           : "scores stay in registers and in the memory that a block shares"};
  if (byWarps)
    choice.parameters.append({{"warp_queries", chosen->partQueries}, {"stages", sizes.warpStages(*chosen, device)}});
  else
    choice.parameters.append({{"thread_queries", chosen->partQueries}, {"thread_keys", chosen->partKeys}});
  choice.parameters.push_back({"key_splits", parts});
  if (together > 1)
    choice.parameters.push_back({"heads_together", together});
  return choice;
}

} // namespace quern
