// Small constant matrices times registers.
#pragma once
#include "dialects/graph/Winograd.h"
#include "passes/loops/IndexBuilder.h"

namespace quern {

/// matrix * values, each value a vector register of floats. Neighbouring rows, or columns, that differ in signs alone
/// are computed as the sum and the difference of what they share.
llvm::SmallVector<mlir::Value> applyMatrix(IndexBuilder builder, const Matrix &matrix,
                                           llvm::ArrayRef<mlir::Value> values);

} // namespace quern
