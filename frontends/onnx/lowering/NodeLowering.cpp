// What a lowering reads of its node, and errors.
#include "frontends/onnx/lowering/NodeLowering.h"
#include "frontends/onnx/lowering/Lowering.h"
#include "frontends/onnx/lowering/Walk.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

/// A node without a name goes by its first output's.
static StringRef nameOf(NodeOp node) {
  if (!node.getName().empty() || !node.getOutputNames() || node.getOutputNames()->empty())
    return node.getName();
  return cast<StringAttr>((*node.getOutputNames())[0]).getValue();
}

/// Kernels list the nodes they came from by these: the node's name around its operator.
static Location locationOf(NodeOp node) {
  Location op = NameLoc::get(StringAttr::get(node.getContext(), node.getOpType()));
  StringRef name = nameOf(node);
  return name.empty() ? op : NameLoc::get(StringAttr::get(node.getContext(), name), op);
}

std::vector<graph::ModelNode> quern::modelNodes(ModuleOp onnxModule) {
  SmallVector<graph::ModelNode> nodes;
  onnxModule.walk<WalkOrder::PreOrder>([&](NodeOp node) {
    if (node.getOpType() != "Constant")
      graph::collectNodes(locationOf(node), nodes);
  });
  return {nodes.begin(), nodes.end()};
}

NodeLowering::NodeLowering(Walk &walk, NodeOp node, ArrayRef<Value> operands, OpBuilder::InsertPoint where)
    : builder(locationOf(node), node.getContext()), walk(walk), node(node), operands(operands) {
  while (!this->operands.empty() && !this->operands.back())
    this->operands.pop_back();
  builder.restoreInsertionPoint(where);
}

StringRef NodeLowering::resultName(size_t i) {
  std::optional<ArrayAttr> names = node.getOutputNames();
  return names && i < names->size() ? cast<StringAttr>((*names)[i]).getValue() : "";
}

//===--- Attributes -------------------------------------------------------------------------===//

int64_t NodeLowering::integer(StringRef name, int64_t otherwise) {
  auto value = node.getNodeAttrOfType<IntegerAttr>(name);
  return value ? value.getInt() : otherwise;
}

double NodeLowering::real(StringRef name, double otherwise) {
  auto value = node.getNodeAttrOfType<FloatAttr>(name);
  return value ? value.getValueAsDouble() : otherwise;
}

StringRef NodeLowering::text(StringRef name, StringRef otherwise) {
  auto value = node.getNodeAttrOfType<StringAttr>(name);
  return value ? value.getValue() : otherwise;
}

std::optional<SmallVector<int64_t>> NodeLowering::integers(StringRef name) {
  auto values = node.getNodeAttrOfType<DenseI64ArrayAttr>(name);
  return values ? std::optional(llvm::to_vector(values.asArrayRef())) : std::nullopt;
}

std::optional<SmallVector<double>> NodeLowering::reals(StringRef name) {
  auto values = node.getNodeAttrOfType<DenseF32ArrayAttr>(name);
  if (!values)
    return std::nullopt;
  return SmallVector<double>(values.asArrayRef().begin(), values.asArrayRef().end());
}

std::optional<SmallVector<std::string>> NodeLowering::strings(StringRef name) {
  auto values = node.getNodeAttrOfType<ArrayAttr>(name);
  if (!values)
    return std::nullopt;
  SmallVector<std::string> result;
  for (Attribute value : values) {
    auto text = dyn_cast<StringAttr>(value);
    if (!text)
      return std::nullopt;
    result.push_back(text.getValue().str());
  }
  return result;
}

//===--- Errors -----------------------------------------------------------------------------===//

std::string NodeLowering::prefix() {
  std::string name = nameOf(node).empty() ? "" : " " + quoted(nameOf(node));
  return llvm::formatv("node{0} ({1}, opset {2}): ", name, opType(), version()).str();
}

void NodeLowering::fail(llvm::Error error) {
  Failure next = quern::takeFailure(std::move(error));
  if (!failure)
    failure = std::move(next);
}

llvm::Error NodeLowering::takeFailure() {
  return failure ? llvm::make_error<QuernError>(failure->kind, failure->message) : llvm::Error::success();
}

void NodeLowering::warn(const Twine &text) {
  mlir::emitWarning(node.getLoc()) << prefix() << text;
}

llvm::Error NodeLowering::expectOperands(size_t least, size_t most) {
  if (numOperands() > most)
    return error(ErrorKind::Model, "has {0} inputs, but the operator takes at most {1}", numOperands(), most);
  for (size_t i = 0; i < least; ++i)
    if (!has(i))
      return error(ErrorKind::Model, "input {0} is missing; the operator needs {1}", i, least);
  return llvm::Error::success();
}

