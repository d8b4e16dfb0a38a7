// The helpers of NodeLowering that build graph ops: inference with recorded failures, folding, guards.
#include "dialects/graph/Evaluate.h"
#include "frontends/onnx/lowering/Walk.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace quern;
using namespace quern::onnx;

//===--- The core ---------------------------------------------------------------------------===//

static Type elementType(Type like) {
  auto shaped = dyn_cast<ShapedType>(like);
  return shaped ? shaped.getElementType() : like;
}

Value NodeLowering::refuse(OperationState &state, const llvm::Twine &why) {
  fail(error(ErrorKind::Model, "{0}", why.str()));
  Value stand;
  for (Value operand : state.operands)
    if (!stand || graph::rankOf(operand) > graph::rankOf(stand))
      stand = operand;
  return stand ? stand : constantInt(0, builder.getI64Type());
}

Value NodeLowering::inferred(OperationState &state, Infer infer) {
  std::string message;
  ScopedDiagnosticHandler handler(builder.getContext(), [&](Diagnostic &diagnostic) {
    message = diagnostic.str();
    return success();
  });
  if (mlir::failed(infer(builder.getContext(), builder.getLoc(), state.operands,
                         state.attributes.getDictionary(builder.getContext()), state.getRawProperties(), state.regions,
                         state.types)))
    return refuse(state, message);
  return finish(state);
}

/// Whether the elements and their bytes can be counted: no type beyond this is made.
static bool isCountable(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  int64_t count = 8;
  if (tensor)
    for (int64_t extent : tensor.getShape())
      if (!ShapedType::isDynamic(extent) && extent != 0 && llvm::MulOverflow(count, extent, count))
        return false;
  return true;
}

void NodeLowering::guardExtents(Type type) {
  if (!isa<RankedTensorType>(type))
    return;
  for (const Dim &dim : graph::dimsOf(type)) {
    Dim least = Dim::max(dim, 0);
    if (dim.isConstant() || graph::decide(graph::CompareKind::ge, dim, 0) == true ||
        !walk.isNewGuard(builder.getInsertionBlock(), dim, least))
      continue;
    builder.create<graph::GuardOp>(dim.str(), least.str(), prefix() + "makes a tensor of a negative extent");
  }
}

Value NodeLowering::finish(OperationState &state) {
  for (Type &type : state.types)
    if (!isCountable(type)) {
      fail(error(ErrorKind::Model, "makes {0}, whose elements do not fit 64 bits", type));
      type = RankedTensorType::get(SmallVector<int64_t>(cast<ShapedType>(type).getRank(), 1), elementType(type));
    }
  for (Type type : state.types)
    guardExtents(type);
  Operation *op = builder.create(state);
  checkElementTypes(op);
  return failure ? op->getResult(0) : fold(op);
}

/// Which element types an elementwise op takes.
static bool takes(Operation *op, Type element) {
  using namespace graph;
  if (isa<IsNanOp, IsInfOp, CeilOp, FloorOp, RoundOp, SqrtOp, ExpOp, Expm1Op, LogOp, Log1pOp, TanhOp, SigmoidOp,
          SoftplusOp, ErfOp, SinOp, CosOp, TanOp, AsinOp, AcosOp, AtanOp, SinhOp, CoshOp, AsinhOp, AcoshOp, AtanhOp>(
          op))
    return isa<FloatType>(element);
  if (isa<AndOp, OrOp, XorOp, NotOp, ShiftLeftOp, ShiftRightOp>(op))
    return isa<IntegerType>(element);
  return isa<FloatType, IntegerType>(element);
}

void NodeLowering::checkElementTypes(Operation *op) {
  if (!op->hasTrait<graph::Elementwise>() || isa<graph::CastOp, graph::BitcastOp>(op))
    return;
  OperandRange values = op->getOperands().drop_front(isa<graph::SelectOp>(op) ? 1 : 0);
  for (Value value : values) {
    Type element = graph::elementOf(value), first = graph::elementOf(values[0]);
    if (!isa<graph::SelectOp>(op) && !takes(op, element) &&
        !(isa<graph::CompareOp>(op) && element == first &&
          cast<graph::CompareOp>(op).getKind() <= graph::CompareKind::ne))
      return fail(error(ErrorKind::Model, "does not take elements of type {0}", element));
    if (element != first && !isa<graph::PowOp>(op))
      return fail(error(ErrorKind::Model, "has inputs of types {0} and {1}; they must be the same", first, element));
  }
  if (auto select = dyn_cast<graph::SelectOp>(op); select && !graph::elementOf(select.getCondition()).isInteger(1))
    fail(error(ErrorKind::Model, "has a condition of type {0}; it must be bool",
               graph::elementOf(select.getCondition())));
}

