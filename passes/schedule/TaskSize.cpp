#include "passes/schedule/TaskSize.h"
#include "dialects/graph/RowLocal.h"
#include "dialects/graph/TreeTables.h"
#include "dialects/kernel/RowLanes.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace quern {
namespace {

/// What a dim that is not known is taken for: it decides how fast, never what.
constexpr int64_t kUnknownExtent = 64;
/// 10 microseconds at 100 GFLOP/s: a fork and join costs less than one, and a few large tasks divide badly.
constexpr double kLeastFlops = 1e6;
constexpr double kTasks = 32;
/// Flops that a core could do in the time in which it reads a byte from memory.
constexpr double kFlopsPerByte = 5;
/// Of weights that a task goes through for each of its tiles.
constexpr int64_t kCachedBytes = 512 << 10;

int64_t estimate(const Dim &dim) {
  return std::max<int64_t>(dim.estimate(kUnknownExtent), 1);
}
double flopsPerTask(double total) {
  return std::max(kLeastFlops, total / kTasks);
}

} // namespace

GemmTask gemmTask(graph::MatmulOp matmul) {
  // Whole tiles of 14, 9 and 6 rows.
  constexpr int64_t kRows = 126, kColumns = 64, kWideColumns = 128;
  SmallVector<Dim> lhs = graph::dimsOf(matmul.getLhs()), result = graph::dimsOf(matmul.getResult());
  bool batched = !matmul.getColumns() && graph::rankOf(matmul.getRhs()) > 2;
  Dim rowExtent = batched ? result[result.size() - 2] : product(ArrayRef(result).drop_back());
  int64_t rows = estimate(rowExtent);
  bool isKnown = rowExtent.isConstant();
  double depth = estimate(lhs.back()), columns = estimate(result.back());
  double copies = batched ? estimate(product(ArrayRef(result).drop_back(2))) : 1;
  int64_t block = std::min(rows, kRows);
  double perColumn = std::max(2 * block * depth, kFlopsPerByte * 4 * depth);
  double total = copies * columns * rows / block * perColumn;
  // Tiles of one or two rows are wide, and there may be as few where their number is not known.
  int64_t step = rows <= 2 || !isKnown ? kWideColumns : kColumns;
  int64_t wanted = std::min(flopsPerTask(total) / perColumn, columns);
  return {kRows, std::max<int64_t>(llvm::alignTo(wanted, step), step)};
}

ConvTask convTask(graph::ConvOp conv) {
  constexpr int64_t kBlock = 16;
  SmallVector<Dim> result = graph::dimsOf(conv.getResult()), weights = graph::dimsOf(conv.getWeight());
  size_t axes = conv.getStrides().size();
  auto isOne = [](int64_t value) { return value == 1; };
  bool pointwise = llvm::all_of(conv.getStrides(), isOne) && !conv.getSpacing() &&
                   llvm::all_of(ArrayRef(weights).slice(2, axes), [](const Dim &dim) { return dim == Dim(1); });
  // Rows that a task counts are those of one phase, and a task does all phases of a row: together they have one tap for
  // each place of the window.
  auto phase = [&](size_t axis) {
    return estimate(conv.getSpacing() ? result[2 + axis].ceildiv((*conv.getSpacing())[axis]) : result[2 + axis]);
  };
  int64_t width = phase(axes - 1), height = 1;
  for (size_t axis = 0; axis + 1 < axes; ++axis)
    height *= phase(axis);
  int64_t rows = pointwise ? width * height : height;
  int64_t groups = conv.getGroup(), blocks = std::max<int64_t>(estimate(result[1]) / groups, 1);
  // Weights of one output block: everything behind the first axis.
  double depth = estimate(product(ArrayRef(weights).drop_front())) / double(kBlock);
  double perRow = 2 * depth * kBlock * (pointwise ? 1 : width);
  double target = flopsPerTask(perRow * rows * blocks * groups * estimate(result[0]));

  int64_t cached = std::max<int64_t>(kCachedBytes / int64_t(depth * kBlock * 4), 2);
  ConvTask task{0, std::min<int64_t>(blocks, llvm::alignDown(cached, 2))};
  task.rows = std::clamp<int64_t>(target / (perRow * task.blocks), 1, rows);
  // The whole image is still too little or too much: more or fewer channels.
  if (task.rows == rows)
    task.blocks =
        std::clamp<int64_t>(llvm::alignTo(int64_t(target / (perRow * rows)), 2), std::min<int64_t>(2, blocks), blocks);
  return task;
}

