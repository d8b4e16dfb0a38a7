#include "passes/loops/EmitRows.h"
#include "codegen/common/VectorMath.h"
#include "passes/loops/Domain.h"
#include "passes/loops/FindPlace.h"
#include "passes/loops/ReduceAlong.h"
#include "passes/loops/device/Team.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {

//===--- The plan ---------------------------------------------------------------------------===//

/// First axis of the row of a row operator; -1 for other ops, -2 for a reduction that is no row operator.
static int64_t firstRowAxis(Operation *op) {
  if (auto softmax = dyn_cast<SoftmaxOp>(op))
    return int64_t(softmax.getAxis()) == rankOf(softmax.getOperand()) - 1 ? int64_t(softmax.getAxis()) : -2;
  if (auto norm = dyn_cast<LayerNormOp>(op))
    return norm.getAxis();
  auto reduce = dyn_cast<ReduceOp>(op);
  if (!reduce || reduce.getAxes().empty())
    return reduce ? -2 : -1;
  SmallVector<int64_t> axes(reduce.getAxes());
  llvm::sort(axes);
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i] != rankOf(reduce.getOperand()) - int64_t(axes.size() - i))
      return -2;
  return axes.front();
}

std::optional<RowPlan> planRows(Block &body) {
  RowPlan plan;
  plan.first = -1;
  for (Operation &op : body) {
    int64_t first = firstRowAxis(&op);
    if (first == -2)
      return std::nullopt;
    if (first < 0)
      continue;
    SmallVector<Dim> dims = dimsOf(op.getOperand(0));
    if (plan.stages.empty()) {
      plan.first = first;
      plan.dims = dims;
    } else if (first != plan.first || dims != plan.dims) {
      return std::nullopt;
    }
    plan.stages.push_back(&op);
  }
  if (plan.stages.empty())
    return std::nullopt;
  plan.length = product(ArrayRef(plan.dims).drop_front(plan.first));
  plan.axis = plan.dims.size() - 1;
  while (plan.axis > plan.first && plan.dims[plan.axis].isEqualTo(1))
    --plan.axis;
  // One index must walk the row in every value, and every result has the whole row or one element of it.
  auto walkable = [&](Value value) {
    SmallVector<Dim> dims = dimsOf(value);
    if (dims.size() != plan.dims.size())
      return false;
    bool whole = dims == plan.dims;
    SmallVector<Dim> reduced = plan.dims;
    std::fill(reduced.begin() + plan.first, reduced.end(), Dim(1));
    return whole || dims == reduced;
  };
  auto merges = [&](Value value) {
    int64_t before = -1;
    for (int64_t axis = plan.first; axis < int64_t(plan.dims.size()); ++axis) {
      if (plan.dims[axis].isEqualTo(1))
        continue;
      if (before >= 0 && !mergeable(value, before, axis))
        return false;
      before = axis;
    }
    return true;
  };
  for (Operation *stage : plan.stages)
    if (!merges(stage->getOperand(0)))
      return std::nullopt;
  for (Value value : body.getTerminator()->getOperands())
    if (!walkable(value))
      return std::nullopt;
  // Elementwise ops between the stages must have whole rows or row results too.
  for (Operation &op : body.without_terminator())
    for (Value result : op.getResults())
      if (op.hasTrait<Elementwise>() && dimsOf(result) == plan.dims && !merges(result) &&
          !isa<SoftmaxOp, LayerNormOp>(op))
        for (Value operand : op.getOperands())
          if (operand.getDefiningOp() && !isa<SoftmaxOp, LayerNormOp, ReduceOp>(operand.getDefiningOp()) &&
              !merges(operand))
            return std::nullopt;
  return plan;
}

//===--- Emission ---------------------------------------------------------------------------===//

namespace {
class RowEmitter {
public:
  RowEmitter(KernelFunction &kernel, const RowPlan &plan) : kernel(kernel), plan(plan), b(kernel.builder) {
    length = kernel.dim(plan.length);
    for (Operation *stage : plan.stages)
      if (Value operand = stage->getOperand(0); keeps(stage) && !kept.count(operand))
        kept[operand] = kernel.scratch(elementOf(operand), plan.length);
    for (Operation *stage : plan.stages)
      if (auto softmax = dyn_cast<SoftmaxOp>(stage); softmax && !softmax.getLog())
        exponentials[stage] = kept.count(softmax.getOperand()) && softmax.getOperand().hasOneUse()
                                  ? kept[softmax.getOperand()]
                                  : kernel.scratch(elementOf(softmax.getOperand()), plan.length);
  }