Value NodeLowering::fold(Operation *op) {
  Value result = op->getResult(0), replacement;
  if (std::optional<SmallVector<Dim>> dims = graph::evaluateDims(op))
    replacement = dimVector(*dims, cast<RankedTensorType>(result.getType()));
  else if (std::optional<ElementsAttr> value = graph::evaluateSmall(op))
    replacement = constant(*value);
  if (!replacement)
    return result;
  op->erase();
  return replacement;
}

//===--- Constants --------------------------------------------------------------------------===//

Value NodeLowering::constant(ElementsAttr value) {
  return builder.create<graph::ConstantOp>(value.getShapedType(), value);
}

Value NodeLowering::constant(double value, Type like) {
  Type element = elementType(like);
  auto type = RankedTensorType::get({}, element);
  if (auto real = dyn_cast<FloatType>(element)) {
    APFloat number(value);
    bool lossy;
    number.convert(real.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lossy);
    return constant(DenseElementsAttr::get(type, number));
  }
  return constantInt(int64_t(value), element);
}

Value NodeLowering::constantInt(int64_t value, Type like) {
  Type element = elementType(like);
  if (isa<FloatType>(element))
    return constant(double(value), element);
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer) {
    fail(error(ErrorKind::Unsupported, "does not take elements of type {0}", element));
    integer = builder.getI64Type();
  }
  APInt bits = integer.getWidth() == 1 ? APInt(1, value != 0) : APInt(64, value, true).sextOrTrunc(integer.getWidth());
  return constant(DenseElementsAttr::get(RankedTensorType::get({}, integer), bits));
}

Value NodeLowering::integerVector(ArrayRef<int64_t> values) {
  return constant(
      DenseElementsAttr::get(RankedTensorType::get({int64_t(values.size())}, builder.getI64Type()), values));
}

Value NodeLowering::dimVector(ArrayRef<Dim> dims, RankedTensorType type) {
  type = type ? type : RankedTensorType::get({int64_t(dims.size())}, builder.getI64Type());
  if (!llvm::all_of(dims, [](const Dim &dim) { return dim.isConstant(); }))
    return builder.create<graph::ShapeVectorOp>(type, graph::dimsAttr(builder.getContext(), dims));
  SmallVector<APInt> values;
  for (const Dim &dim : dims)
    values.push_back(APInt(64, *dim.constant(), true).sextOrTrunc(type.getElementTypeBitWidth()));
  return constant(DenseElementsAttr::get(type, values));
}

Value NodeLowering::splat(double value, Type element, ArrayRef<Dim> dims) {
  return broadcast(constant(value, element), dims);
}

RankedTensorType NodeLowering::type(ArrayRef<Dim> dims, Type element) {
  // Products of sums grow without end in models that are made to do so.
  bool simple = llvm::all_of(dims, [](const Dim &dim) { return dim.getTerms().size() <= 256; });
  if (!simple)
    fail(error(ErrorKind::Unsupported, "makes an extent that is a sum of more than 256 terms; make some dims static"));
  else if (RankedTensorType result = graph::tensorType(dims, element))
    return result;
  else
    fail(error(ErrorKind::Model, "makes a tensor of extents [{0}]; they must not be negative and fit 64 bits",
               llvm::join(llvm::map_range(dims, [](const Dim &dim) { return dim.str(); }), ", ")));
  return RankedTensorType::get(SmallVector<int64_t>(dims.size(), 1), element);
}

//===--- Elementwise ------------------------------------------------------------------------===//

Dim NodeLowering::guard(const Dim &a, const Dim &b, const llvm::Twine &message) {
  if (a == b)
    return a;
  if (a.isConstant() && b.isConstant()) {
    fail(error(ErrorKind::Model, "{0}: {1} and {2}", message.str(), a.str(), b.str()));
    return a;
  }
  if (walk.isNewGuard(builder.getInsertionBlock(), a, b))
    builder.create<graph::GuardOp>(a.str(), b.str(), prefix() + message.str());
  return b.isConstant() ? b : a;
}

void NodeLowering::guardAtMost(const Dim &dim, const Dim &most, const llvm::Twine &message) {
  std::optional<bool> holds = graph::decide(graph::CompareKind::le, dim, most);
  if (holds == false)
    fail(error(ErrorKind::Model, "{0}: {1} and {2}", message.str(), dim.str(), most.str()));
  else if (Dim larger = Dim::max(dim, most); !holds && walk.isNewGuard(builder.getInsertionBlock(), larger, most))
    builder.create<graph::GuardOp>(larger.str(), most.str(), prefix() + message.str());
}

