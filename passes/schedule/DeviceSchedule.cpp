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

/// The tiles of products, largest first: of a block, and of a thread. Lines times depth is a multiple of the threads.
struct Tile {
  int64_t rows, columns, depth, threadRows, threadColumns;
};
constexpr Tile tiles[] = {{128, 128, 8, 8, 8}, {64, 64, 16, 4, 4}, {32, 64, 16, 4, 4}, {16, 64, 16, 2, 4}};

/// The largest tile that gives every multiprocessor a block, with no more rows than twice the product's; else the
/// smallest.
Choice chooseTile(StringRef algorithm, const Dim &batches, const Dim &rows, const Dim &columns, const Device &device) {
  auto extent = [](const Dim &dim) { return std::max<int64_t>(dim.estimate(kUnknownExtent), 1); };
  const Tile *chosen = &tiles[std::size(tiles) - 1];
  for (const Tile &tile : tiles) {
    int64_t blocks =
        extent(batches) * llvm::divideCeil(extent(rows), tile.rows) * llvm::divideCeil(extent(columns), tile.columns);
    if (blocks < device.multiprocessors || tile.rows >= 2 * extent(rows))
      continue;
    chosen = &tile;
    break;
  }
  return {algorithm,
          {{"tile_rows", chosen->rows},
           {"tile_columns", chosen->columns},
           {"tile_depth", chosen->depth},
           {"thread_rows", chosen->threadRows},
           {"thread_columns", chosen->threadColumns}},
          "tiles in the memory that a block shares"};
}

Choice chooseMatmul(Operation *op, const Device &device) {
  auto matmul = cast<MatmulOp>(op);
  SmallVector<Dim> result = dimsOf(matmul.getResult());
  ArrayRef<Dim> outer = ArrayRef(result).drop_back();
  bool isBatched =
      llvm::any_of(ArrayRef(dimsOf(matmul.getRhs())).drop_back(2), [](const Dim &dim) { return dim != Dim(1); });
  Dim rows = isBatched ? outer.back() : product(outer), batches = isBatched ? product(outer.drop_back()) : Dim(1);
  return chooseTile("tiled_gemm", batches, rows, result.back(), device);
}

Choice chooseConv(Operation *op, const Device &device) {
  auto conv = cast<ConvOp>(op);
  constexpr int64_t kFewOutputs = 8;
  SmallVector<Dim> result = dimsOf(conv.getResult());
  int64_t groups = conv.getGroup();
  if (groups > 1 && result[1].estimate(kUnknownExtent) / groups < kFewOutputs)
    return {"direct_conv", {}, "few channels in a group: a thread for each output"};
  return chooseTile("tiled_conv", groups, result[1].floordiv(groups),
                    result[0] * product(ArrayRef(result).drop_front(2)), device);
}

/// The algorithm by the name of the anchor op.
struct Line {
  StringRef op;
  Choice (*choose)(Operation *, const Device &);
};
const Line table[] = {{"graph.matmul", chooseMatmul}, {"graph.conv", chooseConv}};

/// Ops whose result depends on what was computed before, or that have a kernel of their own on the processor alone.
constexpr llvm::StringLiteral processorOps[] = {"graph.attention",        "graph.rnn",        "graph.top_k",
                                                "graph.non_zero",         "graph.cumulative", "graph.conv_transpose",
                                                "graph.scatter_elements", "graph.scatter_nd"};

/// Why the device cannot compute `op`; empty where it can.
std::string obstacle(Operation &op) {
  StringRef name = op.getName().getStringRef();
  if (llvm::is_contained(processorOps, name))
    return llvm::formatv("the device has no kernel for {0}", op.getName().stripDialect());
  // LLVM takes the remainder of floats apart into a division, which is wrong for large quotients.
  if (isa<ModOp>(op) && isa<FloatType>(elementOf(op.getResult(0))))
    return "the device has no exact remainder of floats";
  return {};
}

} // namespace

std::optional<Choice> chooseForDevice(kernel::RegionOp region, const Device &device, std::string &why) {
  if (isa<IfOp, LoopOp>(region->getParentOp())) {
    why = "the processor runs what stands inside an if or a loop";
    return std::nullopt;
  }
  for (Operation &op : region.getBody().front())
    if (why = obstacle(op); !why.empty())
      return std::nullopt;
  for (Operation &op : region.getBody().front())
    for (const Line &line : table)
      if (op.getName().getStringRef() == line.op)
        return line.choose(&op, device);
  return Choice{"threads", {}, "no contraction: a thread for each element, or a block for each row"};
}

} // namespace quern
