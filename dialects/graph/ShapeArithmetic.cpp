// Shape arithmetic on Dims: what Shape -> Gather -> Mul -> Concat -> Reshape chains become.
//
// Each rule computes the elements of an integer result from the operands' elements as expressions over symbols. Symbols
// stand for values >= 0, which is what decides comparisons such as "batch == -1"; what sizes decide differently is left
// to the run time.
#include "dialects/graph/Evaluate.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern;
using namespace quern::graph;

using Elements = SmallVector<Dim>;
static constexpr int64_t kMaxElements = 64;

//===--- Bounds -----------------------------------------------------------------------------===//

/// True for sizes that are never negative; false: not known.
static bool isNonNegative(const Dim &dim);

static bool isNonNegativeAtom(StringRef text) {
  Dim::Atom atom = Dim::atomOf(text);
  if (atom.function.empty())
    return true;
  bool first = isNonNegative(atom.operands[0]), second = isNonNegative(atom.operands[1]);
  if (atom.function == "max")
    return first || second;
  return first && second; // min and floordiv; a zero divisor is an error of the run
}

/// The least value of a dim, nothing if it has none that is known. N - min(1, N) is at least N - N: up to `replaced`
/// minima that are subtracted are taken for what they are at most.
static std::optional<int64_t> lowerBound(const Dim &dim, int replaced = 2) {
  if (dim.isPoison())
    return std::nullopt;
  int64_t bound = 0;
  for (auto &[atoms, coefficient] : dim.getTerms()) {
    if (atoms.empty()) {
      bound = coefficient;
      continue;
    }
    if (coefficient >= 0 && llvm::all_of(atoms, isNonNegativeAtom))
      continue;
    Dim::Atom atom = Dim::atomOf(atoms[0]);
    if (coefficient >= 0 || atoms.size() != 1 || atom.function != "min" || replaced == 0)
      return std::nullopt;
    std::optional<int64_t> best;
    for (const Dim &most : atom.operands)
      if (auto least = lowerBound(dim + (Dim::symbol(atoms[0]) - most) * Dim(0 - coefficient), replaced - 1))
        best = std::max(best.value_or(INT64_MIN), *least);
    return best;
  }
  return bound;
}

static bool isNonNegative(const Dim &dim) { return lowerBound(dim).value_or(-1) >= 0; }
static bool isPositive(const Dim &dim) { return lowerBound(dim).value_or(-1) >= 1; }

std::optional<bool> graph::decide(CompareKind kind, const Dim &a, const Dim &b) {
  Dim difference = a - b, opposite = b - a;
  switch (kind) {
  case CompareKind::eq:
  case CompareKind::ne:
    if (difference.isEqualTo(0))
      return kind == CompareKind::eq;
    if (isPositive(difference) || isPositive(opposite))
      return kind == CompareKind::ne;
    return std::nullopt;
  case CompareKind::lt:
    return isPositive(opposite) ? std::optional(true) : isNonNegative(difference) ? std::optional(false) : std::nullopt;
  case CompareKind::le:
    return isNonNegative(opposite) ? std::optional(true) : isPositive(difference) ? std::optional(false) : std::nullopt;
  case CompareKind::gt:
    return decide(CompareKind::lt, b, a);
  case CompareKind::ge:
    return decide(CompareKind::le, b, a);
  }
  llvm_unreachable("all kinds are above");
}

Dim graph::smaller(const Dim &a, const Dim &b) {
  if (decide(CompareKind::le, a, b) == true)
    return a;
  return decide(CompareKind::le, b, a) == true ? b : Dim::min(a, b);
}

Dim graph::larger(const Dim &a, const Dim &b) {
  if (decide(CompareKind::ge, a, b) == true)
    return a;
  return decide(CompareKind::ge, b, a) == true ? b : Dim::max(a, b);
}

//===--- One element ------------------------------------------------------------------------===//

static std::optional<Dim> divide(const Dim &a, const Dim &b) {
  if (b.isEqualTo(0) || !isNonNegative(b))
    return std::nullopt;
  if (std::optional<Dim> exact = a.dividedBy(b))
    return exact;
  return isNonNegative(a) ? std::optional(a.floordiv(b)) : std::nullopt; // floor is truncation here
}

static std::optional<Dim> remainder(const Dim &a, const Dim &b, bool truncated) {
  if (b.isEqualTo(0) || !isNonNegative(b) || (truncated && !isNonNegative(a)))
    return std::nullopt;
  return a.mod(b);
}