void NodeLowering::guardNotEmpty(const Dim &extent, const Dim &count) {
  guardAtMost(graph::smaller(count, 1), extent, "picks elements of an empty axis, which must have 1 or more");
}

void NodeLowering::guardBroadcast(Value a, Value b) {
  SmallVector<std::pair<Dim, Dim>> pairs;
  if (mlir::failed(graph::broadcastDims(graph::dimsOf(a), graph::dimsOf(b), &pairs)))
    fail(error(ErrorKind::Model, "inputs {0} and {1} do not broadcast", a.getType(), b.getType()));
  for (auto &[left, right] : pairs)
    guard(left, right, "inputs do not broadcast");
}

Value NodeLowering::compare(graph::CompareKind kind, Value a, Value b) { return binary<graph::CompareOp>(a, b, kind); }

Value NodeLowering::select(Value condition, Value a, Value b) {
  guardBroadcast(a, b);
  guardBroadcast(condition, graph::rankOf(a) >= graph::rankOf(b) ? a : b);
  return create<graph::SelectOp>(condition, a, b);
}

Value NodeLowering::cast(Value value, Type element) {
  if (graph::elementOf(value) == element)
    return value;
  return createAs<graph::CastOp>(graph::tensorType(graph::dimsOf(value), element), value);
}

Value NodeLowering::bitcast(Value value, Type element) {
  if (graph::elementOf(value) == element)
    return value;
  return createAs<graph::BitcastOp>(graph::tensorType(graph::dimsOf(value), element), value);
}

//===--- Data movement ----------------------------------------------------------------------===//

Value NodeLowering::reshape(Value value, ArrayRef<Dim> dims) {
  SmallVector<Dim> from = graph::dimsOf(value);
  if (ArrayRef(from) == dims)
    return value;
  Dim before = product(from), after = product(dims);
  RankedTensorType result = type(dims, graph::elementOf(value));
  guard(before, after, "reshape changes the number of elements");
  if (auto inner = value.getDefiningOp<graph::ReshapeOp>())
    value = inner.getOperand();
  if (value.getType() == result)
    return value;
  return createAs<graph::ReshapeOp>(result, value);
}

Value NodeLowering::transpose(Value value, ArrayRef<int64_t> permutation) {
  if (llvm::equal(permutation, llvm::seq<int64_t>(graph::rankOf(value))))
    return value;
  return create<graph::TransposeOp>(value, permutation);
}

Value NodeLowering::broadcast(Value value, ArrayRef<Dim> dims) {
  SmallVector<Dim> from = graph::dimsOf(value);
  if (ArrayRef(from) == dims)
    return value;
  assert(from.size() <= dims.size() && "a broadcast keeps all axes");
  size_t lead = dims.size() - from.size();
  for (auto [axis, extent] : llvm::enumerate(from))
    if (!extent.isEqualTo(1))
      guard(extent, dims[lead + axis], "inputs do not broadcast");
  return createAs<graph::BroadcastOp>(type(dims, graph::elementOf(value)), value);
}

Value NodeLowering::slice(Value value, ArrayRef<Dim> starts, ArrayRef<int64_t> steps, ArrayRef<Dim> sizes) {
  SmallVector<Dim> from = graph::dimsOf(value);
  bool whole = llvm::all_of(steps, [](int64_t step) { return step == 1; });
  for (auto [axis, size] : llvm::enumerate(sizes))
    whole &= size == from[axis];
  if (whole)
    return value;
  return createAs<graph::SliceOp>(type(sizes, graph::elementOf(value)), value,
                                  graph::dimsAttr(builder.getContext(), starts), steps);
}

Value NodeLowering::sliceAxis(Value value, int64_t axis, const Dim &start, const Dim &size) {
  SmallVector<Dim> sizes = graph::dimsOf(value), starts(sizes.size(), 0);
  starts[axis] = start;
  sizes[axis] = size;
  return slice(value, starts, SmallVector<int64_t>(sizes.size(), 1), sizes);
}

