#include "passes/loops/ElementEmitter.h"
#include "passes/loops/ReduceAlong.h"
#include "passes/loops/ReshapedPoint.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

//===--- Registers and indices --------------------------------------------------------------===//

Type ElementEmitter::valueType(Type element) {
  Type scalar = KernelFunction::registerType(element);
  return lanes == 1 ? scalar : VectorType::get(lanes, scalar);
}

Value ElementEmitter::spread(Value scalar) {
  if (lanes == 1 || isa<VectorType>(scalar.getType()))
    return scalar;
  return kernel.builder.create<vector::BroadcastOp>(VectorType::get(lanes, scalar.getType()), scalar);
}

Value ElementEmitter::indexOf(const AxisPoint &axis) {
  ImplicitLocOpBuilder &b = kernel.builder;
  if (axis.perLane)
    return axis.perLane;
  if (axis.lane == 0)
    return spread(axis.base);
  SmallVector<Attribute> steps;
  for (int64_t lane = 0; lane < lanes; ++lane)
    steps.push_back(b.getIndexAttr(lane * axis.lane));
  auto type = VectorType::get(lanes, b.getIndexType());
  Value offsets = b.create<arith::ConstantOp>(DenseElementsAttr::get(type, steps));
  return b.create<arith::AddIOp>(spread(axis.base), offsets);
}

AxisPoint ElementEmitter::shifted(const AxisPoint &axis, Value by) {
  if (axis.perLane)
    return {axis.base, 0, kernel.builder.create<arith::AddIOp>(axis.perLane, spread(by))};
  return {kernel.add(axis.base, by), axis.lane, {}};
}

AxisPoint ElementEmitter::divided(const AxisPoint &axis, int64_t by, bool remainder) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Value value = axis.lane || axis.perLane ? indexOf(axis) : axis.base, divisor = kernel.index(by);
  if (isa<VectorType>(value.getType()))
    divisor = spread(divisor);
  Value result = remainder ? b.create<arith::RemUIOp>(value, divisor).getResult()
                           : b.create<arith::DivUIOp>(value, divisor).getResult();
  if (isa<VectorType>(result.getType()))
    return {kernel.index(0), 0, result};
  return {result, 0, {}};
}

Value ElementEmitter::inRange(const AxisPoint &axis, Value lower, Value upper) {
  ImplicitLocOpBuilder &b = kernel.builder;
  bool vector = axis.lane || axis.perLane;
  Value value = vector ? indexOf(axis) : axis.base;
  if (vector) {
    lower = spread(lower);
    upper = spread(upper);
  }
  return b.create<arith::AndIOp>(b.create<arith::CmpIOp>(arith::CmpIPredicate::sge, value, lower),
                                 b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, value, upper));
}

