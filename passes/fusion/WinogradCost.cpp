#include "passes/fusion/WinogradCost.h"
#include "dialects/graph/Winograd.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace quern {
namespace {

// Times are counted in multiply-adds of a block of 16 channels at the full rate of a core.

constexpr int64_t kUnknownExtent = 64, kBlock = 16;
/// What is gained by less than this is not worth weights that are several times larger.
constexpr double kLeastGain = 1.2;
/// A block of weights from memory: no product is faster than its weights arrive.
constexpr double kFarBlock = 12;
/// Both transforms of a tile, for each of its positions and blocks of channels.
constexpr double kTransform = 12;

/// The transforms of larger tiles than 2x2 round more than a sum over fewer channels does: the result would be less
/// exact than the convolution as written by more than a factor of 2.
constexpr int64_t kExactTile = 2, kLargeTileChannels = 192;

struct Shape {
  int64_t images, height, width, channels, channelBlocks, filterBlocks;
};

/// Of each weight with `rows` rows, in register tiles of at most 14; few rows do not hide the loads.
double productTime(int64_t rows) {
  constexpr double kLoads = 1.5;
  double size = llvm::divideCeil(rows, llvm::divideCeil(rows, 14));
  return rows * (1 + kLoads / size);
}

double directTime(const Shape &shape) {
  double weights = 9.0 * shape.channels * shape.filterBlocks;
  return weights * std::max(shape.images * shape.height * productTime(shape.width), kFarBlock);
}

double winogradTime(const Shape &shape, int64_t side) {
  double positions = (side + 2) * (side + 2), weights = double(shape.channels) * shape.filterBlocks;
  int64_t tiles = shape.images * llvm::divideCeil(shape.height, side) * llvm::divideCeil(shape.width, side);
  return positions * (weights * std::max(productTime(tiles), kFarBlock) +
                      kTransform * tiles * (shape.channelBlocks + shape.filterBlocks));
}

} // namespace

std::optional<int64_t> winogradTile(graph::ConvOp conv) {
  auto are = [](ArrayRef<int64_t> values, int64_t wanted) {
    return llvm::all_of(values, [=](int64_t value) { return value == wanted; });
  };
  SmallVector<Dim> weight = graph::dimsOf(conv.getWeight()), input = graph::dimsOf(conv.getInput()),
                   result = graph::dimsOf(conv.getResult());
  if (conv.getGroup() != 1 || conv.getStrides().size() != 2 || !are(conv.getStrides(), 1) ||
      !are(conv.getDilations(), 1) || !weight[2].isEqualTo(WinogradTransform::kWindow) ||
      !weight[3].isEqualTo(WinogradTransform::kWindow))
    return std::nullopt;
  auto estimate = [](const Dim &dim) { return std::max<int64_t>(dim.estimate(kUnknownExtent), 1); };
  int64_t channels = llvm::alignTo(*input[1].constant(), kBlock);
  Shape shape{estimate(result[0]), estimate(result[2]), estimate(result[3]), channels, channels / kBlock,
              int64_t(llvm::divideCeil(*weight[0].constant(), kBlock))};
  std::optional<int64_t> best;
  double bestTime = directTime(shape) / kLeastGain;
  for (int64_t side : winogradTiles()) {
    if (side > kExactTile && channels < kLargeTileChannels)
      continue;
    double time = winogradTime(shape, side);
    if (time >= bestTime)
      continue;
    best = side;
    bestTime = time;
  }
  return best;
}

} // namespace quern
