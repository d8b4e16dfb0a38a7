#include "dialects/text/Text.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/graph/Passes.h"
#include "llvm/ADT/StringSet.h"

namespace quern::graph {
#define GEN_PASS_DEF_VERIFYGRAPHPASS
#include "passes/graph/Passes.h.inc"
} // namespace quern::graph

using namespace mlir;
using namespace quern;
using namespace quern::graph;

/// The symbols that are bound where the check stands. Those of a region are forgotten at its end.
using Symbols = llvm::StringSet<>;

static void bind(ArrayAttr names, Symbols &symbols) {
  for (StringAttr name : names.getAsRange<StringAttr>())
    symbols.insert(name.getValue());
}

static void bind(Type type, Symbols &symbols) {
  std::vector<std::string> names;
  for (const Dim &dim : dimsOf(type))
    dim.collectSymbols(names);
  for (const std::string &name : names)
    symbols.insert(name);
}

static LogicalResult checkDims(Operation *op, ArrayRef<Dim> dims, const Symbols &symbols) {
  std::vector<std::string> names;
  for (const Dim &dim : dims)
    dim.collectSymbols(names);
  for (const std::string &name : names)
    if (!symbols.contains(name))
      return op->emitOpError() << "uses the symbol '" << name << "' before anything binds it";
  return success();
}

static LogicalResult checkType(Operation *op, Type type, const Symbols &symbols) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return op->emitOpError() << "has a value of type " << type << "; values are tensors of known rank";
  if (!tensor.hasStaticShape() && !isa_and_nonnull<DimsAttr>(tensor.getEncoding()))
    return op->emitOpError() << "has a value of type " << type << " whose dynamic extents have no expressions";
  return checkDims(op, dimsOf(type), symbols);
}

/// The dims that an op names in its attributes.
static SmallVector<Dim> attributeDims(Operation *op) {
  auto parse = [](StringRef text) { return Dim::parse(text).value_or(Dim::symbol("?")); };
  return llvm::TypeSwitch<Operation *, SmallVector<Dim>>(op)
      .Case([](ShapeVectorOp shape) { return dimsOf(shape.getDims()); })
      .Case([](SliceOp slice) { return dimsOf(slice.getStarts()); })
      .Case([](PadOp pad) { return dimsOf(pad.getLow()); })
      .Case([&](GuardOp guard) { return SmallVector<Dim>{parse(guard.getLhs()), parse(guard.getRhs())}; })
      .Case([&](ReadSymbolsOp read) {
        return read.getMaximum() ? SmallVector<Dim>{parse(*read.getMaximum())} : SmallVector<Dim>();
      })
      .Default([](Operation *) { return SmallVector<Dim>(); });
}

static LogicalResult checkBlock(Block &block, Symbols &symbols);

static LogicalResult checkOp(Operation *op, Symbols &symbols) {
  if (!isa<GraphDialect, text::TextDialect, func::FuncDialect>(op->getDialect()))
    return op->emitOpError() << "does not belong in a graph";
  if (failed(checkDims(op, attributeDims(op), symbols)))
    return failure();
  // What an op binds is there for its results; a loop's symbols are there for its body, too.
  Symbols inside = symbols;
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](ReadSymbolsOp read) { bind(read.getSymbols(), symbols); })
      .Case([&](NonZeroOp nonZero) { symbols.insert(nonZero.getSymbol()); })
      .Case([&](IfOp branches) { bind(branches.getSymbols(), symbols); })
      .Case([&](LoopOp loop) {
        bind(loop.getSymbols(), symbols);
        inside = symbols;
      });
  for (Region &region : op->getRegions())
    for (Block &block : region) {
      Symbols scope = inside;
      if (failed(checkBlock(block, scope)))
        return failure();
    }
  for (Type type : op->getResultTypes())
    if (failed(checkType(op, type, symbols)))
      return failure();
  return success();
}

static LogicalResult checkBlock(Block &block, Symbols &symbols) {
  for (BlockArgument argument : block.getArguments())
    if (failed(checkType(block.getParentOp(), argument.getType(), symbols)))
      return failure();
  for (Operation &op : block)
    if (failed(checkOp(&op, symbols)))
      return failure();
  return success();
}

namespace {
struct VerifyGraph : graph::impl::VerifyGraphPassBase<VerifyGraph> {
  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || main.isExternal()) {
      getOperation().emitOpError("has no function @main");
      return signalPassFailure();
    }
    Symbols symbols;
    for (Type type : main.getArgumentTypes())
      if (isa<RankedTensorType>(type))
        bind(type, symbols);
    if (failed(checkBlock(main.front(), symbols)))
      signalPassFailure();
  }
};
} // namespace