Value ElementEmitter::guarded(Value inside, Value otherwise, function_ref<Value()> value) {
  ImplicitLocOpBuilder &b = kernel.builder;
  bool vector = isa<VectorType>(inside.getType());
  Value before = mask, branch = inside;
  if (vector) {
    mask = mask ? b.create<arith::AndIOp>(mask, inside).getResult() : inside;
    branch = b.create<vector::ReductionOp>(vector::CombiningKind::OR, mask);
  }
  auto choice = b.create<scf::IfOp>(TypeRange(otherwise.getType()), branch, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  Value result = value();
  if (vector)
    result = b.create<arith::SelectOp>(inside, result, otherwise);
  b.create<scf::YieldOp>(result);
  b.setInsertionPointToStart(choice.elseBlock());
  b.create<scf::YieldOp>(otherwise);
  mask = before;
  return choice.getResult(0);
}

//===--- Memory -----------------------------------------------------------------------------===//

namespace {
/// An address: scalar part, and what the lanes add.
struct Address {
  Value base;
  int64_t laneStride = 0;
  Value perLane; // vector of index, if the lanes are not at a constant stride

  /// Lanes that are not next to each other as indices of their own.
  void spreadLanes(ElementEmitter &emitter) {
    if (!perLane && laneStride != 0 && laneStride != 1)
      perLane = emitter.indexOf({emitter.kernel.index(0), laneStride, {}});
  }
};
} // namespace

static std::optional<int64_t> constantIndex(Value value) {
  if (auto constant = value.getDefiningOp<arith::ConstantIndexOp>())
    return constant.value();
  return std::nullopt;
}

static Address addressOf(ElementEmitter &emitter, ArrayRef<Dim> dims, const Point &point) {
  KernelFunction &kernel = emitter.kernel;
  ImplicitLocOpBuilder &b = kernel.builder;
  SmallVector<Value> strides = kernel.strides(dims);
  Address address{kernel.index(0)};
  for (auto [axis, stride] : llvm::zip(point, strides)) {
    std::optional<int64_t> known = constantIndex(stride);
    if (!axis.perLane)
      address.base = kernel.add(address.base, kernel.multiply(axis.base, stride));
    if (axis.perLane || (axis.lane && !known)) {
      Value index = axis.perLane ? axis.perLane : emitter.indexOf({kernel.index(0), axis.lane, {}});
      Value scaled = b.create<arith::MulIOp>(index, emitter.spread(stride));
      address.perLane = address.perLane ? b.create<arith::AddIOp>(address.perLane, scaled).getResult() : scaled;
    } else if (axis.lane) {
      address.laneStride += axis.lane * *known;
    }
  }
  if (address.perLane && address.laneStride)
    address.perLane =
        b.create<arith::AddIOp>(address.perLane, emitter.indexOf({kernel.index(0), address.laneStride, {}}));
  return address;
}

/// result[i] = values[from[i].first][from[i].second]. All values are as long as the result.
static Value pickLanes(ImplicitLocOpBuilder &b, ArrayRef<Value> values, ArrayRef<std::pair<int64_t, int64_t>> from) {
  int64_t lanes = from.size();
  Value result = values[0];
  for (int64_t next = 1; next < int64_t(values.size()); ++next) {
    SmallVector<int64_t> mask;
    for (auto [i, place] : llvm::enumerate(from))
      mask.push_back(place.first == next ? lanes + place.second
                     : next > 1          ? int64_t(i)
                     : place.first == 0  ? place.second
                                         : 0);
    result = b.create<vector::ShuffleOp>(result, values[next], mask);
  }
  return result;
}

/// Lanes `stride` (not 1) elements apart, of whole vectors. The last one ends at the last lane: nothing behind it is read.
static Value loadApart(KernelFunction &kernel, VectorType type, Value buffer, Value base, int64_t stride) {
  int64_t lanes = type.getNumElements();
  bool isReversed = stride < 0;
  if (isReversed)
    base = kernel.add(base, (lanes - 1) * stride);
  stride = std::abs(stride);
  if (stride == 1) {
    Value forwards = kernel.loadVector(type, buffer, base);
    auto order = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, lanes)));
    return kernel.builder.create<vector::ShuffleOp>(forwards, forwards, order);
  }
  int64_t last = (lanes - 1) * stride + 1 - lanes;
  SmallVector<Value> parts;
  for (int64_t part = 0; part < stride; ++part)
    parts.push_back(kernel.loadVector(type, buffer, kernel.add(base, std::min(part * lanes, last))));
  SmallVector<std::pair<int64_t, int64_t>> from;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    int64_t part = lane * stride / lanes;
    from.push_back({part, lane * stride - std::min(part * lanes, last)});
  }
  if (isReversed)
    std::reverse(from.begin(), from.end());
  return pickLanes(kernel.builder, parts, from);
}

Value ElementEmitter::load(Value buffer, Type element, ArrayRef<Dim> dims, const Point &point) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Address address = addressOf(*this, dims, point);
  Type storage = KernelFunction::storageType(element);
  Value value;
  int64_t stride = std::abs(address.laneStride);
  bool apart = lanes > 1 && !mask && !kernel.device && !address.perLane && address.laneStride != 0 &&
               address.laneStride != 1 && stride <= kMostInterleaved;
  if (!apart)
    address.spreadLanes(*this);
  if (!address.perLane && address.laneStride)
    fetchAhead(buffer, address.base, /*isWrite=*/false);
  if (apart) {
    value = loadApart(kernel, VectorType::get(lanes, storage), buffer, address.base, address.laneStride);
  } else if (lanes == 1 || (!address.perLane && address.laneStride == 0)) {
    value = b.create<memref::LoadOp>(buffer, address.base);
  } else {
    auto type = VectorType::get(lanes, storage);
    Value zeros = mask || address.perLane ? b.create<arith::ConstantOp>(b.getZeroAttr(type)) : Value();
    if (address.perLane) {
      Value all =
          mask ? mask
               : b.create<arith::ConstantOp>(DenseElementsAttr::get(VectorType::get(lanes, b.getI1Type()), true));
      value = b.create<vector::GatherOp>(type, buffer, address.base, address.perLane, all, zeros);
    } else if (mask) {
      value = b.create<vector::MaskedLoadOp>(type, buffer, address.base, mask, zeros);
    } else {
      value = kernel.loadVector(type, buffer, address.base);
    }
  }
  if (element.isInteger(1)) {
    Value zero = b.create<arith::ConstantOp>(b.getZeroAttr(value.getType()));
    value = b.create<arith::CmpIOp>(arith::CmpIPredicate::ne, value, zero);
  }
  return spread(value);
}

