#include "frontends/onnx/lowering/Lowering.h"
#include "frontends/onnx/lowering/Walk.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

static const LoweringEntry kLowerings[] = {
#define QUERN_LOWER_AS(DOMAIN, OP, SINCE, TENSORS_ONLY, FUNCTION) {DOMAIN, OP, SINCE, TENSORS_ONLY, FUNCTION},
#include "frontends/onnx/lowering/Lowerings.inc"
};

const LoweringEntry *onnx::findLowering(StringRef domain, StringRef opType) {
  static const auto *byName = [] {
    auto *map = new llvm::StringMap<const LoweringEntry *>;
    for (const LoweringEntry &entry : kLowerings)
      (*map)[(entry.domain + "." + entry.opType).str()] = &entry;
    return map;
  }();
  return byName->lookup((domain + "." + opType).str());
}

//===--- Symbols ----------------------------------------------------------------------------===//

Dim Walk::symbolOf(StringRef name) {
  std::string &symbol = symbols[name];
  if (symbol.empty())
    symbol = freshSymbol(name).str();
  return Dim::symbol(symbol);
}

Dim Walk::freshSymbol(StringRef base) {
  std::string name;
  for (char c : base.take_front(80))
    name += llvm::isAlnum(c) || StringRef("_.$:/").contains(c) ? c : '_';
  if (name.empty() || llvm::isDigit(name.front()))
    name.insert(0, "d");
  std::string unique = name;
  for (int suffix = 1; !taken.insert(unique).second; ++suffix)
    unique = name + "$" + std::to_string(suffix);
  return Dim::symbol(unique);
}

bool Walk::isNewGuard(Block *block, const Dim &a, const Dim &b) {
  return guards.insert({block, a.str(), b.str()}).second;
}

void Walk::forgetGuards(Block *block) {
  std::erase_if(guards, [&](const auto &guard) { return std::get<0>(guard) == block; });
}

/// Whether memory can hold the value, or there is no need as it is a constant.
static bool existsAtRunTime(Value value) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  return !tensor || graph::isStorable(tensor.getElementType()) || value.getDefiningOp<graph::ConstantOp>();
}

//===--- The walk ---------------------------------------------------------------------------===//

llvm::Error Walk::lowerNode(NodeOp node, Block *into) {
  SmallVector<Value> operands;
  for (Value input : node.getInputs())
    operands.push_back(values.lookup(input));
  NodeLowering lowering(*this, node, operands, OpBuilder::InsertPoint(into, into->end()));
  const LoweringEntry *entry = findLowering(node.getDomain(), node.getOpType());
  if (!entry) {
    std::string domain = node.getDomain().empty() ? "" : (" of domain " + quoted(node.getDomain()));
    return lowering.error(ErrorKind::Unsupported, "operator {0}{1} is not supported", node.getOpType(), domain);
  }
  if (lowering.version() < entry->since)
    return lowering.error(ErrorKind::Model, "the operator exists since opset {0}", entry->since);
  for (Value operand : lowering.allOperands())
    if (entry->tensorsOnly && operand && !isa<RankedTensorType>(operand.getType()))
      return lowering.error(ErrorKind::Model, "takes tensors, got {0}", operand.getType());

  Lowered results = entry->lower(lowering);
  if (llvm::Error failure = lowering.takeFailure()) {
    if (!results)
      llvm::consumeError(results.takeError());
    return failure;
  }
  if (!results)
    return results.takeError();
  for (auto [i, result] : llvm::enumerate(node.getResults())) {
    if (i < results->size() && (*results)[i] && !existsAtRunTime((*results)[i]))
      return lowering.error(ErrorKind::Unsupported, "computes {0}; such elements are supported in constants only",
                            (*results)[i].getType());
    if (i < results->size() && (*results)[i])
      values[result] = (*results)[i];
    else if (!result.use_empty())
      return lowering.error(ErrorKind::Model, "has {0} outputs; output {1} does not exist", node.getNumResults(), i);
  }
  return llvm::Error::success();
}

Lowered Walk::lowerBlock(Block &block, ArrayRef<Value> arguments, Block *into) {
  for (auto [argument, value] : llvm::zip(block.getArguments(), arguments))
    values[argument] = value;
  for (Operation &op : block) {
    if (auto initializer = dyn_cast<InitializerOp>(op)) {
      auto builder = OpBuilder::atBlockEnd(into);
      Location loc = NameLoc::get(initializer.getNameAttr());
      values[initializer.getResult()] =
          builder.create<graph::ConstantOp>(loc, initializer.getResult().getType(), initializer.getValue());
    } else if (auto node = dyn_cast<NodeOp>(op)) {
      if (llvm::Error error = lowerNode(node, into))
        return error;
    }
  }
  SmallVector<Value> results;
  for (Value operand : block.getTerminator()->getOperands()) {
    results.push_back(values.lookup(operand));
    if (!results.back())
      return makeError(ErrorKind::Model, "a graph has an output that nothing computes");
  }
  return results;
}

//===--- The module -------------------------------------------------------------------------===//

