#pragma once
#include "passes/loops/ElementEmitter.h"

namespace quern {

/// Places that a step of `findPlace` looks at: of elements in few registers, and of others.
constexpr int64_t kManyPlaces = 64, kFewPlaces = 32;

/// The first (or last) place in [0, extent) where `isHit`: `lanes` at a time, up to it. Of none, an index outside, as an
/// unsigned number at least `extent`.
mlir::Value findPlace(ElementEmitter &outer, mlir::Value extent, bool last, int64_t lanes,
                      llvm::function_ref<mlir::Value(ElementEmitter &, const AxisPoint &)> isHit);

/// Lanes of i1 as an integer, the first one lowest.
mlir::Value bitsOf(mlir::ImplicitLocOpBuilder &builder, mlir::Value lanes);

/// Which of the lanes behind these bits comes first, or last; of none, a number outside.
mlir::Value placeOfLane(mlir::ImplicitLocOpBuilder &builder, mlir::Value bits, bool last);

} // namespace quern
