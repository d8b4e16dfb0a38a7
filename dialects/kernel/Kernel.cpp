#include "dialects/kernel/Kernel.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern::kernel;

#include "dialects/kernel/KernelDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.cpp.inc"

void KernelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/kernel/KernelAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/kernel/KernelOps.cpp.inc"
      >();
}

int64_t ScheduleAttr::parameter(StringRef name, int64_t otherwise) const {
  auto value = llvm::dyn_cast_if_present<IntegerAttr>(getParameters().get(name));
  return value ? value.getInt() : otherwise;
}

LogicalResult RegionOp::verify() {
  Block &block = getBody().front();
  if (block.getNumArguments() != getInputs().size())
    return emitOpError() << "has " << getInputs().size() << " inputs and " << block.getNumArguments()
                         << " block arguments";
  for (auto [input, argument] : llvm::zip(getInputs(), block.getArguments()))
    if (input.getType() != argument.getType())
      return emitOpError() << "input " << input.getType() << " does not match block argument " << argument.getType();
  auto yield = llvm::dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getValues().getTypes() != getResultTypes())
    return emitOpError() << "must end with a kernel.yield of its result types";
  return success();
}
