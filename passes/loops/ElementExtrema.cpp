// The places of extrema.
#include "passes/loops/ElementEmitter.h"
#include "passes/loops/FindPlace.h"
#include "passes/loops/IndexBuilder.h"
#include "passes/loops/ReduceAlong.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

//===--- Indices of extrema -----------------------------------------------------------------===//

Value extremumMoves(ImplicitLocOpBuilder &b, ArgReduceOp op, Type element, Value value, Value best) {
  bool largest = op.getLargest(), last = op.getLast();
  if (isa<FloatType>(element)) {
    using F = arith::CmpFPredicate;
    Value beyond = b.create<arith::CmpFOp>(largest ? (last ? F::UGE : F::UGT) : (last ? F::ULE : F::ULT), value, best);
    Value yields = b.create<arith::CmpFOp>(F::ORD, best, best); // a NaN does to another alone, if later ones win
    if (last)
      yields = b.create<arith::OrIOp>(yields, b.create<arith::CmpFOp>(F::UNO, value, value));
    return b.create<arith::AndIOp>(beyond, yields);
  }
  using I = arith::CmpIPredicate;
  if (element.isUnsignedInteger() || element.isInteger(1))
    return b.create<arith::CmpIOp>(largest ? (last ? I::uge : I::ugt) : (last ? I::ule : I::ult), value, best);
  return b.create<arith::CmpIOp>(largest ? (last ? I::sge : I::sgt) : (last ? I::sle : I::slt), value, best);
}

Value ElementEmitter::argReduce(ArgReduceOp op, const Point &point) {
  ImplicitLocOpBuilder &b = kernel.builder;
  int64_t axis = op.getAxis();
  Type element = elementOf(op.getOperand());
  if (lanes == 1 && axis == rankOf(op.getOperand()) - 1)
    return argReduceRow(op, point);
  // Bools are compared as bytes: registers of bits are few, or there are none.
  auto elementsAt = [&](const Point &place) -> Value {
    Value value = at(op.getOperand(), place);
    return element.isInteger(1) ? b.create<arith::ExtUIOp>(valueType(b.getI8Type()), value).getResult() : value;
  };
  Point inner = point;
  inner[axis] = {kernel.index(0), 0, {}};
  Value first = elementsAt(inner);
  // Positions take as little room in registers as they can.
  Dim extent = dimOf(op.getOperand(), axis);
  Type i64 = b.getI64Type(), position = extent.constant().value_or(INT64_MAX) <= INT32_MAX ? Type(b.getI32Type()) : i64;
  Value none = b.create<arith::ConstantOp>(b.getZeroAttr(valueType(position)));
  auto loop = b.create<scf::ForOp>(kernel.index(1), kernel.dim(extent), kernel.index(1), ValueRange{first, none});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    inner[axis] = {loop.getInductionVar(), 0, {}};
    Value value = elementsAt(inner), best = loop.getRegionIterArg(0);
    Value better = extremumMoves(b, op, element, value, best);
    Value index = spread(b.create<arith::IndexCastOp>(position, loop.getInductionVar()));
    b.create<scf::YieldOp>(ValueRange{b.create<arith::SelectOp>(better, value, best),
                                      b.create<arith::SelectOp>(better, index, loop.getRegionIterArg(1))});
  }
  return emitCast(b, loop.getResult(1), position, i64);
}

namespace {
using Elements = function_ref<Value(ElementEmitter &, const AxisPoint &)>;

/// Finds the extremum of a row and its place in one pass along vectors. A few chains, which hide the latency, take turns; each of
/// their lanes remembers its extremum and the number of the vector that has it:
///
///   vectors   0   1   2   3   4   5 ...     lane l of vector n is element n * lanes + l
///   chains    0   1   2   3   0   1 ...     and remembers the number of the vector that chain 0 took in that turn
///
/// Numbers are compared as if there was no NaN, which moves nothing: one is remembered apart, and looked for if there was.
class RowExtremum {
public:
  RowExtremum(ElementEmitter &outer, ArgReduceOp op, Value extent, Elements elements)
      : outer(outer), kernel(outer.kernel), b(kernel.builder), op(op), element(elementOf(op.getOperand())),
        extent(extent), elements(elements), lanes(vectorLanes(kernel.level)),
        number(b.builder.getIntegerType(element.getIntOrFloatBitWidth())),
        isFloat(isa<FloatType>(element)) {}

