#include "dialects/graph/Graph.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

#include "dialects/graph/GraphDialect.cpp.inc"
#include "dialects/graph/GraphEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/graph/GraphAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/graph/GraphOps.cpp.inc"

void GraphDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/graph/GraphAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/GraphOps.cpp.inc"
      >();
}

Operation *GraphDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  return elements ? builder.create<ConstantOp>(loc, type, elements).getOperation() : nullptr;
}

LogicalResult DimsAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayAttr exprs) {
  for (Attribute attribute : exprs) {
    auto text = llvm::dyn_cast<StringAttr>(attribute);
    if (!text)
      return emitError() << "expected strings, got " << attribute;
    if (text.getValue().empty())
      continue;
    std::optional<Dim> dim = Dim::parse(text);
    if (!dim || dim->isPoison())
      return emitError() << "\"" << text.getValue() << "\" is not a dim expression";
    if (dim->isConstant() || dim->str() != text.getValue())
      return emitError() << "\"" << text.getValue() << "\" is not canonical; write \"" << dim->str() << "\"";
  }
  return success();
}

bool graph::agree(TypeRange a, TypeRange b) {
  return a.size() == b.size() && llvm::all_of(llvm::zip(a, b), [](auto pair) {
           auto left = cast<ShapedType>(std::get<0>(pair)), right = cast<ShapedType>(std::get<1>(pair));
           return left.getElementType() == right.getElementType() && left.getRank() == right.getRank() &&
                  succeeded(verifyCompatibleShape(left, right));
         });
}

//===--- Types with symbolic dims -----------------------------------------------------------===//

RankedTensorType graph::tensorType(ArrayRef<Dim> dims, Type element) {
  SmallVector<int64_t> sizes;
  SmallVector<Attribute> exprs;
  bool dynamic = false;
  MLIRContext *context = element.getContext();
  for (const Dim &dim : dims) {
    std::optional<int64_t> value = dim.constant();
    if (dim.isPoison() || (value && *value < 0))
      return {};
    dynamic |= !value;
    sizes.push_back(value.value_or(ShapedType::kDynamic));
    exprs.push_back(StringAttr::get(context, value ? "" : dim.str()));
  }
  if (!dynamic)
    return RankedTensorType::get(sizes, element);
  return RankedTensorType::get(sizes, element, DimsAttr::get(context, ArrayAttr::get(context, exprs)));
}

SmallVector<Dim> graph::dimsOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  auto encoding = dyn_cast_if_present<DimsAttr>(tensor.getEncoding());
  SmallVector<Dim> dims;
  for (auto [axis, size] : llvm::enumerate(tensor.getShape())) {
    if (!ShapedType::isDynamic(size))
      dims.push_back(size);
    else if (encoding)
      dims.push_back(*Dim::parse(cast<StringAttr>(encoding.getExprs()[axis]).getValue()));
    else
      dims.push_back(Dim::symbol("?"));
  }
  return dims;
}

Dim graph::dimOf(Value value, int64_t axis) {
  SmallVector<Dim> dims = dimsOf(value);
  return axis >= 0 && axis < int64_t(dims.size()) ? dims[axis] : Dim(1).floordiv(0); // of which no type can be made
}

SmallVector<Dim> graph::dimsOf(ArrayAttr exprs) {
  SmallVector<Dim> dims;
  for (Attribute attribute : exprs)
    dims.push_back(*Dim::parse(cast<StringAttr>(attribute).getValue()));
  return dims;
}

ArrayAttr graph::dimsAttr(MLIRContext *context, ArrayRef<Dim> dims) {
  SmallVector<Attribute> exprs;
  for (const Dim &dim : dims)
    exprs.push_back(StringAttr::get(context, dim.str()));
  return ArrayAttr::get(context, exprs);
}

