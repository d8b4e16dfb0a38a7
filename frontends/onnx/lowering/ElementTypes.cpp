// Which element types there are at run time: others may be constants that fold away, but nothing else.
#include "frontends/onnx/lowering/Walk.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

static Type unsupported(TypeRange types) {
  for (Type type : types)
    if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && !graph::isStorable(tensor.getElementType()))
      return tensor.getElementType();
  return {};
}

/// "node 'name' (Op)" of a graph op, from its location.
static std::string nodeOf(Location location) {
  auto outer = dyn_cast<NameLoc>(location);
  if (!outer)
    return "the graph";
  auto inner = dyn_cast<NameLoc>(outer.getChildLoc());
  return "node " +
         (inner ? quoted(outer.getName()) + " (" + inner.getName().str() + ")" : "(" + outer.getName().str() + ")");
}

llvm::Error onnx::checkElementTypes(func::FuncOp function) {
  llvm::Error error = llvm::Error::success();
  function.walk([&](Operation *op) {
    Type type = unsupported(op->getOperandTypes());
    type = type || isa<graph::ConstantOp>(op) ? type : unsupported(op->getResultTypes());
    if (!type)
      return WalkResult::advance();
    llvm::consumeError(std::move(error));
    error = makeError(ErrorKind::Unsupported, "{0}: elements of type {1} are not supported", nodeOf(op->getLoc()),
                      graph::typeText(type));
    return WalkResult::interrupt();
  });
  return error;
}