  /// An index.
  Value place();

private:
  static constexpr int64_t kChains = 4;
  struct Chain {
    Value best, number;
  };

  /// Whether `value` is beyond `best`; or as far, where `orEqual`.
  Value isBeyond(Value value, Value best, bool orEqual);
  Value isEqual(Value x, Value y);
  Chain choose(Value condition, Chain yes, Chain no);
  void take(MutableArrayRef<Value> state, int64_t chain, Value value, Value number, Value mask);
  void noteNan(SmallVectorImpl<Value> &state, Value x, Value y, Value mask);
  Chain join(Chain first, Chain second);
  Chain combine(Chain lanes);
  SmallVector<Value> startState();
  void takeVectors(SmallVectorImpl<Value> &state, Index from, Index to, bool masked);
  Chain takeElements(Chain row, Value &nan, Value from);

  Value spreadNumber(Index index) {
    return b.create<vector::BroadcastOp>(VectorType::get(lanes, number),
                                         b.create<arith::IndexCastOp>(number, b.value(index)));
  }
  Value constant(Type type, int64_t value) {
    Attribute one = b.builder.getIntegerAttr(number, value);
    auto vector = dyn_cast<VectorType>(type);
    return b.create<arith::ConstantOp>(type, cast<TypedAttr>(vector ? SplatElementsAttr::get(vector, one) : one));
  }
  Value elementsAt(int64_t width, Value mask, Index at) {
    ElementEmitter e(kernel, width, mask);
    e.inherit(outer);
    return elements(e, {b.value(at), width > 1 ? 1 : 0, {}});
  }

  ElementEmitter &outer;
  KernelFunction &kernel;
  IndexBuilder b;
  ArgReduceOp op;
  Type element;
  Value extent;
  Elements elements;
  int64_t lanes;
  Type number; // of a vector: as wide as the elements, so that lanes match
  bool isFloat;
};
} // namespace

Value RowExtremum::isBeyond(Value value, Value best, bool orEqual) {
  bool largest = op.getLargest();
  if (isFloat) {
    using F = arith::CmpFPredicate;
    return b.create<arith::CmpFOp>(largest ? (orEqual ? F::OGE : F::OGT) : (orEqual ? F::OLE : F::OLT), value, best);
  }
  using I = arith::CmpIPredicate;
  if (element.isUnsignedInteger())
    return b.create<arith::CmpIOp>(largest ? (orEqual ? I::uge : I::ugt) : (orEqual ? I::ule : I::ult), value, best);
  return b.create<arith::CmpIOp>(largest ? (orEqual ? I::sge : I::sgt) : (orEqual ? I::sle : I::slt), value, best);
}

Value RowExtremum::isEqual(Value x, Value y) {
  if (isFloat && isa<FloatType>(getElementTypeOrSelf(x.getType())))
    return b.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, x, y);
  return b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, x, y);
}

RowExtremum::Chain RowExtremum::choose(Value condition, Chain yes, Chain no) {
  return {b.create<arith::SelectOp>(condition, yes.best, no.best),
          b.create<arith::SelectOp>(condition, yes.number, no.number)};
}

/// Each chain's extremum and number; where elements are floats, whether there was a NaN in the lanes.
SmallVector<Value> RowExtremum::startState() {
  ReduceKind kind = op.getLargest() ? ReduceKind::max : ReduceKind::min;
  Type values = VectorType::get(lanes, KernelFunction::registerType(element)), numbers = VectorType::get(lanes, number);
  SmallVector<Value> state;
  for (int64_t chain = 0; chain < kChains; ++chain) {
    state.push_back(reductionStart(kernel, kind, element, values));
    // Of a row that is nothing but this value the first element is found in the first lane, the last one where it is.
    state.push_back(constant(numbers, op.getLast() ? -kChains : 0));
  }
  if (isFloat)
    state.push_back(constant(numbers, 0));
  return state;
}

