#include "dialects/graph/Evaluate.h"

using namespace mlir;
using namespace quern;

std::optional<SmallVector<Dim>> graph::evaluateDims(Operation *op) { return std::nullopt; }
FailureOr<ElementsAttr> graph::evaluateConstant(Operation *op) { return failure(); }
FailureOr<ElementsAttr> graph::evaluateSmall(Operation *op) { return failure(); }