/// What a vector at `base` will need when so many bytes are done.
void ElementEmitter::fetchAhead(Value buffer, Value base, bool isWrite) {
  if (!bytesAhead)
    return;
  constexpr int64_t kLine = 64;
  constexpr unsigned kFirstCache = 3;
  int64_t elementBytes = cast<MemRefType>(buffer.getType()).getElementTypeBitWidth() / 8;
  for (int64_t at = 0; at < lanes * elementBytes; at += kLine) {
    Value place = kernel.add(base, (bytesAhead + at) / elementBytes);
    kernel.builder.create<memref::PrefetchOp>(buffer, place, isWrite, kFirstCache, /*isDataCache=*/true);
  }
}

Value ElementEmitter::stored(Value value) {
  ImplicitLocOpBuilder &b = kernel.builder;
  if (!getElementTypeOrSelf(value.getType()).isInteger(1))
    return value;
  Type wide = lanes == 1 ? Type(b.getI8Type()) : VectorType::get(lanes, b.getI8Type());
  return b.create<arith::ExtUIOp>(wide, value);
}

bool ElementEmitter::storeInterleaved(ArrayRef<Value> values, Value buffer, ArrayRef<Dim> dims, const Point &point) {
  int64_t count = values.size();
  if (lanes == 1 || mask || kernel.device || count > kMostInterleaved)
    return false;
  Address address = addressOf(*this, dims, point);
  if (address.perLane || address.laneStride != count)
    return false;
  SmallVector<Value> parts = llvm::to_vector(llvm::map_range(values, [&](Value value) { return stored(value); }));
  for (int64_t part = 0; part < count; ++part) {
    SmallVector<std::pair<int64_t, int64_t>> from;
    for (int64_t i = part * lanes; i < (part + 1) * lanes; ++i)
      from.push_back({i % count, i / count});
    kernel.storeVector(pickLanes(kernel.builder, parts, from), buffer, kernel.add(address.base, part * lanes));
  }
  return true;
}

void ElementEmitter::store(Value value, Value buffer, ArrayRef<Dim> dims, const Point &point) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Address address = addressOf(*this, dims, point);
  address.spreadLanes(*this);
  value = stored(value);
  if (!address.perLane && lanes > 1)
    fetchAhead(buffer, address.base, /*isWrite=*/true);
  if (lanes == 1) {
    b.create<memref::StoreOp>(value, buffer, address.base);
  } else if (address.perLane) {
    Value all =
        mask ? mask : b.create<arith::ConstantOp>(DenseElementsAttr::get(VectorType::get(lanes, b.getI1Type()), true));
    b.create<vector::ScatterOp>(buffer, address.base, address.perLane, all, value);
  } else if (mask) {
    b.create<vector::MaskedStoreOp>(buffer, address.base, mask, value);
  } else {
    kernel.storeVector(value, buffer, address.base);
  }
}

//===--- Values -----------------------------------------------------------------------------===//

/// Whether what `outer` defines can be used at the end of `block`.
static bool encloses(Block *outer, Block *block) {
  while (block && block != outer) {
    Operation *parent = block->getParentOp();
    block = parent ? parent->getBlock() : nullptr;
  }
  return block != nullptr;
}

/// Whether two places are one: an axis of one element has a constant of its own in each operand's point.
static bool isSame(const AxisPoint &a, const AxisPoint &b) {
  if (a == b)
    return true;
  std::optional<int64_t> place = constantIndex(a.base);
  return place && place == constantIndex(b.base) && a.lane == b.lane && a.perLane == b.perLane;
}

Value ElementEmitter::at(Value tensor, const Point &point) {
  if (auto found = definitions.find(tensor); found != definitions.end()) {
    Definition definition = found->second; // it may define more
    return definition(*this, point);
  }
  if (auto argument = dyn_cast<BlockArgument>(tensor))
    return load(kernel.buffer(argument), elementOf(tensor), dimsOf(tensor), point);
  // A value that two operands share is computed once: without this, a chain of x * f(x) doubles with every op.
  for (Known &entry : known[tensor])
    if (entry.mask == mask && llvm::equal(entry.point, point, isSame) &&
        encloses(entry.value.getParentBlock(), kernel.builder.getInsertionBlock()))
      return entry.value;
  Value value = compute(tensor.getDefiningOp(), point);
  known[tensor].push_back({point, mask, value});
  return value;
}

