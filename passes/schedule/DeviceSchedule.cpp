// The algorithms of a target's device. One line per kind of anchor that it has code for in the first table, one per op
// that only the processor computes in the second; everything else is a thread for each element.
#include "passes/schedule/Choice.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
namespace {

/// What a dim that is not known is taken for: it decides how fast, never what.
constexpr int64_t kUnknownExtent = 64;

/// A tile of a block's and the part of it that a thread or a warp adds up, and how many steps of the depth are in
/// shared memory at a time. Lines times depth is a multiple of the threads, where each has its own part. What a step
/// takes, in cycles: of a block that is alone on its multiprocessor, and for each other one there.
struct Tile {
  int64_t rows, columns, depth, partRows, partColumns, stages, alone, shared;
};

/// The tiles of one way to multiply, largest first.
struct Tiles {
  ArrayRef<Tile> sizes;
  StringRef rows, columns; ///< the parameters' names of a part
  int64_t shorter;         ///< the depth of a step is divided by this
  StringRef reason;
};

// The cycles are an H100's: fitted to the times of 16 products and convolutions, each with many tiles.
constexpr Tile threadSizes[] = {{128, 128, 8, 8, 8, 3, 1700, 1100},
                                {64, 64, 16, 8, 4, 3, 1470, 600},
                                {32, 64, 16, 4, 4, 3, 800, 530},
                                {16, 64, 16, 2, 4, 3, 800, 270}};
const Tiles threadTiles = {threadSizes, "thread_rows", "thread_columns", 1, "tiles in the memory that a block shares"};

constexpr Tile warpSizes[] = {{128, 128, 32, 64, 64, 3, 900, 700},
                              {128, 64, 32, 64, 32, 4, 600, 400},
                              {64, 64, 32, 32, 32, 4, 400, 220},
                              {32, 64, 32, 16, 32, 4, 350, 150},
                              {16, 64, 32, 16, 16, 4, 320, 110}};
const Tiles warpTiles = {warpSizes, "warp_rows", "warp_columns", 1,
                         "tiles in the memory that a block shares, multiplied by matrix units"};
const Tiles tf32Tiles = {warpSizes, "warp_rows", "warp_columns", 2,
                         "tiles in the memory that a block shares, multiplied by matrix units as tf32"};

/// Matrix units multiply narrow floats as exactly as threads do: the products are exact, the sums are float32's.
const Tiles &tilesFor(Type element, bool tf32) {
  if (element.isF16() || element.isBF16())
    return warpTiles;
  return tf32 && element.isF32() ? tf32Tiles : threadTiles;
}

/// A product as the tables see it: how many lines and of what depth, taken for something where they are not known.
struct Extents {
  Dim batches, rows, columns, depth;
  bool hasWindows = false; ///< the columns' elements have their addresses computed one by one

