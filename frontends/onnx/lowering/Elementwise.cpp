#include "frontends/onnx/lowering/NodeLowering.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

Lowered onnx::lowerAdd(NodeLowering &node) { return SmallVector<Value>{node.add(node.operand(0), node.operand(1))}; }
