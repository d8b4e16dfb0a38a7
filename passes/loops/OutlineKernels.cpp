#include "dialects/kernel/Facts.h"
#include "dialects/kernel/Kernel.h"
#include "passes/loops/Loops.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "passes/loops/Passes.h.inc"

namespace {

/// The parameters of one kernel: each distinct dim expression, in the order of appearance.
class Parameters {
public:
  Dim rename(const Dim &dim) {
    if (dim.isConstant())
      return dim;
    auto [place, isNew] = indices.try_emplace(dim.str(), indices.size());
    if (isNew)
      values.push_back(dim);
    return Dim::symbol("d" + std::to_string(place->second));
  }

  Type rename(Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.getEncoding())
      return type;
    SmallVector<Dim> dims;
    for (const Dim &dim : dimsOf(type))
      dims.push_back(rename(dim));
    return tensorType(dims, tensor.getElementType());
  }

  /// Attributes that hold dim expressions: starts of slices, amounts of padding, shape vectors.
  void renameAttributes(Operation *op) {
    for (StringRef name : {"starts", "low", "dims"}) {
      auto exprs = op->getAttrOfType<ArrayAttr>(name);
      if (!exprs || !llvm::all_of(exprs, llvm::IsaPred<StringAttr>))
        continue;
      SmallVector<Dim> dims;
      for (const Dim &dim : dimsOf(exprs))
        dims.push_back(rename(dim));
      op->setAttr(name, dimsAttr(op->getContext(), dims));
    }
  }

  SmallVector<Dim> values;

private:
  llvm::StringMap<size_t> indices;
};

struct OutlineKernelsPass : impl::OutlineKernelsPassBase<OutlineKernelsPass> {
  using OutlineKernelsPassBase::OutlineKernelsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<kernel::RegionOp> regions;
    module.walk([&](kernel::RegionOp region) { regions.push_back(region); });
    OpBuilder top = OpBuilder::atBlockEnd(module.getBody());
    for (kernel::RegionOp region : regions)
      outline(region, top);
  }

  void outline(kernel::RegionOp region, OpBuilder &top) {
    Parameters parameters;
    SmallVector<Type> resultTypes(region.getResultTypes());
    Location unknown = UnknownLoc::get(&getContext());
    Block &body = region.getBody().front();
    for (BlockArgument argument : body.getArguments()) {
      argument.setType(parameters.rename(argument.getType()));
      argument.setLoc(unknown);
    }
    for (Operation &op : body) {
      for (Value result : op.getResults())
        result.setType(parameters.rename(result.getType()));
      parameters.renameAttributes(&op);
      op.setLoc(unknown);
      op.setDiscardableAttrs(ArrayRef<NamedAttribute>()); // facts, not what it computes
    }
    auto function = top.create<kernel::FuncOp>(unknown, "k", parameters.values.size(), region.getScheduleAttr(),
                                               StringAttr(), StringAttr(), StringAttr(), StringAttr(), IntegerAttr());
    function.getBody().takeBody(region.getBody());
    std::string text;
    llvm::raw_string_ostream stream(text);
    function->print(stream, OpPrintingFlags().useLocalScope());
    auto [known, isNew] = functions.try_emplace(text, functions.size());
    std::string name = prefix + std::to_string(known->second);
    if (isNew)
      function.setSymName(name);
    else
      function.erase();

    OpBuilder builder(region);
    auto launch = builder.create<kernel::LaunchOp>(region.getLoc(), resultTypes, region.getNameAttr(),
                                                   FlatSymbolRefAttr::get(&getContext(), name), region.getInputs(),
                                                   dimsAttr(&getContext(), parameters.values), region.getNodesAttr());
    kernel::passFacts(region, launch);
    region.replaceAllUsesWith(launch.getResults());
    region.erase();
  }

  llvm::StringMap<size_t> functions;
};

} // namespace
} // namespace quern