  void emit(const Point &start) {
    point = start;
    ElementEmitter outer(kernel, 1);
    for (ArrayRef<Operation *> stages = plan.stages; !stages.empty();) {
      size_t count = 1;
      if (auto softmax = dyn_cast<SoftmaxOp>(stages[0]))
        emitSoftmax(outer, softmax);
      else if (auto norm = dyn_cast<LayerNormOp>(stages[0]))
        emitNorm(outer, norm);
      else if (auto reduce = cast<ReduceOp>(stages[0]); endsEarly(reduce))
        emitSearch(outer, reduce);
      else
        emitReductions(outer, stages.take_front(count = inOnePass(stages)));
      stages = stages.drop_front(count);
    }
    emitResults(outer);
  }

private:
  /// An operand that is computed, and that more than one pass needs, is kept.
  bool keeps(Operation *stage) {
    Value operand = stage->getOperand(0);
    Operation *producer = operand.getDefiningOp();
    if (!producer || isa<SoftmaxOp, LayerNormOp>(producer))
      return false;
    return isa<SoftmaxOp>(stage) || isa<LayerNormOp>(stage) || !operand.hasOneUse();
  }

  Point at(const AxisPoint &axis) {
    Point place = point;
    place[plan.axis] = axis;
    return place;
  }

  /// Memory of one row: the index along it is the address.
  Value loadRow(ElementEmitter &e, Value memory, Type element, const AxisPoint &axis) {
    return e.load(memory, element, plan.length, Point{axis});
  }
  void storeRow(ElementEmitter &e, Value value, Value memory, const AxisPoint &axis) {
    e.store(value, memory, plan.length, Point{axis});
  }

  /// The operand of a stage at a place of the row; written to its scratch on the way when it is kept.
  Value operandAt(ElementEmitter &e, Value operand, const AxisPoint &axis) {
    Value value = e.at(operand, at(axis));
    if (auto memory = kept.find(operand); memory != kept.end() && !written.contains(operand))
      storeRow(e, value, memory->second, axis);
    return value;
  }

  /// After the first pass over a kept operand it is read from its scratch.
  void finishKept(ElementEmitter &outer, Value operand) {
    auto memory = kept.find(operand);
    if (memory == kept.end() || !written.insert(operand))
      return;
    outer.define(operand, [this, memory = memory->second, operand](ElementEmitter &e, const Point &place) {
      return loadRow(e, memory, elementOf(operand), place[plan.axis]);
    });
  }

  /// An extremum of bools, if no other pass counts on this one to see the whole row.
  bool endsEarly(ReduceOp op) {
    bool isExtremum = op.getKind() == ReduceKind::max || op.getKind() == ReduceKind::min;
    return isExtremum && elementOf(op.getOperand()).isInteger(1) && !kernel.device && !kept.count(op.getOperand());
  }

  static bool needs(Value value, ArrayRef<Operation *> ops, DenseSet<Operation *> &seen) {
    Operation *producer = value.getDefiningOp();
    if (!producer || !seen.insert(producer).second)
      return false;
    return llvm::is_contained(ops, producer) ||
           llvm::any_of(producer->getOperands(), [&](Value operand) { return needs(operand, ops, seen); });
  }

  /// How many of the next reductions, of which none needs another, one pass over the row computes in registers.
  size_t inOnePass(ArrayRef<Operation *> stages) {
    int64_t bytes = 0;
    size_t count = 0;
    for (; count < stages.size(); ++count) {
      auto reduce = dyn_cast<ReduceOp>(stages[count]);
      DenseSet<Operation *> seen;
      if (!reduce || endsEarly(reduce) || needs(reduce.getOperand(), stages.take_front(count), seen))
        break;
      // Four vectors of each, as wide as those of f32 (reduceAlong).
      bytes += std::max<int64_t>(elementOf(reduce.getOperand()).getIntOrFloatBitWidth() / 8, 4);
      if (count && (kernel.device || bytes > kernel.level.vectorRegisters / 2))
        break;
    }
    return count;
  }