std::optional<Point> ElementEmitter::origin(Operation *op, const Point &point) {
  return llvm::TypeSwitch<Operation *, std::optional<Point>>(op)
      .Case([&](BroadcastOp op) { return broadcastPoint(op.getOperand(), point); })
      .Case([&](ReshapeOp op) { // of axes of one element more: all others stay (FormKernels)
        return reshapedPoint(kernel, dimsOf(op.getResult()), dimsOf(op.getOperand()), point);
      })
      .Case([&](TransposeOp op) {
        Point inner(point.size());
        for (auto [axis, from] : llvm::enumerate(op.getPermutation()))
          inner[from] = point[axis];
        return inner;
      })
      .Case([&](SliceOp op) {
        Point inner = point;
        SmallVector<Dim> starts = dimsOf(op.getStarts());
        for (auto [axis, step] : llvm::enumerate(op.getSteps())) {
          if (inner[axis].perLane)
            inner[axis].perLane = kernel.builder.create<arith::MulIOp>(inner[axis].perLane, spread(kernel.index(step)));
          else
            inner[axis] = {kernel.multiply(inner[axis].base, kernel.index(step)), inner[axis].lane * step, {}};
          inner[axis] = shifted(inner[axis], kernel.dim(starts[axis]));
        }
        return inner;
      })
      .Default([](Operation *) { return std::nullopt; });
}

Value ElementEmitter::addressAt(Value tensor, Point point) {
  while (!definitions.contains(tensor)) {
    Operation *op = tensor.getDefiningOp();
    if (!op)
      return addressAt(kernel.buffer(cast<BlockArgument>(tensor)), dimsOf(tensor), point);
    std::optional<Point> from = origin(op, point);
    if (!from)
      return {};
    point = *from;
    tensor = op->getOperand(0);
  }
  return {};
}

Value ElementEmitter::addressAt(Value buffer, ArrayRef<Dim> dims, const Point &point) {
  Address address = addressOf(*this, dims, point);
  bool isDense = !address.perLane && address.laneStride == 1;
  return isDense ? kernel.address(buffer, address.base) : Value();
}

Value ElementEmitter::compute(Operation *op, const Point &point) {
  if (op->hasTrait<Elementwise>())
    return elementwise(op, point);
  if (std::optional<Point> from = origin(op, point))
    return at(op->getOperand(0), *from);
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](ConstantOp op) { return constant(op, point); })
      .Case([&](ShapeVectorOp op) { return shapeVector(op, point); })
      .Case([&](IotaOp op) {
        Value index = indexOf(point[op.getAxis()]);
        Type element = elementOf(op.getResult()), i64 = kernel.builder.getI64Type();
        Type wide = lanes == 1 ? i64 : VectorType::get(lanes, i64);
        return emitCast(kernel.builder, kernel.builder.create<arith::IndexCastOp>(wide, index), i64, element);
      })
      .Case([&](ConcatOp op) { return concat(op, point); })
      .Case([&](PadOp op) { return pad(op, point); })
      .Case([&](GatherOp op) { return gather(op, point); })
      .Case([&](GatherElementsOp op) { return gatherElements(op, point); })
      .Case([&](GatherNdOp op) { return gatherNd(op, point); })
      .Case([&](ResizeOp op) { return resize(op, point); })
      .Case([&](ReduceOp op) { return reduce(op, point); })
      .Case([&](ArgReduceOp op) { return argReduce(op, point); })
      .Case([&](PoolOp op) { return pool(op, point); })
      .Case([&](BlockOp op) { return block(op, point); })
      .Case([&](UnblockOp op) { return unblock(op, point); })
      .Default([&](Operation *op) { return kernel.refuse(op, valueType(elementOf(op->getResult(0)))); });
}

Point ElementEmitter::broadcastPoint(Value operand, const Point &point) {
  SmallVector<Dim> dims = dimsOf(operand);
  size_t lead = point.size() - dims.size();
  Point inner;
  for (auto [axis, dim] : llvm::enumerate(dims))
    inner.push_back(dim.isEqualTo(1) ? AxisPoint{kernel.index(0), 0, {}} : point[lead + axis]);
  return inner;
}

Value ElementEmitter::elementwise(Operation *op, const Point &point) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(at(operand, broadcastPoint(operand, point)));
  return emitScalarOp(kernel, op, operands, mask);
}

Value ElementEmitter::constant(ConstantOp op, const Point &point) {
  auto splat = cast<SplatElementsAttr>(op.getValue()); // others are operands of the kernel: see Outline
  ImplicitLocOpBuilder &b = kernel.builder;
  Type element = splat.getElementType(), type = KernelFunction::registerType(element);
  if (auto real = dyn_cast<FloatType>(element))
    return spread(b.create<arith::ConstantOp>(FloatAttr::get(real, splat.getSplatValue<APFloat>())));
  return spread(b.create<arith::ConstantOp>(IntegerAttr::get(type, splat.getSplatValue<APInt>())));
}