FailureOr<SmallVector<Dim>> graph::broadcastDims(ArrayRef<Dim> a, ArrayRef<Dim> b,
                                                 SmallVectorImpl<std::pair<Dim, Dim>> *guards) {
  if (a.size() < b.size())
    std::swap(a, b);
  SmallVector<Dim> result(a);
  size_t lead = a.size() - b.size();
  for (auto [i, right] : llvm::enumerate(b)) {
    Dim &left = result[lead + i];
    if (left == right || right.isEqualTo(1))
      continue;
    if (left.isEqualTo(1)) {
      left = right;
      continue;
    }
    if (left.isConstant() && right.isConstant())
      return failure();
    if (guards)
      guards->push_back({left, right});
    if (right.isConstant())
      left = right;
  }
  return result;
}

Dim graph::windowExtent(const Dim &in, int64_t kernel, int64_t stride, int64_t dilation, int64_t low, int64_t high,
                        bool ceil) {
  Dim free = in + low + high - (dilation * (kernel - 1) + 1);
  return (ceil ? free.ceildiv(stride) : free.floordiv(stride)) + 1;
}

std::optional<SmallVector<Dim>> graph::knownIntegers(Value value) {
  if (auto shape = value.getDefiningOp<ShapeVectorOp>())
    return dimsOf(shape.getDims());
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant || !isa<IntegerType>(constant.getValue().getElementType()))
    return std::nullopt;
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!dense)
    return std::nullopt;
  SmallVector<Dim> dims;
  for (APInt element : dense.getValues<APInt>())
    dims.push_back(dense.getElementType().isUnsignedInteger() || dense.getElementType().isInteger(1)
                       ? int64_t(element.getZExtValue())
                       : element.getSExtValue());
  return dims;
}

//===--- Inference --------------------------------------------------------------------------===//

/// Adds the type of `dims`, or says why there is none.
static LogicalResult infer(std::optional<Location> loc, ArrayRef<Dim> dims, Type element,
                           SmallVectorImpl<Type> &types) {
  RankedTensorType type = tensorType(dims, element);
  if (!type)
    return emitOptionalError(loc, "result has a negative extent or one that does not fit 64 bits");
  types.push_back(type);
  return success();
}

static LogicalResult checkAxis(std::optional<Location> loc, int64_t axis, size_t rank) {
  if (axis >= 0 && axis < int64_t(rank))
    return success();
  return emitOptionalError(loc, "axis ", axis, " is not one of ", rank, " axes");
}

static bool isPermutation(ArrayRef<int64_t> axes) {
  SmallVector<bool> seen(axes.size());
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= int64_t(axes.size()) || seen[axis])
      return false;
    seen[axis] = true;
  }
  return true;
}

static LogicalResult inferBroadcast(std::optional<Location> loc, ValueRange operands, Type element,
                                    SmallVectorImpl<Type> &types) {
  SmallVector<Dim> dims = dimsOf(operands[0]);
  for (Value operand : operands.drop_front()) {
    auto merged = broadcastDims(dims, dimsOf(operand));
    if (failed(merged))
      return emitOptionalError(loc, "operands ", operands[0].getType(), " and ", operand.getType(),
                               " do not broadcast");
    dims = *merged;
  }
  return infer(loc, dims, element, types);
}

#define QUERN_INFER(OP)                                                                                                \
  LogicalResult OP::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor,               \
                                     SmallVectorImpl<Type> &types)

#define QUERN_UNARY(OP)                                                                                                \
  QUERN_INFER(OP) {                                                                                                    \
    types.push_back(adaptor.getOperand().getType());                                                                   \
    return success();                                                                                                  \
  }