  void emitReductions(ElementEmitter &outer, ArrayRef<Operation *> ops) {
    SmallVector<RowReduction> reductions;
    llvm::SmallSetVector<Value, 4> operands;
    for (Operation *op : ops) {
      reductions.push_back({cast<ReduceOp>(op).getKind(), elementOf(op->getOperand(0))});
      operands.insert(op->getOperand(0));
    }
    SmallVector<Value> results = reduceAlong(outer, length, reductions, [&](ElementEmitter &e, const AxisPoint &axis) {
      llvm::SmallDenseMap<Value, Value> values;
      for (Value operand : operands)
        values[operand] = operandAt(e, operand, axis);
      return llvm::map_to_vector(ops, [&](Operation *op) { return values[op->getOperand(0)]; });
    });
    for (Value operand : operands)
      finishKept(outer, operand);
    for (auto [op, result, reduction] : llvm::zip_equal(ops, results, reductions)) {
      Value value = reduction.kind == ReduceKind::mean ? divideByLength(result, reduction.element) : result;
      outer.define(op->getResult(0), [value](ElementEmitter &e, const Point &) { return e.spread(value); });
    }
  }

  /// The extremum of bools is known from the first that decides.
  void emitSearch(ElementEmitter &outer, ReduceOp op) {
    Value decides = b.create<arith::ConstantIntOp>(op.getKind() == ReduceKind::max, 1);
    Value place = findPlace(outer, length, /*last=*/false, kManyPlaces, [&](ElementEmitter &e, const AxisPoint &axis) {
      return b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, e.at(op.getOperand(), at(axis)), e.spread(decides));
    });
    Value isThere = b.create<arith::CmpIOp>(arith::CmpIPredicate::ult, place, length);
    Value result = b.create<arith::CmpIOp>(arith::CmpIPredicate::eq, isThere, decides);
    outer.define(op.getResult(), [result](ElementEmitter &e, const Point &) { return e.spread(result); });
  }

  Value divideByLength(Value sum, Type element) {
    Value count = b.create<arith::IndexCastOp>(b.getI64Type(), length);
    Value divisor = emitCast(b, count, b.getI64Type(), element);
    if (isa<FloatType>(element))
      return b.create<arith::DivFOp>(sum, divisor);
    Value one = b.create<arith::ConstantOp>(
        b.getIntegerAttr(divisor.getType(), 1)); // for an empty mean, and counts that wrap to 0
    return b.create<arith::DivSIOp>(sum, b.create<arith::MaxUIOp>(divisor, one));
  }

  void emitSoftmax(ElementEmitter &outer, SoftmaxOp op) {
    Type element = elementOf(op.getOperand());
    Value largest =
        reduceAlong(outer, length, {{ReduceKind::max, element}}, [&](ElementEmitter &e, const AxisPoint &axis) {
          return SmallVector<Value>{operandAt(e, op.getOperand(), axis)};
        })[0];
    finishKept(outer, op.getOperand());
    Value memory = exponentials.lookup(op);
    auto exponential = [&](ElementEmitter &e, const AxisPoint &axis) {
      Value shifted = b.create<arith::SubFOp>(e.at(op.getOperand(), at(axis)), e.spread(largest));
      return emitMath(b, b.getLoc(), *mathFunctionNamed("exp"), shifted);
    };
    Value sum = reduceAlong(outer, length, {{ReduceKind::sum, element}}, [&](ElementEmitter &e, const AxisPoint &axis) {
                  Value value = exponential(e, axis);
                  if (memory)
                    storeRow(e, value, memory, axis);
                  return SmallVector<Value>{value};
                })[0];
    if (op.getLog()) {
      Value logarithm = emitMath(b, b.getLoc(), *mathFunctionNamed("log"), sum);
      outer.define(op.getResult(),
                   [this, op, largest, logarithm](ElementEmitter &e, const Point &place) mutable -> Value {
                     Value shifted = b.create<arith::SubFOp>(e.at(op.getOperand(), place), e.spread(largest));
                     return b.create<arith::SubFOp>(shifted, e.spread(logarithm));
                   });
      return;
    }
    Value one = b.create<arith::ConstantOp>(b.getFloatAttr(element, 1));
    Value scale = b.create<arith::DivFOp>(one, sum);
    outer.define(op.getResult(), [this, memory, element, scale](ElementEmitter &e, const Point &place) -> Value {
      return b.create<arith::MulFOp>(loadRow(e, memory, element, place[plan.axis]), e.spread(scale));
    });
  }