Value ElementEmitter::shapeVector(ShapeVectorOp op, const Point &point) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Type element = elementOf(op.getResult()), i64 = b.getI64Type();
  auto value = [&](const Dim &dim) -> Value {
    Value wide = b.create<arith::IndexCastOp>(i64, kernel.dim(dim));
    return spread(emitCast(b, wide, i64, element));
  };
  SmallVector<Dim> dims = dimsOf(op.getDims());
  if (point.empty())
    return value(dims[0]);
  Value index = indexOf(point[0]), result = value(dims[0]);
  for (size_t i = 1; i < dims.size(); ++i) {
    Value here = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, index, spread(kernel.index(i)));
    result = b.create<arith::SelectOp>(here, value(dims[i]), result);
  }
  return result;
}

//===--- Data movement ----------------------------------------------------------------------===//

Value ElementEmitter::concat(ConcatOp op, const Point &point) {
  int64_t axis = op.getAxis();
  Value zero = kernel.index(0), result;
  result = kernel.builder.create<arith::ConstantOp>(kernel.builder.getZeroAttr(valueType(elementOf(op.getResult()))));
  Dim offset = 0;
  for (Value input : op.getInputs()) {
    Dim extent = dimOf(input, axis);
    Point inner = point;
    inner[axis] = shifted(point[axis], kernel.dim(Dim(0) - offset));
    Value inside = inRange(inner[axis], zero, kernel.dim(extent));
    result = guarded(inside, result, [&] { return at(input, inner); });
    offset = offset + extent;
  }
  return result;
}

/// A scalar condition: only the one that holds is evaluated.
static Value either(ElementEmitter &emitter, Type element, Value condition, function_ref<Value()> yes,
                    function_ref<Value()> no) {
  ImplicitLocOpBuilder &b = emitter.kernel.builder;
  auto choice = b.create<scf::IfOp>(TypeRange(emitter.valueType(element)), condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  b.create<scf::YieldOp>(yes());
  b.setInsertionPointToStart(choice.elseBlock());
  b.create<scf::YieldOp>(no());
  return choice.getResult(0);
}

/// Axes that have something added (or cropped).
static SmallVector<int64_t> paddedAxes(PadOp op) {
  SmallVector<Dim> low = dimsOf(op.getLow()), dims = dimsOf(op.getOperand()), outer = dimsOf(op.getResult());
  SmallVector<int64_t> axes;
  for (auto [axis, extent] : llvm::enumerate(dims))
    if (!low[axis].isEqualTo(0) || outer[axis] != extent)
      axes.push_back(axis);
  return axes;
}

/// Most vectors lie in the operand from their first lane to their last: what the edges need is left out for them.
Value ElementEmitter::pad(PadOp op, const Point &point) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Value whole;
  bool perLane = false, alongLanes = false;
  for (int64_t axis : paddedAxes(op)) {
    AxisPoint place = shifted(point[axis], kernel.dim(Dim(0) - dimsOf(op.getLow())[axis]));
    perLane |= bool(place.perLane) || place.lane < 0;
    alongLanes |= place.lane != 0;
    if (perLane || (!place.lane && op.getMode() != PadMode::constant))
      continue;
    Value extent = kernel.dim(dimOf(op.getOperand(), axis));
    SmallVector<Value, 2> ends = {place.base};
    if (place.lane)
      ends.push_back(kernel.add(place.base, place.lane * (lanes - 1)));
    for (Value end : ends) { // unsigned: a place before the first element is a large number
      Value here = b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, end, extent);
      whole = whole ? b.create<arith::AndIOp>(whole, here).getResult() : here;
    }
  }
  if (!alongLanes || perLane || kernel.device || isLong(kernel))
    return padAtEdges(op, point);
  return either(
      *this, elementOf(op.getResult()), whole, [&] { return padded(op, point); }, [&] { return padAtEdges(op, point); });
}

/// An axis without lanes may still lie at an edge that repeats elements.
Value ElementEmitter::padded(PadOp op, Point point) {
  for (int64_t axis : paddedAxes(op)) {
    point[axis] = shifted(point[axis], kernel.dim(Dim(0) - dimsOf(op.getLow())[axis]));
    if (op.getMode() != PadMode::constant && !point[axis].lane)
      point[axis] = folded(op.getMode(), point[axis], dimOf(op.getOperand(), axis));
  }
  return at(op.getOperand(), point);
}

Value ElementEmitter::padAtEdges(PadOp op, const Point &point) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Point inner = point;
  Value inside;
  for (int64_t axis : paddedAxes(op)) {
    Dim extent = dimOf(op.getOperand(), axis);
    AxisPoint &place = inner[axis];
    place = shifted(place, kernel.dim(Dim(0) - dimsOf(op.getLow())[axis]));
    if (op.getMode() != PadMode::constant) {
      place = folded(op.getMode(), place, extent);
      continue;
    }
    Value here = inRange(place, kernel.index(0), kernel.dim(extent));
    if (!inside)
      inside = here;
    else if (isa<VectorType>(inside.getType()) == isa<VectorType>(here.getType()))
      inside = b.create<arith::AndIOp>(inside, here);
    else
      inside = b.create<arith::AndIOp>(spread(inside), spread(here));
  }
  auto operand = [&] { return at(op.getOperand(), inner); };
  // Emitted once, here: it may be a tensor that is put together in the same way, and so on.
  auto around = [&] { return at(op.getValue(), rankOf(op.getValue()) ? point : Point()); };
  if (!inside)
    return operand();
  if (isa<VectorType>(inside.getType()))
    return guarded(inside, around(), operand);
  return either(*this, elementOf(op.getResult()), inside, operand, around);
}