QUERN_UNARY(NegOp)
QUERN_UNARY(AbsOp) QUERN_UNARY(SignOp) QUERN_UNARY(CeilOp) QUERN_UNARY(FloorOp) QUERN_UNARY(RoundOp) QUERN_UNARY(SqrtOp)
    QUERN_UNARY(ExpOp) QUERN_UNARY(Expm1Op) QUERN_UNARY(LogOp) QUERN_UNARY(Log1pOp) QUERN_UNARY(TanhOp)
        QUERN_UNARY(SigmoidOp) QUERN_UNARY(SoftplusOp) QUERN_UNARY(ErfOp) QUERN_UNARY(SinOp) QUERN_UNARY(CosOp)
            QUERN_UNARY(TanOp) QUERN_UNARY(AsinOp) QUERN_UNARY(AcosOp) QUERN_UNARY(AtanOp) QUERN_UNARY(SinhOp)
                QUERN_UNARY(CoshOp) QUERN_UNARY(AsinhOp) QUERN_UNARY(AcoshOp) QUERN_UNARY(AtanhOp) QUERN_UNARY(NotOp)
                    QUERN_UNARY(SoftmaxOp) QUERN_UNARY(LayerNormOp)

#define QUERN_PREDICATE(OP)                                                                                            \
  QUERN_INFER(OP) {                                                                                                    \
    return infer(loc, dimsOf(adaptor.getOperand()), IntegerType::get(context, 1), types);                              \
  }
                        QUERN_PREDICATE(IsNanOp) QUERN_PREDICATE(IsInfOp)

#define QUERN_BINARY(OP)                                                                                               \
  QUERN_INFER(OP) {                                                                                                    \
    return inferBroadcast(loc, adaptor.getOperands(), elementOf(adaptor.getLhs()), types);                             \
  }
                            QUERN_BINARY(AddOp) QUERN_BINARY(SubOp) QUERN_BINARY(MulOp) QUERN_BINARY(DivOp)
                                QUERN_BINARY(ModOp) QUERN_BINARY(PowOp) QUERN_BINARY(MinOp) QUERN_BINARY(MaxOp)
                                    QUERN_BINARY(AndOp) QUERN_BINARY(OrOp) QUERN_BINARY(XorOp) QUERN_BINARY(ShiftLeftOp)
                                        QUERN_BINARY(ShiftRightOp)

                                            QUERN_INFER(CompareOp) {
  return inferBroadcast(loc, adaptor.getOperands(), IntegerType::get(context, 1), types);
}
QUERN_INFER(SelectOp) { return inferBroadcast(loc, adaptor.getOperands(), elementOf(adaptor.getLhs()), types); }

QUERN_INFER(ConstantOp) {
  types.push_back(adaptor.getValue().getShapedType());
  return success();
}
OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

QUERN_INFER(TransposeOp) {
  SmallVector<Dim> dims = dimsOf(adaptor.getOperand()), result;
  if (adaptor.getPermutation().size() != dims.size() || !isPermutation(adaptor.getPermutation()))
    return emitOptionalError(loc, "permutation is not one of the operand's ", dims.size(), " axes");
  for (int64_t axis : adaptor.getPermutation())
    result.push_back(dims[axis]);
  return infer(loc, result, elementOf(adaptor.getOperand()), types);
}

QUERN_INFER(ConcatOp) {
  if (adaptor.getInputs().empty())
    return emitOptionalError(loc, "needs at least one input");
  SmallVector<Dim> dims = dimsOf(adaptor.getInputs()[0]);
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(loc, axis, dims.size())))
    return failure();
  for (Value input : adaptor.getInputs().drop_front()) {
    SmallVector<Dim> next = dimsOf(input);
    if (next.size() != dims.size())
      return emitOptionalError(loc, "inputs have ranks ", dims.size(), " and ", next.size());
    for (size_t i = 0; i < dims.size(); ++i) {
      if (int64_t(i) == axis)
        dims[i] = dims[i] + next[i];
      else if (dims[i].isConstant() && next[i].isConstant() && dims[i] != next[i])
        return emitOptionalError(loc, "inputs have extents ", dims[i].str(), " and ", next[i].str(), " along axis ", i);
      else if (next[i].isConstant())
        dims[i] = next[i];
    }
  }
  return infer(loc, dims, elementOf(adaptor.getInputs()[0]), types);
}