static std::optional<Dim> evaluateElement(Operation *op, ArrayRef<Dim> x) {
  using Result = std::optional<Dim>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](AddOp) { return x[0] + x[1]; })
      .Case([&](SubOp) { return x[0] - x[1]; })
      .Case([&](MulOp) { return x[0] * x[1]; })
      .Case([&](DivOp) { return divide(x[0], x[1]); })
      .Case([&](ModOp mod) { return remainder(x[0], x[1], mod.getTruncated()); })
      .Case([&](NegOp) { return Dim(0) - x[0]; })
      .Case([&](AbsOp) { return isNonNegative(x[0]) ? Result(x[0]) : std::nullopt; })
      .Case([&](SignOp) { return isPositive(x[0]) ? Result(1) : std::nullopt; })
      .Case([&](MinOp) { return smaller(x[0], x[1]); })
      .Case([&](MaxOp) { return larger(x[0], x[1]); })
      .Case([&](CompareOp compare) -> Result {
        std::optional<bool> holds = decide(compare.getKind(), x[0], x[1]);
        return holds ? Result(*holds) : std::nullopt;
      })
      .Case([&](SelectOp) -> Result {
        if (x[1] == x[2])
          return x[1];
        return x[0].isConstant() ? Result(x[0].isEqualTo(0) ? x[2] : x[1]) : std::nullopt;
      })
      .Case([&](CastOp cast) -> Result {
        if (!elementOf(cast.getResult()).isInteger(1))
          return x[0];
        std::optional<bool> nonzero = decide(CompareKind::ne, x[0], 0);
        return nonzero ? Result(*nonzero) : std::nullopt;
      })
      .Default([](Operation *) { return std::nullopt; });
}

//===--- Indices ----------------------------------------------------------------------------===//

/// The position in a row-major tensor of `shape` for each row-major index of `dims`: `map` fills the operand's index.
static SmallVector<int64_t> positions(ArrayRef<int64_t> dims, ArrayRef<int64_t> shape,
                                      llvm::function_ref<void(ArrayRef<int64_t>, MutableArrayRef<int64_t>)> map) {
  SmallVector<int64_t> result, index(dims.size(), 0), from(shape.size(), 0);
  for (int64_t count = ShapedType::getNumElements(dims); count > 0; --count) {
    map(index, from);
    int64_t position = 0;
    for (size_t axis = 0; axis < shape.size(); ++axis)
      position = position * shape[axis] + from[axis];
    result.push_back(position);
    for (int64_t axis = int64_t(dims.size()) - 1; axis >= 0 && ++index[axis] == dims[axis]; --axis)
      index[axis] = 0;
  }
  return result;
}

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

static SmallVector<int64_t> broadcastPositions(ArrayRef<int64_t> dims, ArrayRef<int64_t> shape) {
  return positions(dims, shape, [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> from) {
    size_t lead = index.size() - from.size();
    for (size_t axis = 0; axis < from.size(); ++axis)
      from[axis] = shape[axis] == 1 ? 0 : index[lead + axis];
  });
}

static std::optional<Elements> pick(const Elements &elements, ArrayRef<int64_t> where) {
  Elements result;
  for (int64_t position : where) {
    if (position < 0 || position >= int64_t(elements.size()))
      return std::nullopt;
    result.push_back(elements[position]);
  }
  return result;
}

//===--- One op -----------------------------------------------------------------------------===//

static std::optional<Elements> elementwise(Operation *op, ArrayRef<Elements> operands) {
  ArrayRef<int64_t> dims = shapeOf(op->getResult(0));
  SmallVector<SmallVector<int64_t>> where;
  for (Value operand : op->getOperands())
    where.push_back(broadcastPositions(dims, shapeOf(operand)));
  Elements result;
  for (int64_t i = 0; i < ShapedType::getNumElements(dims); ++i) {
    SmallVector<Dim> x;
    for (size_t operand = 0; operand < operands.size(); ++operand)
      x.push_back(operands[operand][where[operand][i]]);
    std::optional<Dim> element = evaluateElement(op, x);
    if (!element || element->isPoison())
      return std::nullopt;
    result.push_back(*element);
  }
  return result;
}

static std::optional<Elements> concat(ConcatOp op, ArrayRef<Elements> operands) {
  Elements result(cast<RankedTensorType>(op.getResult().getType()).getNumElements(), Dim());
  ArrayRef<int64_t> dims = shapeOf(op.getResult());
  int64_t axis = op.getAxis(), offset = 0;
  for (auto [operand, elements] : llvm::zip(op.getInputs(), operands)) {
    SmallVector<int64_t> where =
        positions(shapeOf(operand), dims, [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> to) {
          llvm::copy(index, to.begin());
          to[axis] += offset;
        });
    for (auto [position, element] : llvm::zip(where, elements))
      result[position] = element;
    offset += shapeOf(operand)[axis];
  }
  return result;
}

static std::optional<Elements> slice(SliceOp op, const Elements &operand) {
  SmallVector<Dim> starts = dimsOf(op.getStarts());
  if (!llvm::all_of(starts, [](const Dim &start) { return start.isConstant(); }))
    return std::nullopt;
  return pick(operand, positions(shapeOf(op.getResult()), shapeOf(op.getOperand()),
                                 [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> from) {
                                   for (size_t axis = 0; axis < from.size(); ++axis)
                                     from[axis] = *starts[axis].constant() + index[axis] * op.getSteps()[axis];
                                 }));
}