/// A place outside of an axis becomes the one inside that a padding repeats there.
AxisPoint ElementEmitter::folded(PadMode mode, const AxisPoint &place, const Dim &extent) {
  ImplicitLocOpBuilder &b = kernel.builder;
  bool vector = place.lane || place.perLane;
  Value index = vector ? indexOf(place) : place.base;
  auto number = [&](const Dim &dim) { return vector ? spread(kernel.dim(dim)) : kernel.dim(dim); };
  if (mode == PadMode::edge) {
    index = b.create<arith::MaxSIOp>(b.create<arith::MinSIOp>(index, number(extent - 1)), number(0));
  } else if (mode == PadMode::wrap) {
    Value r = b.create<arith::RemSIOp>(index, number(extent));
    Value negative = b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, r, number(0));
    index = b.create<arith::SelectOp>(negative, b.create<arith::AddIOp>(r, number(extent)), r);
  } else { // reflect: period 2*(extent-1); an extent of 1 stays at 0
    Dim period = Dim::max(extent * 2 - 2, 1);
    Value r = b.create<arith::RemSIOp>(index, number(period));
    Value magnitude = b.create<arith::MaxSIOp>(r, b.create<arith::SubIOp>(number(0), r));
    index = b.create<arith::MinSIOp>(magnitude, b.create<arith::SubIOp>(number(extent * 2 - 2), magnitude));
    index = b.create<arith::MaxSIOp>(index, number(0));
  }
  return vector ? AxisPoint{kernel.index(0), 0, index} : AxisPoint{index, 0, {}};
}

AxisPoint ElementEmitter::checkedIndex(Value index, const Dim &extent) {
  ImplicitLocOpBuilder &b = kernel.builder;
  bool vector = isa<VectorType>(index.getType());
  Type type = vector ? Type(VectorType::get(lanes, b.getIndexType())) : b.getIndexType();
  index = b.create<arith::IndexCastOp>(type, index);
  auto number = [&](Value value) { return vector ? spread(value) : value; };
  Value size = number(kernel.dim(extent)), zero = number(kernel.index(0));
  Value negative = b.create<arith::CmpIOp>(arith::CmpIPredicate::slt, index, zero);
  index = b.create<arith::SelectOp>(negative, b.create<arith::AddIOp>(index, size), index);
  Value wrong = b.create<arith::CmpIOp>(arith::CmpIPredicate::uge, index, size);
  index = b.create<arith::SelectOp>(wrong, zero, index);
  if (vector && mask) // lanes past the tail hold no index
    wrong = b.create<arith::AndIOp>(wrong, mask);
  kernel.fail(wrong, KernelError::Index);
  return vector ? AxisPoint{kernel.index(0), 0, index} : AxisPoint{index, 0, {}};
}

AxisPoint ElementEmitter::indexAt(Value indices, const Point &point, const Dim &extent) {
  bool varies = llvm::any_of(point, [](const AxisPoint &place) { return place.lane || place.perLane; });
  Value index;
  if (varies || lanes == 1) {
    index = at(indices, point);
  } else { // one index for all lanes: keep it scalar, so that the load stays contiguous
    ElementEmitter scalar(kernel, 1);
    scalar.inherit(*this);
    index = scalar.at(indices, point);
  }
  if (elementOf(indices).isUnsignedInteger())
    index = emitCast(kernel.builder, index, elementOf(indices), kernel.builder.getI64Type());
  return checkedIndex(index, extent);
}

Value ElementEmitter::gather(GatherOp op, const Point &point) {
  int64_t axis = op.getAxis(), rank = rankOf(op.getIndices());
  Point indexPoint(point.begin() + axis, point.begin() + axis + rank), inner(point.begin(), point.begin() + axis);
  inner.push_back(indexAt(op.getIndices(), indexPoint, dimOf(op.getData(), axis)));
  inner.append(point.begin() + axis + rank, point.end());
  return at(op.getData(), inner);
}