void RowExtremum::take(MutableArrayRef<Value> state, int64_t chain, Value value, Value number, Value mask) {
  Value moves = isBeyond(value, state[2 * chain], op.getLast());
  if (mask)
    moves = b.create<arith::AndIOp>(moves, mask);
  Chain next = choose(moves, {value, number}, {state[2 * chain], state[2 * chain + 1]});
  state[2 * chain] = next.best;
  state[2 * chain + 1] = next.number;
}

/// One comparison finds a NaN in two vectors.
void RowExtremum::noteNan(SmallVectorImpl<Value> &state, Value x, Value y, Value mask) {
  if (!isFloat)
    return;
  Value isNan = b.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, x, y);
  if (mask)
    isNan = b.create<arith::AndIOp>(isNan, mask);
  state.back() = b.create<arith::SelectOp>(isNan, constant(state.back().getType(), -1), state.back());
}

/// The extremum of two chains' lanes, and the first (or last) vector that has it.
RowExtremum::Chain RowExtremum::join(Chain first, Chain second) {
  using I = arith::CmpIPredicate;
  Value wins = b.create<arith::CmpIOp>(op.getLast() ? I::sgt : I::slt, second.number, first.number);
  wins = b.create<arith::AndIOp>(wins, isEqual(second.best, first.best));
  wins = b.create<arith::OrIOp>(wins, isBeyond(second.best, first.best, /*orEqual=*/false));
  return choose(wins, second, first);
}

/// Of the lanes of a row: the extremum, and the index of the first (or last) element that is it.
RowExtremum::Chain RowExtremum::combine(Chain row) {
  Value best = row.best;
  for (int64_t width = lanes; width > 1; width /= 2) {
    Value low = b.create<vector::ExtractStridedSliceOp>(best, 0, width / 2, 1);
    Value high = b.create<vector::ExtractStridedSliceOp>(best, width / 2, width / 2, 1);
    best = b.create<arith::SelectOp>(isBeyond(high, low, /*orEqual=*/false), high, low);
  }
  best = b.create<vector::ExtractOp>(best, 0);
  Type numbers = row.number.getType();
  int64_t bits = number.getIntOrFloatBitWidth();
  APInt none = op.getLast() ? APInt::getSignedMinValue(bits) : APInt::getSignedMaxValue(bits);
  Value hits = isEqual(row.best, b.create<vector::BroadcastOp>(row.best.getType(), best));
  Value found = b.create<arith::SelectOp>(hits, row.number, constant(numbers, none.getSExtValue()));
  Value vector = b.create<vector::ReductionOp>(
      op.getLast() ? vector::CombiningKind::MAXSI : vector::CombiningKind::MINSI, found);
  Value isThere = isEqual(found, b.create<vector::BroadcastOp>(numbers, vector));
  Type index = b.builder.getIndexType();
  Value lane = b.create<arith::IndexCastUIOp>(index, placeOfLane(b.builder, bitsOf(b.builder, isThere), op.getLast()));
  return {best, b.value(b.add(b.mul(b.create<arith::IndexCastOp>(index, vector).getResult(), lanes), lane))};
}

/// The vectors of [from, to) one by one, by the first chain.
void RowExtremum::takeVectors(SmallVectorImpl<Value> &state, Index from, Index to, bool masked) {
  b.carry(from, to, lanes, state, [&](Index at, SmallVectorImpl<Value> &state) {
    Value mask;
    if (masked)
      mask = b.create<vector::CreateMaskOp>(VectorType::get(lanes, b.builder.getI1Type()), b.value(b.sub(to, at)));
    Value value = elementsAt(lanes, mask, at);
    take(state, 0, value, spreadNumber(b.div(at, lanes)), mask);
    noteNan(state, value, value, mask);
  });
}

