// The register tiles that each level runs at full speed, and the choice among them.
#pragma once
#include "codegen/Target.h"
#include <optional>

namespace quern {

/// A tile of up to `rows` rows whose accumulators, operands and broadcasts fit the level's registers.
struct TileChoice {
  int64_t rows;
  int64_t vectors;
  int64_t unroll; ///< steps of the reduction per iteration
};

/// Elements of 8 or 16 bits that dot products multiply.
enum class DotElement { S8, U8, BF16 };

/// An instruction that multiplies narrow elements and adds the products to sums of 32 bits: `rows` rows of A times as
/// many columns of B as its vector of sums has room for. In memory `depth` neighbours along the reduction lie together,
/// those of row after row of A, those of column after column of B, so that both are read in whole vectors.
struct DotForm {
  llvm::StringLiteral level;     ///< the lowest that has it
  llvm::StringLiteral name;      ///< of the instruction
  llvm::StringLiteral intrinsic; ///< LLVM's name of it: (sums, A, B) -> sums
  DotElement a, b;
  int64_t rows;    ///< 1: A's row comes from a lane; 2: a vector has 2 x depth elements of A, and 2 x 2 sums row by row
  int64_t depth;   ///< products added to each sum
  TileChoice tile; ///< the largest that fits the registers; a step is `depth` elements
};

/// The dot products of a level and of those below it, from codegen/<architecture>/Intrinsics.inc.
llvm::SmallVector<const DotForm *> dotForms(const Level &level);

/// What is to be covered with tiles.
struct TileDemand {
  std::optional<int64_t> rows;     ///< unknown: many
  std::optional<int64_t> vectors;  ///< of columns; unknown: many
  int64_t multiple = 1;            ///< of vectors that a tile must take: those of a panel
  bool chains = false;             ///< the emitter splits the sums of small tiles into chainsOf() of them
  bool farRows = false;            ///< the distance between rows is a run-time number and costs address registers
};

/// All tiles of a level, from codegen/<architecture>/Schedules.inc.
llvm::ArrayRef<TileChoice> registerTiles(const Level &level);

/// Into how many sums each of so few accumulators is split, for the multiply-add units not to wait: eight are in
/// flight.
int64_t chainsOf(int64_t accumulators);

/// The tile that covers the demand in the fewest steps, its rows cut to what is needed: 49 rows are covered by four
/// tiles of 13 rather than by 14 + 14 + 14 + 7.
TileChoice chooseTile(const Level &level, const TileDemand &demand);

} // namespace quern