QUERN_INFER(GatherOp) {
  SmallVector<Dim> data = dimsOf(adaptor.getData()), indices = dimsOf(adaptor.getIndices());
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(loc, axis, data.size())))
    return failure();
  SmallVector<Dim> dims(data.begin(), data.begin() + axis);
  dims.append(indices);
  dims.append(data.begin() + axis + 1, data.end());
  return infer(loc, dims, elementOf(adaptor.getData()), types);
}

QUERN_INFER(BlockOp) {
  SmallVector<Dim> dims = dimsOf(adaptor.getOperand());
  if (failed(checkAxis(loc, adaptor.getAxis(), dims.size())))
    return failure();
  if (int64_t(adaptor.getSize()) < 1)
    return emitOptionalError(loc, "a block has ", int64_t(adaptor.getSize()), " elements, but must have at least one");
  dims[adaptor.getAxis()] = dims[adaptor.getAxis()].ceildiv(adaptor.getSize());
  dims.push_back(adaptor.getSize());
  return infer(loc, dims, elementOf(adaptor.getOperand()), types);
}

QUERN_INFER(UnblockOp) {
  SmallVector<Dim> dims = dimsOf(adaptor.getOperand());
  if (failed(checkAxis(loc, adaptor.getAxis(), dims.empty() ? 0 : dims.size() - 1)))
    return failure();
  dims.pop_back();
  dims[adaptor.getAxis()] = adaptor.getExtent();
  return infer(loc, dims, elementOf(adaptor.getOperand()), types);
}

QUERN_INFER(ReduceOp) {
  SmallVector<Dim> dims = dimsOf(adaptor.getOperand());
  for (int64_t axis : adaptor.getAxes()) {
    if (failed(checkAxis(loc, axis, dims.size())))
      return failure();
    dims[axis] = 1;
  }
  return infer(loc, dims, elementOf(adaptor.getOperand()), types);
}

QUERN_INFER(ArgReduceOp) {
  SmallVector<Dim> dims = dimsOf(adaptor.getOperand());
  if (failed(checkAxis(loc, adaptor.getAxis(), dims.size())))
    return failure();
  dims[adaptor.getAxis()] = 1;
  return infer(loc, dims, IntegerType::get(context, 64), types);
}

QUERN_INFER(MatmulOp) {
  SmallVector<Dim> a = dimsOf(adaptor.getLhs()), b = dimsOf(adaptor.getRhs());
  if (adaptor.getColumns()) { // rhs is [N/16, K, 16].
    SmallVector<Dim> dims = a;
    dims.back() = *adaptor.getColumns();
    return infer(loc, dims, elementOf(adaptor.getLhs()), types);
  }
  if (a.size() < 2 || b.size() < 2)
    return emitOptionalError(loc, "needs operands of rank 2 or more");
  Dim k = b[b.size() - (adaptor.getTransposeRhs() ? 1 : 2)], n = b[b.size() - (adaptor.getTransposeRhs() ? 2 : 1)];
  if (a.back().isConstant() && k.isConstant() && a.back() != k)
    return emitOptionalError(loc, "lhs has ", a.back().str(), " columns and rhs has ", k.str(), " rows");
  auto batch = broadcastDims(ArrayRef(a).drop_back(2), ArrayRef(b).drop_back(2));
  if (failed(batch))
    return emitOptionalError(loc, "leading axes of ", adaptor.getLhs().getType(), " and ", adaptor.getRhs().getType(),
                             " do not broadcast");
  batch->push_back(a[a.size() - 2]);
  batch->push_back(n);
  return infer(loc, *batch, elementOf(adaptor.getLhs()), types);
}