/// The type of argument `i` of the onnx @main with the file's symbols.
static llvm::Expected<Type> argumentType(func::FuncOp main, unsigned i, Walk &walk) {
  auto name = main.getArgAttrOfType<StringAttr>(i, kNameAttr);
  auto tensor = dyn_cast<RankedTensorType>(main.getArgument(i).getType());
  if (!tensor)
    return makeError(ErrorKind::Unsupported, "input {0} has type {1}; inputs must be tensors of known rank",
                     quoted(name ? name.getValue() : ""), graph::typeText(main.getArgument(i).getType()));
  if (!graph::isStorable(tensor.getElementType()))
    return makeError(ErrorKind::Unsupported, "input {0} has elements of type {1}, which arrays cannot have",
                     quoted(name ? name.getValue() : ""), graph::typeText(tensor.getElementType()));
  auto names = main.getArgAttrOfType<ArrayAttr>(i, kDimsAttr);
  SmallVector<Dim> dims;
  for (auto [axis, size] : llvm::enumerate(tensor.getShape())) {
    StringRef symbol = names && axis < names.size() ? cast<StringAttr>(names[axis]).getValue() : "";
    if (!ShapedType::isDynamic(size))
      dims.push_back(size);
    else
      dims.push_back(symbol.empty() ? walk.freshSymbol("dim") : walk.symbolOf(symbol));
  }
  return graph::tensorType(dims, tensor.getElementType());
}

/// The declared type of a result is a promise to check. Exporters get ranks wrong (a scalar declared where the graph
/// makes [1]): there the graph is right, as in ONNX Runtime, and the user is told.
static llvm::Error checkResult(func::FuncOp main, unsigned i, Value value) {
  auto name = main.getResultAttrOfType<StringAttr>(i, kNameAttr);
  std::string who = "output " + quoted(name ? name.getValue() : "");
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return makeError(ErrorKind::Unsupported, "{0} has type {1}; outputs must be tensors", who,
                     graph::typeText(value.getType()));
  if (!graph::isStorable(type.getElementType()))
    return makeError(ErrorKind::Unsupported, "{0} has elements of type {1}, which arrays cannot have", who,
                     graph::typeText(type.getElementType()));
  auto declared = main.getResultAttrOfType<TypeAttr>(i, kTypeAttr);
  auto promise = declared ? dyn_cast<ShapedType>(declared.getValue()) : ShapedType();
  if (!promise)
    return llvm::Error::success();
  if (promise.getElementType() != type.getElementType())
    return makeError(ErrorKind::Model, "{0} is declared with elements of type {1}, but the graph makes {2}", who,
                     graph::typeText(promise.getElementType()), graph::typeText(type.getElementType()));
  if (promise.hasRank() && promise.getRank() != type.getRank())
    emitWarning(main.getLoc()) << who << " is declared with " << promise.getRank() << " axes, but the graph makes "
                               << type.getRank() << "; it will have " << type.getRank();
  return llvm::Error::success();
}

static void eraseUnused(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        eraseUnused(inner);
    if (op.use_empty() && (isMemoryEffectFree(&op) || isa<UnrealizedConversionCastOp>(op)) &&
        !op.hasTrait<OpTrait::IsTerminator>())
      op.erase();
  }
}

llvm::Expected<OwningOpRef<ModuleOp>> quern::lowerToGraph(ModuleOp onnxModule) {
  MLIRContext *context = onnxModule.getContext();
  context->loadDialect<graph::GraphDialect, func::FuncDialect>();
  auto source = onnxModule.lookupSymbol<func::FuncOp>("main");
  if (!source || source.isExternal())
    return makeError(ErrorKind::Internal, "the module has no function @main");

  OwningOpRef<ModuleOp> module = ModuleOp::create(onnxModule.getLoc());
  (*module)->setAttrs(onnxModule->getAttrDictionary());
  OpBuilder builder(module->getBodyRegion());
  auto main = builder.create<func::FuncOp>(source.getLoc(), "main", builder.getFunctionType({}, {}));
  Block *body = main.addEntryBlock();

  Walk walk;
  for (unsigned i = 0; i < source.getNumArguments(); ++i) {
    llvm::Expected<Type> type = argumentType(source, i, walk);
    if (!type)
      return type.takeError();
    body->addArgument(*type, source.getArgument(i).getLoc());
  }
  SmallVector<Value> arguments(body->getArguments());
  Lowered results = walk.lowerBlock(source.front(), arguments, body);
  if (!results)
    return results.takeError();
  for (auto [i, result] : llvm::enumerate(*results))
    if (llvm::Error error = checkResult(source, i, result))
      return error;

  builder.setInsertionPointToEnd(body);
  builder.create<func::ReturnOp>(source.getLoc(), *results);
  main.setFunctionType(builder.getFunctionType(body->getArgumentTypes(), ValueRange(*results).getTypes()));
  for (unsigned i = 0; i < arguments.size(); ++i)
    if (auto name = source.getArgAttr(i, kNameAttr))
      main.setArgAttr(i, "graph.name", name);
  for (unsigned i = 0; i < results->size(); ++i)
    if (auto name = source.getResultAttr(i, kNameAttr))
      main.setResultAttr(i, "graph.name", name);
  eraseUnused(*body);
  if (llvm::Error error = checkElementTypes(main))
    return error;
  return module;
}