/// What is left, where the level has no masks.
RowExtremum::Chain RowExtremum::takeElements(Chain row, Value &nan, Value from) {
  SmallVector<Value> state{row.best, row.number};
  if (isFloat)
    state.push_back(nan);
  b.carry(from, extent, 1, state, [&](Index at, SmallVectorImpl<Value> &state) {
    Value value = elementsAt(1, {}, at);
    take(state, 0, value, b.value(at), {});
    if (isFloat)
      state.back() = b.create<arith::OrIOp>(
          state.back(), b.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, value, value));
  });
  if (isFloat)
    nan = state.back();
  return {state[0], state[1]};
}

Value RowExtremum::place() {
  SmallVector<Value> state = startState();
  int64_t turn = kChains * lanes;
  Index wide = b.sub(extent, b.rem(extent, turn)), whole = b.sub(extent, b.rem(extent, lanes));
  b.carry(b.index(0), wide, turn, state, [&](Index at, SmallVectorImpl<Value> &state) {
    SmallVector<Value> values;
    Value number = spreadNumber(b.div(at, lanes));
    for (int64_t chain = 0; chain < kChains; ++chain) {
      values.push_back(elementsAt(lanes, {}, b.add(at, chain * lanes)));
      take(state, chain, values.back(), number, {});
    }
    for (int64_t chain = 0; chain < kChains; chain += 2)
      noteNan(state, values[chain], values[chain + 1], {});
  });
  SmallVector<Chain> chains;
  for (int64_t chain = 0; chain < kChains; ++chain) {
    Value number = state[2 * chain + 1];
    chains.push_back({state[2 * chain], b.create<arith::AddIOp>(number, constant(number.getType(), chain))});
  }
  for (int64_t apart = kChains / 2; apart > 0; apart /= 2)
    for (int64_t chain = 0; chain < apart; ++chain)
      chains[chain] = join(chains[chain], chains[chain + apart]);
  SmallVector<Value> row{chains[0].best, chains[0].number};
  if (isFloat)
    row.push_back(state.back());
  bool masks = kernel.level.masks;
  takeVectors(row, wide, masks ? Index(extent) : whole, masks);
  Chain result = combine({row[0], row[1]});
  Value nan;
  if (isFloat) {
    Value seen = b.create<arith::CmpIOp>(arith::CmpIPredicate::ne, row.back(), constant(row.back().getType(), 0));
    Value bits = bitsOf(b.builder, seen);
    nan = b.create<arith::CmpIOp>(arith::CmpIPredicate::ne, bits,
                                  b.create<arith::ConstantOp>(b.builder.getZeroAttr(bits.getType())));
  }
  if (!masks)
    result = takeElements(result, nan, b.value(whole));
  if (!isFloat)
    return result.number;
  auto choice = b.create<scf::IfOp>(TypeRange(result.number.getType()), nan, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b.builder);
  b.builder.setInsertionPointToStart(choice.thenBlock());
  b.create<scf::YieldOp>(findPlace(outer, extent, op.getLast(), kFewPlaces, [&](ElementEmitter &e, const AxisPoint &axis) {
    Value value = elements(e, axis);
    return b.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, value, value);
  }));
  b.builder.setInsertionPointToStart(choice.elseBlock());
  b.create<scf::YieldOp>(result.number);
  return choice.getResult(0);
}

/// Of bools: the first (or last) that is the extremum, and where none is all are the same.
static Value placeOfBool(ElementEmitter &outer, ArgReduceOp op, Value extent, Elements elements) {
  KernelFunction &kernel = outer.kernel;
  ImplicitLocOpBuilder &b = kernel.builder;
  Value place = findPlace(outer, extent, op.getLast(), kManyPlaces, [&](ElementEmitter &e, const AxisPoint &axis) {
    Value value = elements(e, axis);
    Value wanted = e.spread(b.create<arith::ConstantIntOp>(op.getLargest(), 1));
    return b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, value, wanted);
  });
  Value isThere = b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, place, extent);
  Value same = op.getLast() ? kernel.add(extent, -1) : kernel.index(0);
  return b.create<arith::SelectOp>(isThere, place, same);
}

