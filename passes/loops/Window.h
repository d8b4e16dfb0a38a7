// Where the windows of a convolution or a pooling meet the image, at compile time or at run time.
#pragma once
#include "passes/loops/IndexBuilder.h"
#include "passes/loops/KernelFunction.h"

namespace quern {

/// One axis: output position o and window position k read input position o * stride + k * dilation - low.
struct WindowAxis {
  Dim in = 1, out = 1;
  int64_t window = 1, stride = 1, dilation = 1, low = 0;
  int64_t high = 0; ///< the last window reaches at most so far past the image

  bool isKnown() const { return in.constant() && out.constant(); }
};

/// Window positions [first, end) that fall inside the image.
struct WindowRange {
  Index first, end;
};
WindowRange windowRange(KernelFunction &kernel, IndexBuilder builder, const WindowAxis &axis, Index out);

/// Output positions [first, second) whose whole window is inside the image.
std::pair<Index, Index> windowInterior(KernelFunction &kernel, IndexBuilder builder, const WindowAxis &axis);

/// The output positions first, first + step, ... of an axis, and the window positions tap, tap + tapStep, ... that reach
/// them: of those, `axis` is what any other axis is.
struct WindowPhase {
  WindowAxis axis;
  int64_t first = 0, step = 1, tap = 0, tapStep = 1;
};
/// An axis whose input positions lie `spacing` apart, as in a transposed convolution, by what its output positions leave
/// when divided by that: within a phase the window has no gaps, and may have no positions at all.
llvm::SmallVector<WindowPhase> windowPhases(const WindowAxis &axis, int64_t spacing);

/// Window positions and the pixels [first, end) of a tile for which they are inside the image.
struct WindowColumn {
  int64_t column;
  int64_t first, end;
};

/// Tiles of one row of output: `count` neighbours of `size` pixels from `first` on. Where the whole window is inside
/// the image for all pixels, `columns` is empty; a tile at a border stands alone and says what hits what.
struct WindowRun {
  int64_t first, size, count;
  llvm::SmallVector<WindowColumn> columns;
};

/// Cuts an axis of known extents into tiles of at most `size` pixels that are as equal as can be.
llvm::SmallVector<WindowRun> windowRuns(const WindowAxis &axis, int64_t size);

/// Covers a row of output with tiles of at most `size` pixels that are as equal as can be. Where the extents are known,
/// `columns` is empty if the whole window is inside the image for every pixel of the tile, and a tile at a border gets
/// its window columns with their pixels. Where they are not, `columns` is empty, every tile may be at a border, and
/// what it reads goes through BorderZeros.
using WindowTile = llvm::function_ref<void(int64_t size, Index first, llvm::ArrayRef<WindowColumn> columns)>;
void tileWindows(KernelFunction &kernel, const WindowAxis &axis, int64_t size, WindowTile tile);

/// Reads along an axis whose extents are known at run time only: a position beside the image reads zeros instead, which
/// costs a choice of address before a loop over the channels there and nothing inside.
class BorderZeros {
public:
  /// `elements` is how many lie at one position. Nothing is made for an axis of known extents.
  BorderZeros(KernelFunction &kernel, const WindowAxis &axis, mlir::Type element, int64_t elements);

  /// Whether window position `k` (which -1 leaves open) of pixel `pixel` in a tile of `size` may lie beside the image.
  bool mayMiss(int64_t pixel, int64_t size, int64_t k = -1) const;
  /// Memory that starts with element `offset` of `buffer` if `position` is inside the image, else with zeros.
  mlir::Value at(mlir::Value buffer, Index offset, Index position) const;

private:
  KernelFunction &kernel;
  WindowAxis axis;
  mlir::Value zeros;
};

/// The extents of a graph.conv with a blocked result, one to three spatial axes.
struct ConvGeometry {
  explicit ConvGeometry(graph::ConvOp conv);

  mlir::BlockArgument input, weight;
  int64_t spatial;   ///< axes; those of z, y, x that are none of them are of extent 1
  bool blockedInput; ///< [N, C/16, (D, H,) W, 16]; else [N, C, (D, H,) W]
  Dim images;
  int64_t groups;
  int64_t inChannels; ///< per group: blocks of 16 if the input is blocked
  int64_t perBlock;   ///< channels of an input block to multiply: fewer than 16 where a lone block is not full
  int64_t outBlocks;  ///< per group, of 16 channels; of a depthwise convolution: all
  WindowAxis z, y, x;
  int64_t spacing[3] = {1, 1, 1}; ///< of z, y, x

  /// Weights per window position and channel (block): 16 in x 16 out, or 1 x 16.
  int64_t unit() const { return blockedInput ? 256 : 16; }
  /// Output positions of the axes that there are: the last `spatial` of these.
  llvm::SmallVector<Index> places(Index z, Index y, Index x) const;
  /// A window of 1x1 that reads every pixel once.
  bool isPointwise() const;
};

} // namespace quern
