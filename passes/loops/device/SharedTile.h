// An operand's part of a step of a product, in shared memory as the matrix unit wants to load it.
//
// A row of the tile is a line's elements of the step, or, where a line's neighbours lie together in memory and the
// matrix unit can turn elements of that size, one k's elements of all lines. Rows are cut into chunks of 16 bytes: what
// is copied at once and what is a row of a matrix that is loaded. Chunk c of row r lies at place c ^ swizzle(r), so
// that the eight rows of a matrix are in different banks however short the rows are; written out for rows of four
// chunks:
//
//   row 0 | 0 1 2 3    row 1 | 0 1 2 3    row 2 | 1 0 3 2    row 3 | 1 0 3 2    row 4 | 2 3 0 1 ...
#pragma once
#include "passes/loops/device/Tiles.h"

namespace quern {

class SharedTile {
public:
  /// `lines` and `depth` are powers of two, of the tile.
  SharedTile(KernelFunction &kernel, const TileProblem &problem, const TileProblem::Side &side, int64_t lines,
             int64_t depth);

  int64_t bytes() const { return rows * rowBytes(); }
  /// Whether it is filled by copies that have to be awaited.
  bool isCopied() const { return side.inChunks && rowsAreLines == side.alongDepth; }

  /// The block fills the tile at `memory` with lines from `first` on and k from `from` on; what lies outside is 0.
  void fill(mlir::Value memory, mlir::Value batch, mlir::Value first, mlir::Value from);

  /// Four words of each lane: matrices (lines, k) of 16 lines from `line` + 16 * `block` on and of the `step`-th 32
  /// bytes of depth: (upper, first), (lower, first), (upper, second), (lower, second half) of a left side, which is one
  /// operand; (upper, first), (upper, second), (lower, first), (lower, second half) of a right side, which is two. So
  /// operands are registers that lie together as they are loaded.
  llvm::SmallVector<mlir::Value> load(mlir::Value memory, mlir::Value line, int64_t block, int64_t step);

private:
  int64_t rowBytes() const { return chunks * 16; }
  mlir::Value placeOf(mlir::Value memory, mlir::Value row, mlir::Value chunk);
  mlir::Value swizzle(mlir::Value row);
  void fillChunk(mlir::Value memory, mlir::Value batch, mlir::Value first, mlir::Value from, mlir::Value row,
                 mlir::Value chunk);
  void copyChunk(mlir::Value to, mlir::Value batch, mlir::Value line, mlir::Value k);
  void computeChunk(mlir::Value to, mlir::Value batch, mlir::Value line, mlir::Value k);
  mlir::Value isInside(mlir::Value line, mlir::Value k);
  mlir::Value pack(mlir::ArrayRef<mlir::Value> elements);

  KernelFunction &kernel;
  const TileProblem &problem;
  const TileProblem::Side &side;
  mlir::ImplicitLocOpBuilder &b;
  int64_t lines, depth;
  bool isLeft, rowsAreLines;
  int64_t perChunk;     ///< elements
  int64_t rows, chunks; ///< of the tile, of a row
};

} // namespace quern
