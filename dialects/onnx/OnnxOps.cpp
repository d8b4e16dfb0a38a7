#include "dialects/onnx/OnnxOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern::onnx;

#include "dialects/onnx/OnnxDialect.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/onnx/OnnxTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/onnx/OnnxOps.cpp.inc"

void OnnxDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/onnx/OnnxTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/onnx/OnnxOps.cpp.inc"
      >();
}

Region *NodeOp::getNamedRegion(StringRef name) {
  if (ArrayAttr names = getRegionNamesAttr())
    for (auto [regionName, region] : llvm::zip(names.getAsRange<StringAttr>(), getBodies()))
      if (regionName == name)
        return &region;
  return nullptr;
}

LogicalResult NodeOp::verify() {
  if (getOpType().empty())
    return emitOpError("has no operator: op_type is empty");
  if (static_cast<int64_t>(getOpset()) < 1)
    return emitOpError("has opset ") << static_cast<int64_t>(getOpset()) << ", but versions begin at 1";
  if (Attribute attributes = (*this)->getAttr(kNodeAttrs); attributes && !isa<DictionaryAttr>(attributes))
    return emitOpError("'attributes' is no dictionary");

  ArrayAttr regionNames = getRegionNamesAttr();
  size_t regionNameCount = regionNames ? regionNames.size() : 0;
  if (regionNameCount != getBodies().size())
    return emitOpError("has ") << getBodies().size() << " regions, but region_names has " << regionNameCount;
  llvm::StringSet<> seen;
  for (size_t i = 0; i < regionNameCount; ++i) {
    StringRef name = cast<StringAttr>(regionNames[i]).getValue();
    if (getNodeAttr(name) || !seen.insert(name).second)
      return emitOpError("has two attributes named '") << name << "'";
  }
  for (Region &body : getBodies())
    if (body.front().empty() || !isa<YieldOp>(body.front().back()))
      return emitOpError("region does not end with onnx.yield");

  if (ArrayAttr names = getOutputNamesAttr(); names && names.size() != getOutputs().size())
    return emitOpError("has ") << getOutputs().size() << " outputs, but output_names has " << names.size();
  for (Value output : getOutputs())
    if (isa<NoneType>(output.getType()) && !output.use_empty())
      return emitOpError("uses an output that it leaves out (type none)");
  return success();
}

OpFoldResult InitializerOp::fold(FoldAdaptor adaptor) {
  return getValueAttr();
}