Value NodeLowering::concat(ArrayRef<Value> values, int64_t axis) {
  if (values.size() == 1)
    return values[0];
  SmallVector<Dim> first = graph::dimsOf(values[0]);
  for (Value value : values.drop_front()) {
    if (graph::elementOf(value) != graph::elementOf(values[0]))
      fail(error(ErrorKind::Model, "has inputs of types {0} and {1}; they must be the same", values[0].getType(),
                 value.getType()));
    SmallVector<Dim> dims = graph::dimsOf(value);
    for (size_t i = 0; dims.size() == first.size() && i < dims.size(); ++i)
      if (int64_t(i) != axis)
        guard(first[i], dims[i], "inputs differ along axis " + llvm::Twine(i));
  }
  return create<graph::ConcatOp>(values, axis);
}

Value NodeLowering::pad(Value operand, ArrayRef<Dim> low, ArrayRef<Dim> high, Value value, graph::PadMode mode) {
  SmallVector<Dim> dims = graph::dimsOf(operand);
  bool none = true;
  for (size_t i = 0; i < dims.size(); ++i) {
    none &= low[i].isEqualTo(0) && high[i].isEqualTo(0);
    dims[i] = dims[i] + low[i] + high[i];
  }
  if (none)
    return operand;
  return createAs<graph::PadOp>(type(dims, graph::elementOf(operand)), operand,
                                value ? value : constantInt(0, operand.getType()),
                                graph::dimsAttr(builder.getContext(), low), mode);
}

Value NodeLowering::gather(Value data, Value indices, int64_t axis) {
  guardNotEmpty(graph::dimOf(data, axis), product(graph::dimsOf(indices)));
  return create<graph::GatherOp>(data, indices, axis);
}

Value NodeLowering::squeeze(Value value, ArrayRef<int64_t> axes) {
  SmallVector<Dim> dims;
  for (auto [axis, dim] : llvm::enumerate(graph::dimsOf(value)))
    if (!llvm::is_contained(axes, int64_t(axis)))
      dims.push_back(dim);
    else
      guard(dim, 1, "a squeezed axis must have extent 1");
  return reshape(value, dims);
}

Value NodeLowering::unsqueeze(Value value, ArrayRef<int64_t> axes) {
  SmallVector<Dim> from = graph::dimsOf(value), dims;
  size_t next = 0;
  for (int64_t axis = 0; axis < int64_t(from.size() + axes.size()); ++axis)
    dims.push_back(llvm::is_contained(axes, axis) ? Dim(1) : from[next++]);
  return reshape(value, dims);
}

//===--- Reductions and contractions --------------------------------------------------------===//

Value NodeLowering::reduce(Value value, ArrayRef<int64_t> axes, graph::ReduceKind kind, bool keep) {
  if (axes.empty())
    return value;
  SmallVector<int64_t> sorted(axes);
  llvm::sort(sorted);
  Value result = create<graph::ReduceOp>(value, sorted, kind);
  return keep ? result : squeeze(result, sorted);
}

Value NodeLowering::matmul(Value a, Value b, bool transposeRhs) {
  SmallVector<Dim> left = graph::dimsOf(a), right = graph::dimsOf(b);
  if (graph::elementOf(a) != graph::elementOf(b))
    fail(error(ErrorKind::Model, "has inputs of types {0} and {1}; they must be the same", a.getType(), b.getType()));
  if (left.size() >= 2 && right.size() >= 2) {
    guard(left.back(), right[right.size() - (transposeRhs ? 1 : 2)],
          "columns of the left and rows of the right input differ");
    SmallVector<std::pair<Dim, Dim>> pairs;
    if (mlir::failed(graph::broadcastDims(ArrayRef(left).drop_back(2), ArrayRef(right).drop_back(2), &pairs)))
      fail(error(ErrorKind::Model, "the leading axes of {0} and {1} do not broadcast", a.getType(), b.getType()));
    for (auto &[x, y] : pairs)
      guard(x, y, "leading axes do not broadcast");
  }
  return create<graph::MatmulOp>(a, b, transposeRhs, IntegerAttr());
}

Value NodeLowering::iota(ArrayRef<Dim> dims, int64_t axis, Type element) {
  return createAs<graph::IotaOp>(type(dims, element), axis);
}

//===--- Sequences --------------------------------------------------------------------------===//

Value NodeLowering::list(ArrayRef<Value> elements) {
  Type element = elements.empty() ? Type(builder.getNoneType()) : elements[0].getType();
  return builder.create<UnrealizedConversionCastOp>(SequenceType::get(builder.getContext(), element), elements)
      .getResult(0);
}

std::optional<SmallVector<Value>> NodeLowering::elementsOf(Value sequence) {
  auto made = sequence.getDefiningOp<UnrealizedConversionCastOp>();
  return made ? std::optional(llvm::to_vector(made.getInputs())) : std::nullopt;
}