  /// Two passes: the mean, then the mean of squared distances, which does not cancel.
  void emitNorm(ElementEmitter &outer, LayerNormOp op) {
    Value operand = op.getOperand();
    Type element = elementOf(operand);
    Value mean;
    if (op.getCentered()) {
      Value sum =
          reduceAlong(outer, length, {{ReduceKind::sum, element}}, [&](ElementEmitter &e, const AxisPoint &axis) {
            return SmallVector<Value>{operandAt(e, operand, axis)};
          })[0];
      mean = divideByLength(sum, element);
      finishKept(outer, operand);
    }
    auto centered = [this, mean](ElementEmitter &e, Value value) -> Value {
      return mean ? b.create<arith::SubFOp>(value, e.spread(mean)).getResult() : value;
    };
    Value squares =
        reduceAlong(outer, length, {{ReduceKind::sum, element}}, [&](ElementEmitter &e, const AxisPoint &axis) {
          Value distance = centered(e, mean ? e.at(operand, at(axis)) : operandAt(e, operand, axis));
          return SmallVector<Value>{b.create<arith::MulFOp>(distance, distance)};
        })[0];
    finishKept(outer, operand);
    Value epsilon = b.create<arith::ConstantOp>(b.getFloatAttr(element, op.getEpsilon().convertToDouble()));
    Value deviation = b.create<math::SqrtOp>(b.create<arith::AddFOp>(divideByLength(squares, element), epsilon));
    Value one = b.create<arith::ConstantOp>(b.getFloatAttr(element, 1));
    Value scale = b.create<arith::DivFOp>(one, deviation);
    outer.define(op.getResult(), [this, operand, centered, scale](ElementEmitter &e, const Point &place) -> Value {
      return b.create<arith::MulFOp>(centered(e, e.at(operand, place)), e.spread(scale));
    });
  }

  void emitResults(ElementEmitter &outer) {
    SmallVector<std::pair<unsigned, Value>> rows;
    for (auto [index, value] : llvm::enumerate(kernel.yield().getValues())) {
      if (dimsOf(value) == plan.dims && !plan.length.isEqualTo(1)) {
        rows.push_back({unsigned(index), value});
        continue;
      }
      auto store = [&, index = index, value = value](ElementEmitter &e) {
        e.store(e.at(value, point), kernel.resultBuffer(index), dimsOf(value), point);
      };
      // A row of one element is kept by the first thread of a block; the others must not look at it.
      if (kernel.isTeam)
        forTeam(outer, kernel.index(0), kernel.index(1), /*lanes=*/1, [&](ElementEmitter &e, const AxisPoint &) { store(e); });
      else
        store(outer);
    }
    if (rows.empty())
      return;
    forVectors(outer, kernel.index(0), length, [&](ElementEmitter &e, const AxisPoint &axis) {
      for (auto [index, value] : rows)
        e.store(e.at(value, at(axis)), kernel.resultBuffer(index), dimsOf(value), at(axis));
    });
  }

  KernelFunction &kernel;
  const RowPlan &plan;
  ImplicitLocOpBuilder &b;
  Value length;
  Point point;
  llvm::DenseMap<Value, Value> kept;
  llvm::DenseMap<Operation *, Value> exponentials;
  llvm::SmallSetVector<Value, 4> written;
};
} // namespace

LogicalResult emitRows(KernelFunction &kernel, const RowPlan &plan) {
  Domain outer;
  outer.dims = plan.dims;
  for (int64_t axis = 0; axis < plan.first; ++axis)
    outer.groups.push_back({axis, plan.dims[axis]});
  Dim rows = outer.outer(outer.groups.size());
  // A row costs about ten times a plain element. The threads of a device's block take one row together.
  Dim perTask = kernel.device ? Dim(1) : Dim::max(Dim(4096).floordiv(Dim::max(plan.length, 1)), 1);
  RowEmitter emitter(kernel, plan);
  kernel.forTasks(rows.ceildiv(perTask), [&](Value task) {
    Value from = kernel.multiply(task, kernel.dim(perTask));
    Value to = kernel.builder.create<arith::MinSIOp>(kernel.add(from, kernel.dim(perTask)), kernel.dim(rows));
    kernel.forRange(from, to, kernel.index(1), [&](Value row) {
      Point point = outer.origin(kernel);
      outer.place(kernel, point, outer.groups.size(), row);
      emitter.emit(point);
    });
  });
  return success();
}

} // namespace quern
