#pragma once
#include "mlir/IR/PatternMatch.h"

namespace quern::graph {

/// Products of the terms of texts: a part of SimplifyGraph.
void populateTermPatterns(mlir::RewritePatternSet &patterns);

} // namespace quern::graph
