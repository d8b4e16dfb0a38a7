#include "passes/loops/ReduceAlong.h"
#include "codegen/common/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/loops/device/Team.h"

using namespace mlir;

namespace quern {

int64_t vectorLanes(const Level &level) { return level.vectorBytes / 4; }

static bool isLongFunction(Operation &op) { return mathFunctionNamed(op.getName().stripDialect()).has_value(); }

bool isLong(KernelFunction &kernel) { return llvm::any_of(kernel.body().without_terminator(), isLongFunction); }

/// from + (to - from) rounded down to a multiple of `by`.
static Value roundDown(KernelFunction &kernel, Value from, Value to, int64_t by) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Value length = b.create<arith::SubIOp>(to, from);
  Value whole = b.create<arith::MulIOp>(b.create<arith::DivSIOp>(length, kernel.index(by)), kernel.index(by));
  return b.create<arith::AddIOp>(from, whole);
}

/// The lanes of a tail of `to - at` elements.
static Value tailMask(KernelFunction &kernel, int64_t lanes, Value at, Value to) {
  ImplicitLocOpBuilder &b = kernel.builder;
  Value rest = b.create<arith::SubIOp>(to, at);
  return b.create<vector::CreateMaskOp>(VectorType::get(lanes, b.getI1Type()), rest);
}

using Terms = function_ref<SmallVector<Value>(ElementEmitter &, const AxisPoint &)>;

/// A loop from `from` to `to` by `lanes * unroll` that carries unroll accumulators for each reduction. With `masked`
/// lanes behind `to` keep what they have.
static SmallVector<Value> accumulate(ElementEmitter &outer, Value from, Value to, int64_t lanes, int64_t unroll,
                                     bool masked, ArrayRef<RowReduction> reductions, ArrayRef<Value> start, Terms terms) {
  KernelFunction &kernel = outer.kernel;
  ImplicitLocOpBuilder &b = kernel.builder;
  auto loop = b.create<scf::ForOp>(from, to, kernel.index(lanes * unroll), start);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next;
  for (int64_t u = 0; u < unroll; ++u) {
    Value at = kernel.add(loop.getInductionVar(), u * lanes);
    Value mask = masked ? tailMask(kernel, lanes, at, to) : Value();
    ElementEmitter emitter(kernel, lanes, mask);
    emitter.inherit(outer);
    SmallVector<Value> values = terms(emitter, {at, lanes == 1 ? 0 : 1, {}});
    for (auto [i, reduction] : llvm::enumerate(reductions)) {
      Value sum = loop.getRegionIterArg(u * reductions.size() + i);
      Value stepped = reductionStep(b, reduction.kind, reduction.element, sum, values[i]);
      next.push_back(mask ? b.create<arith::SelectOp>(mask, stepped, sum).getResult() : stepped);
    }
  }
  b.create<scf::YieldOp>(next);
  return loop.getResults();
}

/// A step of an extremum of floats, which minds NaN, takes twice as long as a sum's.
static int64_t unrollOf(KernelFunction &kernel, ArrayRef<RowReduction> reductions) {
  constexpr int64_t kSums = 4, kExtrema = 8;
  graph::ReduceKind kind = reductions[0].kind;
  bool isExtremum = kind == graph::ReduceKind::max || kind == graph::ReduceKind::min;
  bool isAlone = reductions.size() == 1 && isa<FloatType>(reductions[0].element);
  return isExtremum && isAlone && !isLong(kernel) ? kExtrema : kSums;
}

