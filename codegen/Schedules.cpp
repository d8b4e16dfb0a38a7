#include "codegen/Schedules.h"
#include "codegen/Backend.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

namespace quern {

namespace {

/// Multiply-adds in flight that keep the units busy.
constexpr int64_t kInFlight = 8;

/// Time of one reduction step of a tile, in half cycles: multiply-adds and loads go two per cycle, and few accumulators
/// wait for each other. Loads are not all hidden; those of vectors come from a farther cache, and of more than four
/// panels at a time (measured on vector times matrix) the prefetchers lose some.
double stepTime(int64_t rows, int64_t vectors, const TileDemand &demand) {
  int64_t wait = demand.chains ? 0 : kInFlight;
  bool manyStreams = demand.chains && vectors > 4 * demand.multiple;
  return std::max({rows * vectors, rows + 2 * vectors, wait}) + (manyStreams ? 0.11 : 0.05) * (rows + 6 * vectors);
}

/// Time of one reduction step over everything.
double coverTime(const TileChoice &tile, int64_t rows, int64_t vectors, const TileDemand &demand) {
  int64_t rowTiles = llvm::divideCeil(rows, tile.rows), size = llvm::divideCeil(rows, rowTiles);
  int64_t rest = vectors % tile.vectors;
  return rowTiles *
         ((vectors / tile.vectors) * stepTime(size, tile.vectors, demand) + (rest ? stepTime(size, rest, demand) : 0));
}

} // namespace

/// Those of one architecture.
static void addTiles(const Backend &backend, llvm::StringMap<llvm::SmallVector<TileChoice, 8>> &byLevel) {
  for (const TileRow &row : backend.tiles)
    byLevel[row.level].push_back(row.tile);
  // A level without lines of its own has those of the next lower one.
  for (const Target &target : backend.targets)
    for (size_t i = target.levels.size() - 1; i-- > 0;)
      byLevel.try_emplace(target.levels[i].name, byLevel[target.levels[i + 1].name]);
}

llvm::ArrayRef<TileChoice> registerTiles(const Level &level) {
  static const auto tiles = [] {
    llvm::StringMap<llvm::SmallVector<TileChoice, 8>> byLevel;
    for (const Backend *backend : allBackends())
      addTiles(*backend, byLevel);
    return byLevel;
  }();
  auto found = tiles.find(level.name);
  return found == tiles.end() ? llvm::ArrayRef<TileChoice>() : found->second;
}

llvm::SmallVector<const DotForm *> dotForms(const Level &level) {
  llvm::SmallVector<const DotForm *> forms;
  const Backend &backend = backendOf(level);
  for (const DotForm &form : backend.dots)
    for (const Level &own : backend.targets.front().levels)
      if (own.name == form.level && own.number <= level.number)
        forms.push_back(&form);
  return forms;
}

int64_t chainsOf(int64_t accumulators) {
  return accumulators >= kInFlight
             ? 1
             : llvm::PowerOf2Ceil(llvm::divideCeil(kInFlight, std::max<int64_t>(accumulators, 1)));
}

TileChoice chooseTile(const Level &level, const TileDemand &demand) {
  // Enough for the rests not to matter.
  constexpr int64_t kMany = 1 << 12;
  // Address registers hold this many rows.
  constexpr int64_t kFarRows = 8;
  int64_t rows = demand.rows ? std::max<int64_t>(*demand.rows, 1) : kMany;
  int64_t vectors = demand.vectors ? std::max<int64_t>(*demand.vectors, 1) : kMany;
  TileChoice best{1, demand.multiple, 1};
  double bestTime = coverTime(best, rows, vectors, demand);
  for (TileChoice tile : registerTiles(level)) {
    tile.vectors = std::min(tile.vectors, vectors) / demand.multiple * demand.multiple;
    if (tile.vectors == 0)
      continue;
    tile.rows = std::min(tile.rows, demand.farRows ? std::min(rows, kFarRows) : rows);
    double time = coverTime(tile, rows, vectors, demand);
    if (time >= bestTime)
      continue;
    best = tile;
    bestTime = time;
  }
  if (demand.rows)
    best.rows = llvm::divideCeil(rows, llvm::divideCeil(rows, best.rows));
  return best;
}

} // namespace quern