/// Whether `value`, an element or lanes of them, is as large as the extremum, which is NaN where an element is.
static Value isExtremum(ImplicitLocOpBuilder &b, Type element, Value value, Value best) {
  if (!isa<FloatType>(element))
    return b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, value, best);
  Value equal = b.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, value, best);
  return b.create<arith::OrIOp>(equal, b.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, value, value));
}

/// The extremum of each block, and in the first (or last) block that has the row's the first (or last) place of it: a row is
/// read once and up to a block of it twice. So do the threads of a device, which may share a row; and elements so narrow that
/// their numbers would take more registers than they.
static Value placeInBlocks(ElementEmitter &outer, ArgReduceOp op, Value extent, Elements elements) {
  constexpr int64_t kBlock = 2048;
  KernelFunction &kernel = outer.kernel;
  ImplicitLocOpBuilder &b = kernel.builder;
  Type element = elementOf(op.getOperand());
  auto elementsFrom = [&](ElementEmitter &e, Value start, const AxisPoint &axis) {
    return elements(e, {kernel.add(axis.base, start), axis.lane, {}});
  };
  auto blockLength = [&](Value start) -> Value {
    return b.create<arith::MinSIOp>(b.create<arith::SubIOp>(extent, start), kernel.index(kBlock));
  };
  ReduceKind kind = op.getLargest() ? ReduceKind::max : ReduceKind::min;
  Value worst = reductionStart(kernel, kind, element, KernelFunction::registerType(element));
  auto blocks = b.create<scf::ForOp>(kernel.index(0), extent, kernel.index(kBlock), ValueRange{worst, kernel.index(0)});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(blocks.getBody());
    Value start = blocks.getInductionVar(), best = blocks.getRegionIterArg(0);
    Value value = reduceAlong(outer, blockLength(start), {{kind, element}}, [&](ElementEmitter &e, const AxisPoint &axis) {
                    return SmallVector<Value>{elementsFrom(e, start, axis)};
                  })[0];
    Value moves = extremumMoves(b, op, element, value, best);
    b.create<scf::YieldOp>(ValueRange{b.create<arith::SelectOp>(moves, value, best),
                                      b.create<arith::SelectOp>(moves, start, blocks.getRegionIterArg(1))});
  }
  Value best = blocks.getResult(0), start = blocks.getResult(1);
  auto isHit = [&](ElementEmitter &e, const AxisPoint &axis) {
    return isExtremum(b, element, elementsFrom(e, start, axis), e.spread(best));
  };
  if (!kernel.device)
    return kernel.add(start, findPlace(outer, blockLength(start), op.getLast(), kFewPlaces, isHit));
  ReduceKind pick = op.getLast() ? ReduceKind::max : ReduceKind::min;
  Type i32 = b.getI32Type(); // positions in a block take as little room in registers as they can
  Value place = reduceAlong(outer, blockLength(start), {{pick, i32}}, [&](ElementEmitter &e, const AxisPoint &axis) {
    Value hit = isHit(e, axis);
    Value index = b.create<arith::IndexCastOp>(e.valueType(i32), e.indexOf(axis));
    Value miss = b.create<arith::ConstantIntOp>(op.getLast() ? 0 : INT32_MAX, 32);
    return SmallVector<Value>{b.create<arith::SelectOp>(hit, index, e.spread(miss))};
  })[0];
  return kernel.add(start, b.create<arith::IndexCastOp>(b.getIndexType(), place));
}

Value ElementEmitter::argReduceRow(ArgReduceOp op, const Point &point) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Value extent = kernel.dim(dimOf(op.getOperand(), op.getAxis()));
  auto elements = [&](ElementEmitter &e, const AxisPoint &axis) {
    Point inner = point;
    inner.back() = axis;
    return e.at(op.getOperand(), inner);
  };
  Type element = elementOf(op.getOperand());
  Value place;
  if (element.isInteger(1) && !kernel.device)
    place = placeOfBool(*this, op, extent, elements);
  else if (kernel.device || element.getIntOrFloatBitWidth() < 32)
    place = placeInBlocks(*this, op, extent, elements);
  else
    place = RowExtremum(*this, op, extent, elements).place();
  return b.create<arith::IndexCastOp>(b.getI64Type(), place);
}

} // namespace quern
