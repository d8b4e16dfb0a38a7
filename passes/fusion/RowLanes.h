// Which ops are better computed with a row in each lane of a vector than with vectors along the rows.
#pragma once
#include "mlir/IR/Block.h"
#include "llvm/ADT/DenseSet.h"

namespace quern {

/// Reductions of short rows, products with few columns, and what is computed on the way to them and behind them:
/// vectors along a row of five elements would be mostly empty. None where there are few rows.
llvm::DenseSet<mlir::Operation *> findRowLanes(mlir::Block &block);

} // namespace quern