SmallVector<Value> reduceAlong(ElementEmitter &outer, Value extent, ArrayRef<RowReduction> reductions, Terms terms) {
  KernelFunction &kernel = outer.kernel;
  ImplicitLocOpBuilder &b = kernel.builder;
  if (kernel.isTeam)
    return reduceInBlock(outer, extent, reductions, terms);
  int64_t lanes = vectorLanes(kernel.level), unroll = unrollOf(kernel, reductions);
  size_t count = reductions.size();
  Value zero = kernel.index(0), wide = roundDown(kernel, zero, extent, lanes * unroll),
        whole = roundDown(kernel, zero, extent, lanes);

  auto starts = [&](int64_t width, int64_t copies) {
    SmallVector<Value> values;
    for (int64_t u = 0; u < copies; ++u)
      for (const RowReduction &reduction : reductions) {
        Type scalar = KernelFunction::registerType(reduction.element);
        values.push_back(reductionStart(kernel, reduction.kind, reduction.element,
                                        width == 1 ? scalar : VectorType::get(width, scalar)));
      }
    return values;
  };
  SmallVector<Value> many = accumulate(outer, zero, wide, lanes, unroll, false, reductions, starts(lanes, unroll), terms);
  SmallVector<Value> sums(many.begin(), many.begin() + count);
  for (int64_t u = 1; u < unroll; ++u)
    for (size_t i = 0; i < count; ++i)
      sums[i] = reductionStep(b, reductions[i].kind, reductions[i].element, sums[i], many[u * count + i]);
  bool isOnce = kernel.level.masks && isLong(kernel);
  if (!isOnce)
    sums = accumulate(outer, wide, whole, lanes, 1, false, reductions, sums, terms);
  SmallVector<Value> tail;
  if (kernel.level.masks)
    sums = accumulate(outer, isOnce ? wide : whole, extent, lanes, 1, true, reductions, sums, terms);
  else
    tail = accumulate(outer, whole, extent, 1, 1, false, reductions, starts(1, 1), terms);
  SmallVector<Value> result;
  for (auto [i, reduction] : llvm::enumerate(reductions)) {
    Value value = lanes == 1 ? sums[i] : reduceLanes(b, reduction.kind, reduction.element, sums[i]);
    result.push_back(tail.empty() ? value : reductionStep(b, reduction.kind, reduction.element, value, tail[i]));
  }
  return result;
}

void forVectors(ElementEmitter &outer, Value from, Value to,
                function_ref<void(ElementEmitter &, const AxisPoint &)> body) {
  KernelFunction &kernel = outer.kernel;
  if (kernel.isTeam)
    return forTeam(outer, from, to, kernel.neighbours, body);
  int64_t lanes = vectorLanes(kernel.level);
  // A mask for each step costs a tenth of one such function. And with some a step fills the reorder buffer: a processor
  // does not see then that the next page of an array is wanted before it is, and waits (float64, sin, cos and arcsin of
  // four arrays of 8 MB on Zen 5: 2.4 times as long).
  bool isVeryLong = llvm::count_if(kernel.body().without_terminator(), isLongFunction) > 2;
  bool isOnce = kernel.level.masks && isVeryLong;
  int64_t bytesAhead = isVeryLong ? 1024 : 0;
  Value whole = isOnce ? from : roundDown(kernel, from, to, lanes);
  if (!isOnce)
    kernel.forRange(from, whole, kernel.index(lanes), [&](Value at) {
      ElementEmitter emitter(kernel, lanes);
      emitter.bytesAhead = bytesAhead;
      emitter.inherit(outer);
      body(emitter, {at, 1, {}});
    });
  if (!kernel.level.masks) {
    kernel.forRange(whole, to, kernel.index(1), [&](Value at) {
      ElementEmitter emitter(kernel, 1);
      emitter.inherit(outer);
      body(emitter, {at, 0, {}});
    });
    return;
  }
  // A loop of at most one step if whole vectors went before: nothing is computed where there is no tail.
  kernel.forRange(whole, to, kernel.index(lanes), [&](Value at) {
    ElementEmitter emitter(kernel, lanes, tailMask(kernel, lanes, at, to));
    emitter.bytesAhead = isOnce ? bytesAhead : 0;
    emitter.inherit(outer);
    body(emitter, {at, 1, {}});
  });
}

} // namespace quern