Value ElementEmitter::block(BlockOp op, const Point &point) {
  int64_t axis = op.getAxis();
  Point inner(point.begin(), point.end() - 1);
  AxisPoint outer = point[axis], lane = point.back();
  Value channel = kernel.multiply(outer.base, kernel.index(op.getSize()));
  if (outer.perLane || lane.perLane) {
    ImplicitLocOpBuilder &b = kernel.builder;
    Value scaled = b.create<arith::MulIOp>(indexOf(outer), spread(kernel.index(op.getSize())));
    inner[axis] = {kernel.index(0), 0, b.create<arith::AddIOp>(scaled, indexOf(lane))};
  } else {
    inner[axis] = {kernel.add(channel, lane.base), outer.lane * int64_t(op.getSize()) + lane.lane, {}};
  }
  Dim extent = dimOf(op.getOperand(), axis);
  if (extent.mod(op.getSize()).isEqualTo(0))
    return at(op.getOperand(), inner);
  Value zero =
      kernel.builder.create<arith::ConstantOp>(kernel.builder.getZeroAttr(valueType(elementOf(op.getResult()))));
  return guarded(inRange(inner[axis], kernel.index(0), kernel.dim(extent)), zero,
                 [&] { return at(op.getOperand(), inner); });
}

Value ElementEmitter::unblock(UnblockOp op, const Point &point) {
  int64_t axis = op.getAxis(), size = *dimsOf(op.getOperand()).back().constant();
  Point inner = point;
  inner[axis] = divided(point[axis], size, /*remainder=*/false);
  inner.push_back(divided(point[axis], size, /*remainder=*/true));
  return at(op.getOperand(), inner);
}

//===--- Reductions -------------------------------------------------------------------------===//

bool isShortRow(const Dim &extent) {
  std::optional<int64_t> known = extent.constant();
  return known && *known <= 8;
}

/// Divides a sum by a count that is an index.
static Value meanOf(KernelFunction &kernel, Value sum, Type element, Value count) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Value wide = b.create<arith::IndexCastOp>(b.getI64Type(), count);
  Value divisor = emitCast(b, wide, b.getI64Type(), element);
  if (!isa<FloatType>(element)) // the mean of no integers is 0, that of no floats NaN; a count may wrap to 0, too
    divisor = b.create<arith::MaxUIOp>(divisor, b.create<arith::ConstantOp>(b.getIntegerAttr(divisor.getType(), 1)));
  if (auto type = dyn_cast<VectorType>(sum.getType()))
    divisor = b.create<vector::BroadcastOp>(type, divisor);
  if (isa<FloatType>(element))
    return b.create<arith::DivFOp>(sum, divisor);
  return b.create<arith::DivSIOp>(sum, divisor);
}

Value ElementEmitter::reduce(ReduceOp op, const Point &point) {
  Value operand = op.getOperand();
  Type element = elementOf(operand);
  SmallVector<Dim> dims = dimsOf(operand);
  SmallVector<int64_t> axes(op.getAxes());
  llvm::sort(axes);
  Dim count = 1;
  for (int64_t axis : axes)
    count = count * dims[axis];
  Point inner = point;
  bool alongLanes = lanes == 1 && !axes.empty() && axes.back() == int64_t(dims.size()) - 1 && !isShortRow(dims.back());
  if (alongLanes)
    axes.pop_back();
  // Loops over the reduced axes carry the accumulator; the innermost axis may run along vectors of its own.
  std::function<Value(size_t, Value)> nest = [&](size_t level, Value accumulator) -> Value {
    ImplicitLocOpBuilder &b = kernel.builder;
    if (level == axes.size()) {
      if (!alongLanes)
        return reductionStep(b, op.getKind(), element, accumulator, at(operand, inner));
      Value row = reduceAlong(*this, kernel.dim(dims.back()), {{op.getKind(), element}},
                              [&](ElementEmitter &e, const AxisPoint &axis) {
                                Point place = inner;
                                place.back() = axis;
                                return SmallVector<Value>{e.at(operand, place)};
                              })[0];
      return reductionStep(b, op.getKind(), element, accumulator, row);
    }
    if (level + 1 == axes.size() && isShortRow(dims[axes[level]])) {
      for (int64_t i = 0; i < *dims[axes[level]].constant(); ++i) {
        inner[axes[level]] = {kernel.index(i), 0, {}};
        accumulator = nest(level + 1, accumulator);
      }
      return accumulator;
    }
    auto carry = [&](Value from, Value to, int64_t step, Value start, function_ref<Value(Value, Value)> body) {
      auto loop = b.create<scf::ForOp>(from, to, kernel.index(step), ValueRange(start));
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      b.create<scf::YieldOp>(body(loop.getInductionVar(), loop.getRegionIterArg(0)));
      return loop.getResult(0);
    };
    auto run = [&](Value from, Value to, Value start) {
      return carry(from, to, 1, start, [&](Value at, Value sum) {
        inner[axes[level]] = {at, 0, {}};
        return nest(level + 1, sum);
      });
    };
    Value extent = kernel.dim(dims[axes[level]]);
    // The error of a sum grows with its length: a long one is added up in parts.
    constexpr int64_t kSummed = 256;
    bool isSum = isa<FloatType>(element) && (op.getKind() == ReduceKind::sum || op.getKind() == ReduceKind::mean);
    if (!isSum || alongLanes || level + 1 < axes.size() || dims[axes[level]].constant().value_or(kSummed + 1) <= kSummed)
      return run(kernel.index(0), extent, accumulator);
    return carry(kernel.index(0), extent, kSummed, accumulator, [&](Value from, Value sum) {
      Value to = b.create<arith::MinUIOp>(kernel.add(from, kSummed), extent);
      Value part = run(from, to, reductionStart(kernel, op.getKind(), element, valueType(element)));
      return reductionStep(b, op.getKind(), element, sum, part);
    });
  };
  Value result = nest(0, reductionStart(kernel, op.getKind(), element, valueType(element)));
  return op.getKind() == ReduceKind::mean ? meanOf(kernel, result, element, kernel.dim(count)) : result;
}