static std::optional<Elements> gather(GatherOp op, const Elements &data, const Elements &indices) {
  ArrayRef<int64_t> dataShape = shapeOf(op.getData()), indexShape = shapeOf(op.getIndices());
  size_t axis = op.getAxis();
  bool known = true;
  SmallVector<int64_t> where =
      positions(shapeOf(op.getResult()), dataShape, [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> from) {
        int64_t place = 0;
        for (size_t i = 0; i < indexShape.size(); ++i)
          place = place * indexShape[i] + index[axis + i];
        int64_t picked = indices[place].constant().value_or(INT64_MIN);
        picked += picked < 0 && picked != INT64_MIN ? dataShape[axis] : 0;
        known &= picked >= 0 && picked < dataShape[axis];
        for (size_t i = 0; i < from.size(); ++i)
          from[i] = i < axis ? index[i] : i == axis ? (known ? picked : 0) : index[i + indexShape.size() - 1];
      });
  return known ? pick(data, where) : std::nullopt;
}

static std::optional<Dim> combine(ReduceKind kind, const Dim &a, const Dim &b) {
  switch (kind) {
  case ReduceKind::sum: return a + b;
  case ReduceKind::prod: return a * b;
  case ReduceKind::min: return smaller(a, b);
  case ReduceKind::max: return larger(a, b);
  case ReduceKind::mean: return std::nullopt;
  }
  llvm_unreachable("all kinds are above");
}

static std::optional<Elements> reduce(ReduceOp op, const Elements &operand) {
  ArrayRef<int64_t> shape = shapeOf(op.getOperand()), dims = shapeOf(op.getResult());
  SmallVector<std::optional<Dim>> result(ShapedType::getNumElements(dims));
  SmallVector<int64_t> where = broadcastPositions(shape, dims);
  for (auto [element, position] : llvm::zip(operand, where)) {
    result[position] = result[position] ? combine(op.getKind(), *result[position], element) : element;
    if (!result[position] || result[position]->isPoison())
      return std::nullopt;
  }
  Elements elements;
  for (std::optional<Dim> &element : result) {
    if (!element)
      return std::nullopt; // an empty reduction is a constant's business
    elements.push_back(*element);
  }
  return elements;
}

static std::optional<Elements> transpose(TransposeOp op, const Elements &operand) {
  return pick(operand, positions(shapeOf(op.getResult()), shapeOf(op.getOperand()),
                                 [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> from) {
                                   for (auto [i, axis] : llvm::enumerate(op.getPermutation()))
                                     from[axis] = index[i];
                                 }));
}

/// Constants are as narrow as their type. Longer expressions than any sensible model has are left to the run time.
static bool fits(const Dim &dim, IntegerType type) {
  if (dim.getTerms().size() > 64 || dim.str().size() > 2000)
    return false;
  std::optional<int64_t> value = dim.constant();
  if (!value || type.getWidth() == 64)
    return !dim.isPoison() && (!value || !type.isUnsigned() || *value >= 0);
  if (type.isUnsigned() || type.getWidth() == 1)
    return llvm::isUIntN(type.getWidth(), *value);
  return llvm::isIntN(type.getWidth(), *value);
}

static bool isFew(RankedTensorType type) {
  int64_t count = 1;
  for (int64_t extent : type.getShape())
    if (llvm::MulOverflow(count, extent, count))
      return false;
  return count <= kMaxElements;
}

std::optional<SmallVector<Dim>> graph::evaluateDims(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumOperands() == 0)
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  auto integer = type ? dyn_cast<IntegerType>(type.getElementType()) : nullptr;
  if (!integer || integer.getWidth() > 64 || !type.hasStaticShape() || !isFew(type))
    return std::nullopt;
  // Constants alone are evaluateConstant's: it wraps as the type does.
  if (llvm::none_of(op->getOperands(), [](Value operand) { return operand.getDefiningOp<ShapeVectorOp>(); }))
    return std::nullopt;
  SmallVector<Elements> operands;
  for (Value operand : op->getOperands()) {
    std::optional<Elements> elements = knownIntegers(operand);
    if (!elements)
      return std::nullopt;
    operands.push_back(std::move(*elements));
  }
  std::optional<Elements> result;
  if (op->hasTrait<Elementwise>())
    result = elementwise(op, operands);
  else
    result = llvm::TypeSwitch<Operation *, std::optional<Elements>>(op)
                 .Case([&](ReshapeOp) { return operands[0]; })
                 .Case([&](BroadcastOp) {
                   return pick(operands[0], broadcastPositions(type.getShape(), shapeOf(op->getOperand(0))));
                 })
                 .Case([&](ConcatOp concatOp) { return concat(concatOp, operands); })
                 .Case([&](SliceOp sliceOp) { return slice(sliceOp, operands[0]); })
                 .Case([&](GatherOp gatherOp) { return gather(gatherOp, operands[0], operands[1]); })
                 .Case([&](ReduceOp reduceOp) { return reduce(reduceOp, operands[0]); })
                 .Case([&](TransposeOp transposeOp) { return transpose(transposeOp, operands[0]); })
                 .Default([](Operation *) { return std::nullopt; });
  if (!result || !llvm::all_of(*result, [&](const Dim &dim) { return fits(dim, integer); }))
    return std::nullopt;
  return result;
}