  static int64_t of(const Dim &dim) { return std::max<int64_t>(dim.estimate(kUnknownExtent), 1); }
  int64_t blocks(int64_t tileRows, int64_t tileColumns) const {
    return of(batches) * llvm::divideCeil(of(rows), tileRows) * llvm::divideCeil(of(columns), tileColumns);
  }
  /// How many blocks may share the depth of a tile, each with a part that is worth one. Unknown extents may be large;
  /// then the parts' sums would be a burden.
  int64_t mostSplits(int64_t leastPart) const {
    constexpr int64_t kMost = 16;
    if (!batches.isConstant() || !rows.isConstant() || !columns.isConstant() || !depth.isConstant())
      return 1;
    return std::clamp<int64_t>(of(depth) / leastPart, 1, kMost);
  }
  /// As many splits as there are multiprocessors for.
  int64_t splits(int64_t blocks, const Device &device) const {
    return std::clamp<int64_t>(device.multiprocessors / blocks, 1, mostSplits(/*leastPart=*/256));
  }
};

/// Cycles until the last block has ended.
int64_t estimate(const Tile &tile, int64_t splits, const Extents &extents, const Device &device) {
  constexpr int64_t kSecondLaunch = 8600, kPartsInCycle = 175; // a part is written and read
  constexpr int64_t kAddressesInCycle = 7;
  int64_t steps = llvm::divideCeil(Extents::of(extents.depth), tile.depth * splits);
  int64_t blocks = extents.blocks(tile.rows, tile.columns) * splits;
  int64_t others = llvm::divideCeil(blocks, device.multiprocessors) - 1;
  int64_t addresses = extents.hasWindows ? tile.columns * tile.depth / kAddressesInCycle : 0;
  int64_t parts = splits > 1 ? blocks * tile.rows * tile.columns : 0;
  return steps * (tile.alone + addresses + others * (tile.shared + addresses)) + parts / kPartsInCycle +
         (splits > 1 ? kSecondLaunch : 0);
}

struct TileChoice {
  const Tile *tile;
  int64_t splits;
};

/// The fastest tile, with no more rows than twice the product's, and how many blocks share the depth of each.
TileChoice fastestTile(const Tiles &tiles, const Extents &extents, const Device &device) {
  TileChoice best{&tiles.sizes.back(), 1};
  int64_t least = estimate(*best.tile, 1, extents, device);
  for (const Tile &tile : tiles.sizes) {
    if (tile.rows >= 2 * Extents::of(extents.rows))
      continue;
    for (int64_t splits = 1; splits <= extents.mostSplits(/*leastPart=*/128); ++splits)
      if (int64_t cycles = estimate(tile, splits, extents, device); cycles < least) {
        least = cycles;
        best = {&tile, splits};
      }
  }
  return best;
}

void split(Choice &choice, int64_t splits) {
  if (splits == 1)
    return;
  choice.parameters.push_back({"splits", splits});
  choice.reason += ", several blocks for the depth of each";
}

Choice chooseTile(StringRef algorithm, Type element, bool tf32, const Extents &extents, const Device &device) {
  const Tiles &tiles = tilesFor(element, tf32);
  auto [chosen, splits] = fastestTile(tiles, extents, device);
  const Tile &tile = *chosen;
  Choice choice{algorithm,
                {{"tile_rows", tile.rows},
                 {"tile_columns", tile.columns},
                 {"tile_depth", tile.depth / tiles.shorter},
                 {tiles.rows, tile.partRows},
                 {tiles.columns, tile.partColumns},
                 {"stages", element.getIntOrFloatBitWidth() > 32 ? 2 : tile.stages}}, // as many as there is room for
                tiles.reason.str()};
  split(choice, splits);
  return choice;
}

/// For so few rows the right side, which is read once, is all that counts.
constexpr int64_t kFewRows = 4;

Choice chooseSlices(const Extents &extents, Type element, const Device &device) {
  constexpr int64_t kColumns = 32, kThreads = 256, kReadBytes = 16;
  int64_t bytes = isa<FloatType>(element) ? element.getIntOrFloatBitWidth() / 8
                                          : std::max<int64_t>(element.getIntOrFloatBitWidth() / 8, sizeof(int32_t));
  int64_t rows = llvm::PowerOf2Ceil(Extents::of(extents.rows)), groups = kColumns * bytes / kReadBytes;
  Choice choice{"tiled_gemm",
                {{"tile_rows", rows}, {"tile_columns", kColumns}, {"slices", kThreads / groups}},
                "few rows: columns for a block, slices of the depth for its threads"};
  split(choice, extents.splits(extents.blocks(rows, kColumns), device));
  return choice;
}

Choice chooseMatmul(Operation *op, const Device &device, bool tf32) {
  auto matmul = cast<MatmulOp>(op);
  SmallVector<Dim> result = dimsOf(matmul.getResult()), left = dimsOf(matmul.getLhs());
  ArrayRef<Dim> outer = ArrayRef(result).drop_back();
  Type element = elementOf(matmul.getLhs());
  bool isBatched =
      llvm::any_of(ArrayRef(dimsOf(matmul.getRhs())).drop_back(2), [](const Dim &dim) { return dim != Dim(1); });
  Extents extents{isBatched ? product(outer.drop_back()) : Dim(1), isBatched ? outer.back() : product(outer),
                  result.back(), left.back()};
  if (extents.rows.constant().value_or(kFewRows + 1) <= kFewRows)
    return chooseSlices(extents, element, device);
  return chooseTile("tiled_gemm", element, tf32, extents, device);
}

Choice chooseConv(Operation *op, const Device &device, bool tf32) {
  auto conv = cast<ConvOp>(op);
  constexpr int64_t kFewOutputs = 8;
  SmallVector<Dim> result = dimsOf(conv.getResult());
  int64_t groups = conv.getGroup();
  if (groups > 1 && result[1].estimate(kUnknownExtent) / groups < kFewOutputs)
    return {"direct_conv", {}, "few channels in a group: a thread for each output"};
  Dim depth = product(ArrayRef(dimsOf(conv.getWeight())).drop_front());
  Extents extents{groups, result[1].floordiv(groups), result[0] * product(ArrayRef(result).drop_front(2)), depth,
                  /*hasWindows=*/depth != dimsOf(conv.getWeight())[1]};
  return chooseTile("tiled_conv", elementOf(conv.getInput()), tf32, extents, device);
}

/// The same product: all places of the window that an element of the result could have, of which the strides leave some.
Choice chooseConvTranspose(Operation *op, const Device &device, bool tf32) {
  auto conv = cast<ConvTransposeOp>(op);
  SmallVector<Dim> result = dimsOf(conv.getResult()), weight = dimsOf(conv.getWeight());
  int64_t groups = conv.getGroup();
  Dim depth = weight[0].floordiv(groups) * product(ArrayRef(weight).drop_front(2));
  Extents extents{groups, weight[1], result[0] * product(ArrayRef(result).drop_front(2)), depth, /*hasWindows=*/true};
  return chooseTile("tiled_conv", elementOf(conv.getInput()), tf32, extents, device);
}

/// The algorithm by the name of the anchor op.
struct Line {
  StringRef op;
  Choice (*choose)(Operation *, const Device &, bool tf32);
};
const Line table[] = {{"graph.matmul", chooseMatmul},
                      {"graph.conv", chooseConv},
                      {"graph.conv_transpose", chooseConvTranspose},
                      {"graph.attention", [](Operation *op, const Device &device,
                                             bool) { return *chooseDeviceAttention(cast<AttentionOp>(op), device); }},
                      {"graph.rnn", [](Operation *op, const Device &device, bool) {
                         return chooseDeviceRecurrent(cast<RnnOp>(op), device);
                       }}};

/// Ops whose result depends on what was computed before, or that have a kernel of their own on the processor alone.
constexpr llvm::StringLiteral processorOps[] = {"graph.top_k",          "graph.non_zero",         "graph.cumulative",
                                                "graph.scatter_elements", "graph.scatter_nd",
                                                "text.lookup",          "text.pick_strings",      "text.terms",
                                                "text.term_product",    "graph.packed_trees",     "graph.lu",
                                                "graph.cholesky",       "graph.triangular_solve", "graph.fourier",
                                                "graph.fourier_from_real", "graph.fourier_to_real"};

/// Why the device cannot compute `op`; empty where it can.
std::string obstacle(Operation &op, const Device &device) {
  StringRef name = op.getName().getStringRef();
  if (llvm::is_contained(processorOps, name))
    return llvm::formatv("the device has no kernel for {0}", op.getName().stripDialect());
  if (auto attention = dyn_cast<AttentionOp>(op); attention && !chooseDeviceAttention(attention, device))
    return "the device has no tiles for heads of this size";
  // LLVM takes the remainder of floats apart into a division, which is wrong for large quotients.
  if (isa<ModOp>(op) && isa<FloatType>(elementOf(op.getResult(0))))
    return "the device has no exact remainder of floats";
  return {};
}

} // namespace

std::optional<Choice> chooseForDevice(kernel::RegionOp region, const Device &device, bool tf32, std::string &why) {
  if (isa<IfOp, LoopOp>(region->getParentOp())) {
    why = "the processor runs what stands inside an if or a loop";
    return std::nullopt;
  }
  for (Operation &op : region.getBody().front())
    if (why = obstacle(op, device); !why.empty())
      return std::nullopt;
  for (Operation &op : region.getBody().front())
    for (const Line &line : table)
      if (op.getName().getStringRef() == line.op)
        return line.choose(&op, device, tf32);
  return Choice{"threads", {}, "no contraction: a thread for each element, or a block for each row"};
}

} // namespace quern