/// A window over the axes behind the first two, with pads at both ends of each.
static LogicalResult checkWindow(std::optional<Location> loc, size_t rank, ArrayRef<int64_t> strides,
                                 ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads) {
  auto positive = [](int64_t value) { return value > 0; };
  if (rank < 2 + strides.size() || dilations.size() != strides.size() || pads.size() != 2 * strides.size())
    return emitOptionalError(loc, "strides, dilations and pads do not belong to a window over the operand's ", rank,
                             " axes");
  if (!llvm::all_of(strides, positive) || !llvm::all_of(dilations, positive))
    return emitOptionalError(loc, "strides and dilations must be positive");
  return success();
}

QUERN_INFER(ConvOp) {
  SmallVector<Dim> x = dimsOf(adaptor.getInput()), w = dimsOf(adaptor.getWeight());
  size_t spatial = adaptor.getStrides().size();
  if (failed(checkWindow(loc, x.size(), adaptor.getStrides(), adaptor.getDilations(), adaptor.getPads())))
    return failure();
  if (adaptor.getSpacing() && adaptor.getSpacing()->size() != spatial)
    return emitOptionalError(loc, "has ", adaptor.getSpacing()->size(), " spacings and ", spatial, " strides");
  if (adaptor.getKernel() ? adaptor.getKernel()->size() != spatial : w.size() != 2 + spatial)
    return emitOptionalError(loc, "a window over ", spatial, " axes does not fit a weight of type ",
                             adaptor.getWeight().getType());
  SmallVector<int64_t> kernel;
  if (adaptor.getKernel())
    kernel.assign(adaptor.getKernel()->begin(), adaptor.getKernel()->end());
  else
    for (size_t i = 0; i < spatial; ++i)
      kernel.push_back(w[2 + i].constant().value_or(-1));
  SmallVector<Dim> dims = {x[0], adaptor.getChannels() ? Dim(*adaptor.getChannels()) : w[0]};
  for (size_t i = 0; i < spatial; ++i) {
    if (kernel[i] < 1)
      return emitOptionalError(loc, "needs a kernel of static size");
    Dim extent = adaptor.getSpacing() ? (x[2 + i] - 1) * (*adaptor.getSpacing())[i] + 1 : x[2 + i];
    dims.push_back(windowExtent(extent, kernel[i], adaptor.getStrides()[i], adaptor.getDilations()[i],
                                adaptor.getPads()[i], adaptor.getPads()[spatial + i]));
  }
  if (adaptor.getBlockedOutput()) {
    dims[1] = dims[1].ceildiv(16);
    dims.push_back(16);
  }
  return infer(loc, dims, elementOf(adaptor.getInput()), types);
}

QUERN_INFER(WinogradWeightOp) {
  SmallVector<Dim> w = dimsOf(adaptor.getWeight());
  int64_t side = adaptor.getTile() + 2;
  if (w.size() != 4 || !w[2].isEqualTo(3) || !w[3].isEqualTo(3))
    return emitOptionalError(loc, "needs a weight with a window of 3x3");
  return infer(loc, {Dim(side * side), w[0].ceildiv(16), w[1].ceildiv(16) * 16, Dim(16)},
               elementOf(adaptor.getWeight()), types);
}

QUERN_INFER(PoolOp) {
  SmallVector<Dim> dims = dimsOf(adaptor.getOperand());
  size_t spatial = adaptor.getKernel().size();
  if (spatial != adaptor.getStrides().size())
    return emitOptionalError(loc, "has ", spatial, " kernel extents and ", adaptor.getStrides().size(), " strides");
  if (failed(checkWindow(loc, dims.size(), adaptor.getStrides(), adaptor.getDilations(), adaptor.getPads())))
    return failure();
  for (size_t i = 0; i < spatial; ++i)
    dims[2 + i] = windowExtent(dims[2 + i], adaptor.getKernel()[i], adaptor.getStrides()[i], adaptor.getDilations()[i],
                               adaptor.getPads()[i], adaptor.getPads()[spatial + i], adaptor.getCeil());
  return infer(loc, dims, elementOf(adaptor.getOperand()), types);
}

