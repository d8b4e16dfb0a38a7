#include "frontends/onnx/lowering/NodeLowering.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

Lowered onnx::lowerRelu(NodeLowering &node) { return SmallVector<Value>{node.max(node.operand(0), 0.0)}; }