Value ElementEmitter::pool(PoolOp op, const Point &point) {
  ImplicitLocOpBuilder &b = kernel.builder;
  bool average = op.getKind() == PoolKind::average;
  ReduceKind kind = average ? ReduceKind::sum : ReduceKind::max;
  Type element = elementOf(op.getResult());
  SmallVector<Dim> dims = dimsOf(op.getOperand());
  size_t spatial = op.getKernel().size();
  Point inner = point;
  Value one = spread(b.create<arith::ConstantOp>(cast<TypedAttr>(
      isa<FloatType>(element) ? Attribute(b.getFloatAttr(element, 1))
                              : Attribute(b.getIntegerAttr(KernelFunction::registerType(element), 1)))));
  std::function<std::pair<Value, Value>(size_t, Value, Value)> nest = [&](size_t level, Value accumulator,
                                                                          Value count) -> std::pair<Value, Value> {
    if (level == spatial) {
      Value inside, counted;
      for (size_t i = 0; i < spatial; ++i) {
        auto both = [&](Value a, Value c) -> Value {
          if (!a)
            return c;
          bool mixed = isa<VectorType>(a.getType()) != isa<VectorType>(c.getType());
          return b.create<arith::AndIOp>(mixed ? spread(a) : a, mixed ? spread(c) : c);
        };
        Dim extent = dims[2 + i];
        inside = both(inside, inRange(inner[2 + i], kernel.index(0), kernel.dim(extent)));
        counted = both(counted, inRange(inner[2 + i], kernel.index(-op.getPads()[i]),
                                        kernel.dim(extent + op.getPads()[spatial + i])));
      }
      Value next = guarded(inside, accumulator,
                           [&] { return reductionStep(b, kind, element, accumulator, at(op.getOperand(), inner)); });
      if (!average)
        return {next, count};
      Value within = op.getCountPadding() ? counted : inside;
      Value more = isa<FloatType>(element) ? b.create<arith::AddFOp>(count, one).getResult()
                                           : b.create<arith::AddIOp>(count, one).getResult();
      return {next, b.create<arith::SelectOp>(within, more, count)};
    }
    auto loop = b.create<scf::ForOp>(kernel.index(0), kernel.index(op.getKernel()[level]), kernel.index(1),
                                     ValueRange{accumulator, count});
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    // input index = output * stride + k * dilation - pad
    AxisPoint place = point[2 + level];
    int64_t stride = op.getStrides()[level];
    if (place.perLane)
      place.perLane = b.create<arith::MulIOp>(place.perLane, spread(kernel.index(stride)));
    else
      place = {kernel.multiply(place.base, kernel.index(stride)), place.lane * stride, {}};
    Value step = kernel.multiply(loop.getInductionVar(), kernel.index(op.getDilations()[level]));
    inner[2 + level] = shifted(place, kernel.add(step, -op.getPads()[level]));
    auto [next, more] = nest(level + 1, loop.getRegionIterArg(0), loop.getRegionIterArg(1));
    b.create<scf::YieldOp>(ValueRange{next, more});
    return {loop.getResult(0), loop.getResult(1)};
  };
  Value none = b.create<arith::ConstantOp>(b.getZeroAttr(valueType(element)));
  auto [sum, count] = nest(0, reductionStart(kernel, kind, element, valueType(element)), none);
  if (!average)
    return sum;
  if (isa<FloatType>(element))
    return b.create<arith::DivFOp>(sum, count);
  return b.create<arith::DivSIOp>(sum, b.create<arith::MaxSIOp>(count, one)); // a window may see nothing but padding
}

} // namespace quern