//===--- Values at compile time -------------------------------------------------------------===//

std::optional<SmallVector<int64_t>> NodeLowering::knownInts(size_t i) {
  return has(i) ? knownInts(operand(i)) : std::nullopt;
}

std::optional<SmallVector<int64_t>> NodeLowering::knownInts(Value value) {
  std::optional<SmallVector<Dim>> dims = graph::knownIntegers(value);
  if (!dims)
    return std::nullopt;
  SmallVector<int64_t> result;
  for (const Dim &dim : *dims) {
    if (!dim.isConstant())
      return std::nullopt;
    result.push_back(*dim.constant());
  }
  return result;
}

std::optional<SmallVector<double>> NodeLowering::knownReals(size_t i) {
  if (!has(i))
    return std::nullopt;
  if (std::optional<SmallVector<int64_t>> integers = knownInts(i))
    return SmallVector<double>(integers->begin(), integers->end());
  auto constant = operand(i).getDefiningOp<graph::ConstantOp>();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
  if (!dense || !isa<FloatType>(dense.getElementType()))
    return std::nullopt;
  SmallVector<double> result;
  for (APFloat value : dense.getValues<APFloat>()) {
    bool lossy;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
    result.push_back(value.convertToDouble());
  }
  return result;
}

SmallVector<std::optional<Dim>> NodeLowering::partlyKnown(Value value) {
  if (std::optional<SmallVector<Dim>> known = graph::knownIntegers(value))
    return SmallVector<std::optional<Dim>>(known->begin(), known->end());
  SmallVector<std::optional<Dim>> result;
  if (auto concat = value.getDefiningOp<graph::ConcatOp>()) {
    for (Value input : concat.getInputs())
      result.append(partlyKnown(input));
    return result;
  }
  result.resize(*product(graph::dimsOf(value)).constant());
  return result;
}

SmallVector<Dim> NodeLowering::readDims(Value value, int64_t minimum) {
  if (std::optional<SmallVector<Dim>> known = graph::knownIntegers(value))
    return *known;
  SmallVector<Dim> extents = graph::dimsOf(value);
  if (!isa<IntegerType>(graph::elementOf(value)) || extents.size() > 1 ||
      (extents.size() == 1 && !extents[0].isConstant())) {
    fail(error(ErrorKind::Unsupported, "needs integers of a number known at compile time, got {0}", value.getType()));
    return {};
  }
  int64_t count = extents.empty() ? 1 : *extents[0].constant();
  if (count > 64) {
    fail(error(ErrorKind::Unsupported, "reads {0} sizes at run time; at most 64 are supported", count));
    return {};
  }
  SmallVector<Dim> dims;
  SmallVector<Attribute> symbols;
  for (std::optional<Dim> &known : partlyKnown(value)) {
    Dim symbol = freshSymbol(resultName(0));
    dims.push_back(known.value_or(symbol));
    symbols.push_back(builder.getStringAttr(symbol.str()));
  }
  builder.create<graph::ReadSymbolsOp>(value, builder.getArrayAttr(symbols), minimum, StringAttr());
  return dims;
}

llvm::Expected<int64_t> NodeLowering::axis(int64_t value, int64_t rank, StringRef attribute) {
  if (value < -rank || value >= rank)
    return error(ErrorKind::Model, "{0} is {1}, but the tensor has {2} axes", attribute, value, rank);
  return value < 0 ? value + rank : value;
}

llvm::Expected<SmallVector<int64_t>> NodeLowering::axes(ArrayRef<int64_t> values, int64_t rank, StringRef attribute) {
  SmallVector<int64_t> result;
  for (int64_t value : values) {
    llvm::Expected<int64_t> one = axis(value, rank, attribute);
    if (!one)
      return one.takeError();
    if (llvm::is_contained(result, *one))
      return error(ErrorKind::Model, "{0} names axis {1} twice", attribute, *one);
    result.push_back(*one);
  }
  return result;
}

Dim NodeLowering::freshSymbol(StringRef base) { return walk.freshSymbol(base); }

Lowered NodeLowering::lowerRegion(Region &region, ArrayRef<Value> arguments, Block *into) {
  return walk.lowerBlock(region.front(), arguments, into);
}

void NodeLowering::discard(Operation *op) {
  op->walk([&](Block *block) { walk.forgetGuards(block); });
  op->erase();
}