/// Whether two extents may be the same: they are wherever both are known.
static bool areAlike(const Dim &a, const Dim &b) { return !a.isConstant() || !b.isConstant() || a == b; }

/// Stacks of square matrices of f32 or f64, in one part or two of the same type.
static LogicalResult verifyMatrices(Operation *op, OperandRange parts) {
  if (parts.empty() || parts.size() > 2)
    return op->emitOpError() << "has matrices of " << parts.size() << " parts, not a real one or a real and an imaginary one";
  SmallVector<Dim> dims = dimsOf(parts.front());
  Type element = elementOf(parts.front());
  if (dims.size() < 2 || !areAlike(dims[dims.size() - 2], dims.back()))
    return op->emitOpError() << "has matrices of type " << parts.front().getType() << ", which are not square";
  if (!element.isF32() && !element.isF64())
    return op->emitOpError() << "has elements of type " << element << ", not f32 or f64";
  if (!agree(parts.front().getType(), parts.back().getType()))
    return op->emitOpError() << "has parts of types " << parts.front().getType() << " and " << parts.back().getType();
  return success();
}

/// Results of the type of `parts`.
static LogicalResult verifyResults(Operation *op, ResultRange results, OperandRange parts) {
  if (results.size() == parts.size() && agree(results.getTypes(), parts.getTypes()))
    return success();
  return op->emitOpError() << "has results of another type than " << parts.front().getType();
}

LogicalResult LuOp::verify() {
  if (failed(verifyMatrices(*this, getMatrix())) || failed(verifyResults(*this, getFactors(), getMatrix())))
    return failure();
  SmallVector<Dim> rows = dimsOf(getMatrix().front());
  rows.pop_back();
  Type places = tensorType(rows, IntegerType::get(getContext(), 64));
  for (Value numbers : {getExchanges(), getOrder()})
    if (!agree(numbers.getType(), places))
      return emitOpError() << "has numbers of rows of type " << numbers.getType() << ", not " << places;
  return success();
}

LogicalResult CholeskyOp::verify() {
  if (failed(verifyMatrices(*this, getMatrix())))
    return failure();
  return verifyResults(*this, getFactor(), getMatrix());
}

LogicalResult TriangularSolveOp::verify() {
  if (getSystems().size() != 2 * getNumResults())
    return emitOpError() << "has " << getSystems().size() << " operands for " << getNumResults() << " results";
  if (failed(verifyMatrices(*this, matrix())) || failed(verifyResults(*this, getSolution(), rightSide())))
    return failure();
  SmallVector<Dim> dims = dimsOf(matrix().front()), sides = dimsOf(rightSide().front());
  bool fits = dims.size() == sides.size() && elementOf(matrix().front()) == elementOf(rightSide().front());
  for (size_t i = 0; fits && i + 1 < dims.size(); ++i)
    fits = areAlike(dims[i], sides[i]) || (i + 2 < dims.size() && dims[i].isEqualTo(1));
  if (!fits)
    return emitOpError() << "has matrices of type " << matrix().front().getType() << " and right sides of type "
                         << rightSide().front().getType();
  return success();
}

LogicalResult BitcastOp::verify() {
  Type from = elementOf(getOperand()), to = elementOf(getResult());
  if (!from.isIntOrFloat() || !to.isIntOrFloat() || from.getIntOrFloatBitWidth() != to.getIntOrFloatBitWidth() ||
      from.isInteger(1))
    return emitOpError() << "cannot take the bits of " << from << " for " << to;
  if (dimsOf(getOperand()) != dimsOf(getResult()))
    return emitOpError() << "has a result of another shape than its operand";
  return success();
}

LogicalResult ReshapeOp::verify() {
  Dim from = product(dimsOf(getOperand())), to = product(dimsOf(getResult()));
  if (from.isConstant() && to.isConstant() && from != to)
    return emitOpError() << "has " << from.str() << " elements and makes " << to.str();
  return success();
}
