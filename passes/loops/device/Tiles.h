// A matrix product by a device's blocks: a tile of the result for each block, a part of the tile for each thread or
// warp.
#pragma once
#include "passes/loops/ElementEmitter.h"

namespace quern {

/// result[b, m, n] = sum over k of lhs[b, m, k] * rhs[b, k, n]. What an element is, is up to the caller: a convolution
/// reads its window here. Indices are within bounds.
struct TileProblem {
  /// One operand: lines, which are rows of the left one and columns of the right one, of `depth` elements.
  struct Side {
    using Element = std::function<mlir::Value(ElementEmitter &, mlir::Value batch, mlir::Value line, mlir::Value k)>;
    using Address = std::function<mlir::Value(mlir::Value batch, mlir::Value line, mlir::Value k)>;
    Dim lines;
    bool alongDepth; ///< neighbours in memory are neighbours in k, and threads read along it; else of one k
    Element element; ///< in the multiplicands' type
    Address address; ///< where the element lies; empty: it is computed
    /// Whether the element is there; it is 0 where it is not, and its address means nothing. Empty: all are there. Only with
    /// addresses, and not with `inChunks`.
    Address isThere = {};
    /// Elements have addresses, and at each multiple of so many it is of 16 aligned bytes, all of them elements.
    bool inChunks = false;
  };
  Side lhs, rhs;
  Dim batches = 1, depth;
  mlir::Type multiplicand, accumulator;
  std::function<void(mlir::Value batch, mlir::Value row, mlir::Value column, mlir::Value sum)> store;
};

/// Where the tile of a task lies in the result, and the part of the depth that is added up: from a multiple of the
/// core's step of the depth.
struct TilePlace {
  mlir::Value batch, row, column;
  mlir::Value from, end;
};

/// Emits the kernel with the tile that its schedule says: tile_rows x tile_columns for a block, in steps of tile_depth;
/// warp_rows x warp_columns by the matrix unit, or thread_rows x thread_columns for a thread, or in `slices` of the
/// depth. Where it says `splits`, so many blocks share the depth of a tile.
void emitTiles(KernelFunction &kernel, const TileProblem &problem);

/// What the schedule's tiles are made of: the matrix unit, and threads that only read, take narrow floats as they are.
mlir::Type multiplicandType(KernelFunction &kernel, mlir::Type element, mlir::Type accumulator);

/// The product of a tile by the threads of a block; ThreadTiles.cpp, WarpTiles.cpp and SliceTiles.cpp. Made once for a
/// kernel, before its tasks: `rows` x `columns` is the tile's size.
class TileCore {
public:
  virtual ~TileCore() = default;
  virtual void emit(const TilePlace &place) = 0;
  int64_t rows, columns, depthStep;
};
std::unique_ptr<TileCore> makeThreadTiles(KernelFunction &kernel, const TileProblem &problem);
std::unique_ptr<TileCore> makeWarpTiles(KernelFunction &kernel, const TileProblem &problem);
std::unique_ptr<TileCore> makeSliceTiles(KernelFunction &kernel, const TileProblem &problem);

/// Whether a line and a k of a tile are the operand's; null where all are, since tiles of so many lines and this depth
/// divide it.
mlir::Value isInside(KernelFunction &kernel, const TileProblem &problem, const TileProblem::Side &side,
                     int64_t tileLines, int64_t tileDepth, mlir::Value line, mlir::Value k);

/// The items that a block's threads take in turn, `perRow` in a row: where this thread's item of turn `turn` is.
struct TurnPlace {
  mlir::Value row, column;
};
TurnPlace placeOfTurn(KernelFunction &kernel, int64_t turn, int64_t perRow);

/// A number as one index for each of `dims`, the last fastest; `number` becomes what is left of it.
Point takeApart(KernelFunction &kernel, mlir::Value &number, llvm::ArrayRef<Dim> dims);

/// An element of `tensor` at a point, as `type`.
mlir::Value elementAs(mlir::Type type, ElementEmitter &emitter, mlir::Value tensor, const Point &point);

/// Whether `tensor` is in memory as it is, in elements of `type`.
bool isInMemory(mlir::Value tensor, mlir::Type type);
/// Whether a row of so many of such elements is 16 bytes several times.
bool isWholeChunks(const Dim &row, mlir::Type type);

/// The side of a product that consists of elements of `tensor`, the element of a line and k at a point.
using PlaceInTensor = std::function<Point(mlir::Value batch, mlir::Value line, mlir::Value k)>;
TileProblem::Side tensorSide(KernelFunction &kernel, mlir::Value tensor, const Dim &lines, bool alongDepth,
                             mlir::Type multiplicand, PlaceInTensor place);

} // namespace quern
