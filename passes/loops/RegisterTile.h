// The register tile that every contraction ends in: rows x vectors of accumulators that stay in registers while a
// reduction runs over one operand's scalars (A, broadcast) and the other's vectors (B).
//
//            B:  [b0 ][b1 ]     vectors of one reduction step, next to each other in a panel
//   A: a0   acc  [   ][   ]
//      a1        [   ][   ]     acc[i][j] += broadcast(a_i) * b_j
//      a2        [   ][   ]
//
// The accumulators are iter_args of the loops, so they never touch memory there. Whoever emits a tile owns the loops
// around it and what happens to the accumulators at the end; a matmul, a convolution and the two products of attention
// differ in nothing else. Register budget: rows * vectors * chains + vectors + 1. Products of narrow elements are the
// same with a DotForm, whose vectors of A and B hold several elements of each row and column.
#pragma once
#include "passes/loops/DotProduct.h"

namespace quern {

struct TileShape {
  int64_t rows;
  int64_t vectors;
  int64_t lanes;      ///< elements of one vector
  mlir::Type element; ///< of the accumulators: f32, f64 or an integer
  /// Sums that each accumulator is split into, which take turns step by step: so few accumulators do not wait for each
  /// other. A power of two that divides the unroll of the innermost loop.
  int64_t chains = 1;
  /// Null: a step is one product per sum. Else a step is the form's depth, A and B have the form's elements and lie as
  /// it wants them, and rows come as many at a time as a vector of A holds.
  const DotForm *dot = nullptr;
};

/// Where the factors lie. Offsets and strides count elements; the memrefs are 1-D. An element type narrower than the
/// accumulators' is widened after the load.
struct TileOperands {
  mlir::Value a;
  Index rowStride; ///< of A, from row to row; a constant becomes a displacement and costs no register
  mlir::Value b;
  int64_t panelWidth; ///< columns that lie next to each other in B, a multiple of the lanes
  Index panelStride;  ///< of B, from one panel of that many columns to the next
};

/// One loop of a reduction nest. Every step moves A and B by so many elements.
struct ReductionLoop {
  Index extent;
  Index stepA, stepB;
  int64_t unroll = 1; ///< steps per iteration, for the innermost loop only; a rest runs one by one
};

/// Memory of the rows of A that do not simply lie at their place, and null for those that do, for one innermost loop:
/// at these indices of the loops around it A is read from `offset` on. Such a row starts at the memory's first element.
using RowMemory = llvm::function_ref<llvm::SmallVector<mlir::Value>(Index offset, llvm::ArrayRef<Index> indices)>;

/// Row by row: accumulator (i, j) is at i * vectors + j.
using Accumulators = llvm::SmallVector<mlir::Value>;

class RegisterTile {
public:
  RegisterTile(IndexBuilder builder, const Level &level, TileShape shape, TileOperands operands);

  Accumulators zero() const;

  /// Adds the products of a nest of loops, outermost first, that starts at these offsets, to the rows [first, end).
  /// Long sums of floats are cut into parts, because the error of a sum grows with its length. The other rows stay: at
  /// the border of an image some rows of a step lie outside, and whoever knows it at compile time leaves them out.
  /// Whoever learns it at run time passes `rowMemory`.
  void accumulate(Accumulators &sums, llvm::ArrayRef<ReductionLoop> nest, Index offsetA, Index offsetB, int64_t first,
                  int64_t end, std::optional<RowMemory> rowMemory = std::nullopt) const;
  void accumulate(Accumulators &sums, llvm::ArrayRef<ReductionLoop> nest, Index offsetA, Index offsetB) const {
    accumulate(sums, nest, offsetA, offsetB, 0, shape.rows);
  }

  const TileShape &getShape() const { return shape; }
  mlir::VectorType getVectorType() const { return type; }

private:
  void accumulateParts(Accumulators &sums, llvm::ArrayRef<ReductionLoop> nest, Index offsetA, Index offsetB,
                       int64_t first, int64_t end, std::optional<RowMemory> rowMemory, int64_t steps) const;
  /// An innermost loop: where it starts in A and B, in A for each vector of an iteration's steps, in each panel of B,
  /// and rows with memory of their own. Where scalars come by lane the vectors' and panels' places are numbers of unknown
  /// origin, for LLVM to address all of a panel from one register; elsewhere there are none, as LLVM does better with
  /// what it knows.
  struct Run {
    const ReductionLoop &loop;
    Index offsetA, offsetB;
    llvm::SmallVector<Index> vectorsA;
    llvm::SmallVector<Index> panels;
    llvm::SmallVector<mlir::Value> ownMemory;
  };
  /// One step of it: A and B at these offsets, rows with memory of their own and B's panels so far along. Where `rows`
  /// has vectors of A, the `lane` of each is the row's scalar.
  struct Step {
    const Run &run;
    Index offsetA, offsetB, alongA, alongB;
    int64_t lane;
    llvm::ArrayRef<mlir::Value> rows;
  };
  llvm::SmallVector<Index> vectorsAt(Index offsetA, int64_t steps, int64_t rows) const;
  llvm::SmallVector<Index> panelsAt(Index offsetB) const;
  void addSteps(llvm::MutableArrayRef<mlir::Value> sums, const Run &run, Index from, int64_t count, int64_t first,
                int64_t end) const;
  void add(llvm::MutableArrayRef<mlir::Value> sums, const Step &step, int64_t first, int64_t end) const;
  void addDots(llvm::MutableArrayRef<mlir::Value> sums, const Step &step, int64_t first, int64_t end) const;
  mlir::Value sum(mlir::Value a, mlir::Value b) const;
  std::pair<mlir::Value, Index> rowAt(const Step &step, int64_t row) const;
  Index columnAt(const Step &step, int64_t column) const;
  mlir::Value loadVector(Index offset) const;
  mlir::Value scalarOf(const Step &step, int64_t row, int64_t first) const;

  mutable IndexBuilder builder;
  const Level &level;
  TileShape shape;
  TileOperands operands;
  mlir::VectorType type;
  llvm::SmallVector<Index> rowOffsets;
  mutable std::optional<DotProduct> dot;
};

} // namespace quern
