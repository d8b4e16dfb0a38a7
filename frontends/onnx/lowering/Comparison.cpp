#include "frontends/onnx/lowering/Families.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

namespace {
struct Comparison {
  llvm::StringLiteral name;
  graph::CompareKind kind;
};
} // namespace

static const Comparison kComparisons[] = {
    {"Equal", graph::CompareKind::eq},          {"Greater", graph::CompareKind::gt},
    {"GreaterOrEqual", graph::CompareKind::ge}, {"Less", graph::CompareKind::lt},
    {"LessOrEqual", graph::CompareKind::le},
};

Lowered onnx::lowerComparison(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(2, 2))
    return error;
  llvm::Expected<Value> rhs = alignedRhs(node);
  if (!rhs)
    return rhs.takeError();
  const Comparison *row =
      llvm::find_if(kComparisons, [&](const Comparison &entry) { return entry.name == node.opType(); });
  return one(node.compare(row->kind, node.operand(0), *rhs));
}

Lowered onnx::lowerWhere(NodeLowering &node) {
  if (llvm::Error error = node.expectOperands(3, 3))
    return error;
  return one(node.select(node.operand(0), node.operand(1), node.operand(2)));
}