int64_t recurrentTaskUnits(graph::RnnOp rnn) {
  // A barrier takes half a microsecond; a core does this in four, as the weights come from its L2 cache.
  constexpr double kLeastStepFlops = 2e5;
  // Of one row: enough accumulators to keep the arithmetic units busy.
  constexpr int64_t kBlock = 16, kGateBlocks = 8;
  SmallVector<Dim> weights = graph::dimsOf(rnn.getRecurrence());
  int64_t blocks = *weights[1].constant(), hidden = *weights[2].constant(), gates = *weights[3].constant();
  double rows = graph::dimOf(rnn.getProjected(), 2).constant().value_or(1);
  if (2.0 * gates * hidden * hidden * rows < kLeastStepFlops)
    return blocks * kBlock;
  return std::min(kGateBlocks / gates, blocks) * kBlock;
}

/// A block of rows should find a tree in the cache again and again, and their keys beside it. Where all trees do not
/// stay there from block to block, a tree is worth bringing for many rows.
static int64_t walkTaskRows(graph::PackedTreesOp trees) {
  constexpr int64_t kBlock = graph::TreeTables::kRows, kFew = 256, kMost = 16384;
  constexpr int64_t kBlockBytes = 2 << 20, kCache = 1 << 20, kTreeBytesOfRow = 32;
  graph::TreeTables layout = graph::TreeTables::of(trees);
  SmallVector<Dim> values = graph::dimsOf(trees.getValues());
  int64_t bytes = 4 * layout.nodeCount * layout.nodeWords + 8 * estimate(values[0]) * estimate(values[1]);
  int64_t rows = bytes <= kCache ? kFew : bytes / std::max<int64_t>(layout.treeCount, 1) / kTreeBytesOfRow;
  int64_t most = kBlockBytes / (4 * layout.keyCount() + 8 * estimate(graph::dimOf(trees.getBase(), 0)));
  return std::clamp<int64_t>(llvm::alignDown(std::min(std::max(rows, kFew), most), kBlock), kBlock, kMost);
}

int64_t treeTaskRows(graph::PackedTreesOp trees) {
  // Measured on one core: an entry of the bit vectors for a row.
  constexpr double kEntryNanoseconds = 0.055, kLeastNanoseconds = 30000;
  constexpr int64_t kBlock = graph::TreeTables::kRows, kMost = 16 * kBlock;
  if (!trees.getWords())
    return walkTaskRows(trees);
  double row = kEntryNanoseconds * trees.getEntries();
  return std::clamp<int64_t>(llvm::alignTo(int64_t(kLeastNanoseconds / std::max(row, 1.0)), kBlock), kBlock, kMost);
}

int64_t rowLanesTaskRows(Block &body) {
  // What an element costs that is no sum of products, in flops; many are polynomials, or are moved about.
  constexpr int64_t kElement = 16, kBlock = kernel::kRowLanesBlock, kMost = 4096;
  int64_t row = 1;
  for (Operation &op : body)
    if (auto matmul = dyn_cast<graph::MatmulOp>(op))
      row += 2 * estimate(graph::dimOf(matmul.getLhs(), 1)) * int64_t(*matmul.getColumns());
    else if (op.getNumResults() == 1 && !isa<graph::ConstantOp>(op))
      row += kElement * graph::rowWidth(op.getResult(0)).value_or(1);
  return std::clamp<int64_t>(llvm::alignTo(int64_t(kLeastFlops) / row, kBlock), kBlock, kMost);
}

WinogradTask winogradTask(graph::ConvOp conv) {
  constexpr int64_t kBlock = 16;
  // Of what a task keeps of a tile before and after the products.
  constexpr int64_t kScratchBytes = 768 << 10;
  // Rows of the products over which weights that come from afar are read once: three register tiles of 14.
  constexpr int64_t kLeastTiles = 42;
  // Each set of output channels transforms the inputs again: with fewer blocks that costs more than 5 %.
  constexpr int64_t kLeastBlocks = 8, kTasks = 8;
  SmallVector<Dim> result = graph::dimsOf(conv.getResult()), weights = graph::dimsOf(conv.getWeight());
  int64_t side = *conv.getWinograd(), positions = *weights[0].constant(), channels = *weights[2].constant();
  int64_t outBlocks = *result[1].constant();
  int64_t total = estimate(result[0] * result[2].ceildiv(side) * result[3].ceildiv(side));
  WinogradTask task{0, outBlocks};
  while (llvm::divideCeil(outBlocks, task.blocks) * llvm::divideCeil(total, kLeastTiles) < kTasks &&
         task.blocks >= 2 * kLeastBlocks)
    task.blocks = llvm::divideCeil(task.blocks, 2);
  int64_t bytesOfTile = positions * 4 * (channels + kBlock * task.blocks);
  task.tiles = std::max(kScratchBytes / bytesOfTile, kLeastTiles);
  return task;
}

} // namespace quern
