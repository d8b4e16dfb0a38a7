// Puts every compute op into exactly one kernel.region.
//
//   %0 = graph.conv %x, %w ...                      %y = kernel.region "conv1" (%x, %w, %b) {
//   %1 = graph.add %0, %b ...               ->        %0 = graph.conv ... ; %1 = graph.add ... ; %2 = graph.max ...
//   %2 = graph.max %1, %zero ...                      kernel.yield %2 }
//
// Greedy, in program order: an op joins the kernels that make its operands where the kernel's emitter can still be one
// (see `Group`), else it starts a kernel. It must run after FoldConstants and layout assignment, whose ops it fuses,
// and before SelectSchedule, which looks at whole kernels.
#include "dialects/graph/ModelNodes.h"
#include "dialects/kernel/Facts.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/kernel/RowLanes.h"
#include "dialects/text/Text.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "passes/fusion/Fusion.h"
#include "passes/fusion/RepeatBroadcasts.h"
#include "passes/fusion/RowLanes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "passes/fusion/Passes.h.inc"

namespace {

constexpr size_t kMostOps = 64;

/// What a kernel's emitter can take in.
enum class GroupKind {
  Loops,  // elementwise ops and data movement over one domain, or over those of a concatenation's parts
  Rows,   // the same with row operators (softmax, norms, reductions over the last axes)
  Anchor, // a contraction, pooling, ...: takes elementwise consumers of the anchor's dims
  Lanes,  // ops on short rows, each in a lane of its own: takes all that findRowLanes says
  Closed  // takes nothing
};

struct Group {
  GroupKind kind;
  SmallVector<Operation *> ops;
  SmallVector<Dim> domain; // dims of a full result
  int64_t firstRowAxis = -1;
  unsigned firstPosition; // of its first op, to bound the search for cycles
  std::string boundary;   // why it is not part of a kernel before it
};

bool isHostOp(Operation *op) {
  return isa<ConstantOp, ReshapeOp, ReadSymbolsOp, GuardOp, IfOp, LoopOp>(op) || op->hasTrait<OpTrait::IsTerminator>();
}

Operation *makerOf(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getOperand();
  return value.getDefiningOp();
}

/// `part`'s values stand next to each other in `whole`.
bool isStretch(ConcatOp part, ConcatOp whole) {
  auto values = llvm::to_vector(part.getInputs()), all = llvm::to_vector(whole.getInputs());
  return std::search(all.begin(), all.end(), values.begin(), values.end()) != all.end();
}

/// A concatenation whose parts lie one after another in memory and are all made here, each for this one: whoever makes
/// a part writes it into its place (passes/memory/ConcatPlaces.h), and nothing is left to compute.
bool joinsInPlace(ConcatOp concat) {
  auto isOutput = [](Operation *op) {
    return llvm::any_of(op->getUsers(), [](Operation *user) { return user->hasTrait<OpTrait::IsTerminator>(); });
  };
  SmallVector<Dim> dims = dimsOf(concat.getResult());
  if (!product(ArrayRef(dims).take_front(concat.getAxis())).isEqualTo(1) || isOutput(concat))
    return false;
  llvm::SmallPtrSet<Operation *, 8> makers;
  return llvm::all_of(concat.getInputs(), [&](Value input) {
    Operation *maker = makerOf(input);
    if (!maker || maker->getBlock() != concat->getBlock() || (isHostOp(maker) && !isa<ConcatOp>(maker)) ||
        isOutput(maker) || !makers.insert(maker).second)
      return false;
    return llvm::all_of(input.getUsers(), [&](Operation *user) {
      auto other = dyn_cast<ConcatOp>(user);
      return !other || isStretch(concat, other) || isStretch(other, concat);
    });
  });
}

/// Ops after which sizes may be new: kernels do not move across them.
bool isBarrier(Operation *op) {
  return isa<ReadSymbolsOp, GuardOp, NonZeroOp, IfOp, LoopOp>(op);
}

/// First row axis of a row operator; -1 if the op is none.
int64_t rowAxis(Operation *op) {
  if (auto softmax = dyn_cast<SoftmaxOp>(op))
    return softmax.getAxis();
  if (auto norm = dyn_cast<LayerNormOp>(op))
    return norm.getAxis();
  auto reduce = dyn_cast<ReduceOp>(op);
  if (!reduce || reduce.getAxes().empty())
    return -1;
  SmallVector<int64_t> axes(reduce.getAxes());
  llvm::sort(axes);
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i] != rankOf(reduce.getOperand()) - int64_t(axes.size() - i))
      return -1;
  return axes.front();
}

/// Computed from places and extents alone, by a few integer instructions: cheaper again than from memory.
bool isIndexArithmetic(Operation *op, int depth = 6) {
  if (isa<BroadcastOp, IotaOp, ShapeVectorOp>(op))
    return true;
  return depth > 0 && isa<CompareOp, AndOp, OrOp, NotOp, AddOp, SubOp>(op) &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           Operation *maker = operand.getDefiningOp();
           return maker && elementOf(operand).isInteger() &&
                  (isa<ConstantOp>(maker) || isIndexArithmetic(maker, depth - 1));
         });
}

/// Some instructions for a vector, at most: reading an operand of it takes longer.
bool isCheap(Operation *op) {
  return isa<AddOp, SubOp, MulOp, NegOp, AbsOp, MinOp, MaxOp, CompareOp, SelectOp, CastOp, AndOp, OrOp, NotOp, BroadcastOp,
             ConstantOp>(op);
}

GroupKind kindOf(Operation *op) {
  if (rowAxis(op) >= 0)
    return GroupKind::Rows;
  if (isa<MatmulOp, ConvOp, ConvTransposeOp, PoolOp>(op))
    return GroupKind::Anchor;
  if (op->hasTrait<Elementwise>() || isa<TransposeOp, SliceOp, BroadcastOp, GatherOp, GatherElementsOp, GatherNdOp,
                                         ArgReduceOp, ResizeOp, ReduceOp, IotaOp, ShapeVectorOp, PadOp>(op))
    return GroupKind::Loops;
  return GroupKind::Closed;
}

class KernelFormer {
public:
  KernelFormer(Block &block, bool fuse, bool blocked) : block(block), fuse(fuse), blocked(blocked) {}

  void run() {
    if (fuse)
      repeatBroadcasts(block);
    if (fuse && blocked)
      lanes = findRowLanes(block);
    SmallVector<Operation *> segment;
    auto flush = [&] {
      formSegment(segment);
      segment.clear();
    };
    for (Operation &op : llvm::make_early_inc_range(block)) {
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          if (isa<IfOp, LoopOp>(op))
            KernelFormer(inner, fuse, blocked).run();
      if (isBarrier(&op)) {
        flush();
        if (!isHostOp(&op)) // a compute op that binds symbols is a kernel of its own
          formSegment({&op});
        continue;
      }
      segment.push_back(&op);
    }
    flush();
  }

private:
  void formSegment(ArrayRef<Operation *> ops) {
    groups.clear();
    groupOf.clear();
    position.clear();
    for (auto [i, op] : llvm::enumerate(ops))
      position[op] = i;
    for (Operation *op : ops)
      if (lanes.contains(op) || (!isHostOp(op) && !(fuse && isa<ConcatOp>(op) && joinsInPlace(cast<ConcatOp>(op)))))
        place(op);
    SmallVector<Operation *> moved(ops.begin(), ops.end());
    materialize(moved);
  }

  /// Results of loops that are put side by side as the elements of a new last axis: the same loops may store them there.
  bool stacksLoops(ConcatOp concat) {
    int64_t last = rankOf(concat.getResult()) - 1;
    return fuse && blocked && int64_t(concat.getAxis()) == last && llvm::all_of(concat.getInputs(), [&](Value input) {
      auto view = input.hasOneUse() ? input.getDefiningOp<ReshapeOp>() : ReshapeOp();
      Operation *maker = view ? view.getOperand().getDefiningOp() : nullptr;
      Group *group = maker ? groupOf.lookup(maker) : nullptr;
      SmallVector<Dim> dims = dimsOf(input);
      return group && group->kind == GroupKind::Loops && group->ops.size() < kMostOps && dims.back().isEqualTo(1) &&
             ArrayRef(dims).drop_back() == ArrayRef(group->domain) && dimsOf(view.getOperand()) == group->domain;
    });
  }

  /// The views that a concatenation of results of loops is made of join these loops, so that it may.
  void takeViews(ConcatOp concat) {
    for (Value input : concat.getInputs()) {
      Operation *view = input.getDefiningOp();
      groupOf[view] = groupOf.lookup(makerOf(input));
      groupOf[view]->ops.push_back(view);
    }
  }

  /// Joins the groups of the operands' producers where that is possible, else starts a group.
  void place(Operation *op) {
    Group *into = nullptr;
    if (auto concat = dyn_cast<ConcatOp>(op); concat && stacksLoops(concat))
      takeViews(concat);
    llvm::MapVector<Group *, StringRef> refusals;
    for (Value operand : llvm::reverse(op->getOperands())) {
      Operation *producer = operand.getDefiningOp();
      Group *group = producer ? groupOf.lookup(producer) : nullptr;
      if (Group *behind = groupBehindView(operand))
        refusals.insert({behind, "it reads that result under other dims, as a view of memory"});
      if (!group || group == into)
        continue;
      if (into && !canMerge(*into, *group, op))
        continue;
      StringRef refusal = refuse(*group, op);
      if (!refusal.empty())
        refusals.insert({group, refusal});
      else if (!into)
        into = group;
      else if (!crossDepends(*into, *group))
        into = merge(into, group);
    }
    if (!into) {
      groups.push_back(std::make_unique<Group>());
      into = groups.back().get();
      into->kind = lanes.contains(op) ? GroupKind::Lanes : kindOf(op);
      into->firstPosition = position[op];
      into->boundary = describe(op, refusals.takeVector());
    }
    into->ops.push_back(op);
    groupOf[op] = into;
    update(*into, op);
  }

  /// The group that makes what `value` is a view of; null if it is none.
  Group *groupBehindView(Value value) {
    Operation *producer = value.getDefiningOp();
    bool isView = false;
    for (; isa_and_present<ReshapeOp>(producer); isView = true)
      producer = producer->getOperand(0).getDefiningOp();
    return isView && producer ? groupOf.lookup(producer) : nullptr;
  }

  void update(Group &group, Operation *op) {
    if (group.kind == GroupKind::Lanes)
      group.domain = {dimOf(op->getResult(0), 0)};
    else if (int64_t axis = rowAxis(op); axis >= 0 && group.kind != GroupKind::Anchor) {
      group.kind = GroupKind::Rows;
      group.firstRowAxis = axis;
      group.domain = dimsOf(op->getOperand(0));
    } else if (isa<ConcatOp>(op) && group.kind == GroupKind::Loops) {
      // The loops stay those of the parts.
    } else if (group.kind == GroupKind::Loops || (group.kind == GroupKind::Anchor && group.ops.size() == 1)) {
      group.domain = dimsOf(op->getResult(0));
    }
  }

  SmallVector<Dim> reducedRow(const Group &group) {
    SmallVector<Dim> dims = group.domain;
    std::fill(dims.begin() + group.firstRowAxis, dims.end(), Dim(1));
    return dims;
  }

  /// Each operand has the whole row, or one element for it: then one index walks the row.
  bool rowsStayWhole(Operation *op, ArrayRef<Dim> domain, int64_t first) {
    int64_t rank = domain.size();
    if (first == rank - 1)
      return true;
    return llvm::all_of(op->getOperands(), [&](Value operand) {
      SmallVector<Dim> dims = dimsOf(operand);
      int64_t lead = rank - int64_t(dims.size());
      bool whole = true, single = true;
      for (int64_t axis = first; axis < rank; ++axis) {
        Dim own = axis < lead ? Dim(1) : dims[axis - lead];
        whole &= own == domain[axis];
        single &= own.isEqualTo(1);
      }
      return whole || single;
    });
  }

  /// Why `op`, which reads a result of the group, is not computed inside it; empty if it is.
  StringRef refuse(Group &group, Operation *op) {
    if (!fuse)
      return "-O0 keeps every operator apart";
    if (group.ops.size() > kMostOps)
      return "that kernel has as many operators as one may have";
    StringRef refusal = refuseByKind(group, op);
    if (refusal.empty() && dependsOn(op, group))
      return "another operand is made from that kernel's result";
    return refusal;
  }

  StringRef refuseByKind(Group &group, Operation *op) {
    if (group.kind == GroupKind::Lanes || lanes.contains(op))
      return refuseByLanes(group, op);
    if (isa<ConcatOp>(op) && llvm::all_of(op->getOperands(), [&](Value part) {
          Operation *view = part.getDefiningOp();
          return isa_and_present<ReshapeOp>(view) && groupOf.lookup(view);
        }))
      return "";
    if (takesParts(op, group))
      return "";
    if (GroupKind own = kindOf(op); own == GroupKind::Anchor || own == GroupKind::Closed)
      return "it begins a kernel: its algorithm reads its operands from memory";
    bool elementwise = op->hasTrait<Elementwise>();
    SmallVector<Dim> result = dimsOf(op->getResult(0));
    switch (group.kind) {
    case GroupKind::Anchor:
      return refuseByAnchor(group, op, elementwise, result);
    case GroupKind::Rows:
      return refuseByRows(group, op, elementwise, result);
    case GroupKind::Loops:
      return refuseByLoops(group, op, elementwise, result);
    case GroupKind::Lanes: // see above
    case GroupKind::Closed:
      return "the algorithm of that kernel computes one operator";
    }
    llvm_unreachable("all kinds are handled");
  }

  StringRef refuseByAnchor(Group &group, Operation *op, bool elementwise, ArrayRef<Dim> result) {
    if (isa<ReduceOp, ArgReduceOp>(op))
      return refuseFold(group, op);
    return !elementwise ? "only elementwise operators are computed on the results of a contraction or pooling"
           : result != ArrayRef(group.domain) ? "its dims are not those that the contraction or pooling writes"
                                              : "";
  }

  /// A reduction of a product's rows as they are finished. It takes the columns from the tasks.
  StringRef refuseFold(Group &group, Operation *op) {
    constexpr int64_t kLeastRows = 512; // for as many tasks as there are threads
    bool ofMatmul = isa<MatmulOp>(group.ops.front());
    Type element = elementOf(op->getOperand(0));
    auto reduce = dyn_cast<ReduceOp>(op);
    int64_t last = int64_t(group.domain.size()) - 1;
    bool ofRows = reduce ? reduce.getAxes() == ArrayRef<int64_t>{last} && reduce.getKind() != ReduceKind::mean
                         : int64_t(cast<ArgReduceOp>(op).getAxis()) == last;
    if (!ofMatmul || !blocked || !ofRows || !(element.isF32() || element.isF64()) ||
        dimsOf(op->getOperand(0)) != group.domain)
      return "only elementwise operators and reductions of rows of floats are computed on the results of a contraction";
    std::optional<int64_t> rows = product(ArrayRef(group.domain).drop_back()).constant();
    if (rows && *rows < kLeastRows)
      return "so few rows are divided among threads by their columns";
    return usesAreInside(group, op) ? "" : "others read that result too: it is computed once, and kept";
  }

  /// Whether `op` is all that reads results of the group from outside.
  bool usesAreInside(Group &group, Operation *op) {
    return llvm::all_of(group.ops, [&](Operation *member) {
      return llvm::all_of(member->getUsers(),
                          [&](Operation *user) { return user == op || groupOf.lookup(user) == &group; });
    });
  }

  StringRef refuseByLanes(Group &group, Operation *op) {
    if (!lanes.contains(op))
      return "that kernel has a short row in each lane of its vectors";
    if (group.kind != GroupKind::Lanes)
      return "its rows are short: each has a lane of its own, which that kernel's have not";
    return group.domain[0] == dimOf(op->getResult(0), 0) ? "" : "its rows are not those that the kernel walks";
  }

  StringRef refuseByRows(Group &group, Operation *op, bool elementwise, ArrayRef<Dim> result) {
    int64_t row = rowAxis(op);
    if (row < 0 && !elementwise)
      return "it does not walk the rows that the kernel walks";
    bool fits = row >= 0 ? row == group.firstRowAxis && dimsOf(op->getOperand(0)) == group.domain
                         : result == ArrayRef(group.domain) || result == ArrayRef(reducedRow(group));
    if (!fits)
      return "its rows are not those that the kernel walks";
    return rowsStayWhole(op, group.domain, group.firstRowAxis) ? ""
                                                               : "an operand is broadcast inside a row of several axes";
  }

  StringRef refuseByLoops(Group &group, Operation *op, bool elementwise, ArrayRef<Dim> result) {
    if (int64_t row = rowAxis(op); row >= 0) {
      // One element of an axis that the result has not: the index walks the others as it walks a row of memory.
      auto picks = [&](Operation *member) {
        auto gather = dyn_cast<GatherOp>(member);
        return gather && rankOf(gather.getIndices()) == 0 && row == int64_t(group.domain.size()) - 1;
      };
      bool fits = dimsOf(op->getOperand(0)) == group.domain && llvm::all_of(group.ops, [&](Operation *member) {
                    bool isWhole = member->hasTrait<Elementwise>() && rowsStayWhole(member, group.domain, row);
                    return (isWhole || picks(member)) && dimsOf(member->getResult(0)) == group.domain;
                  });
      return fits ? "" : "a reduction of rows takes in elementwise operators of its own dims only";
    }
    if ((elementwise && result == ArrayRef(group.domain)) || takesWhole(op, group))
      return "";
    // Another domain: what the group made so far must not be a result of the kernel.
    if (!elementwise && !isa<TransposeOp, SliceOp, BroadcastOp, ReduceOp>(op))
      return "it has loops of its own: it reads by index, or several elements for each that it writes";
    if (isa<ReduceOp>(op) && !llvm::all_of(group.ops, isCheap))
      return "it has few results: what takes long is computed by more threads than it has tasks";
    if (elementwise && !llvm::all_of(group.ops, [](Operation *member) { return isIndexArithmetic(member); }))
      return "the smaller result is broadcast here: it would be computed again for each element";
    bool plain = llvm::all_of(group.ops, [](Operation *member) {
      return member->hasTrait<Elementwise>() || isa<BroadcastOp, IotaOp, ShapeVectorOp, SliceOp>(member);
    });
    if (!plain)
      return "that kernel reads in another order already";
    return usesAreInside(group, op) ? "" : "others read that result too: it is computed once, and kept";
  }

  /// Parts of a concatenation, and what takes the place of a part of a tensor, that loops compute where they belong, element
  /// by element: nobody else reads them.
  bool takesParts(Operation *op, Group &group) {
    auto pad = dyn_cast<PadOp>(op);
    bool isPart = isa<ConcatOp>(op) || (pad && pad.getMode() == PadMode::constant && makes(group, pad.getOperand()));
    auto isOnce = [&](Operation *member) {
      return isCheap(member) || isa<SliceOp, IotaOp, ShapeVectorOp>(member) ||
             (member->hasTrait<Elementwise>() && llvm::count(op->getOperands(), member->getResult(0)) <= 1);
    };
    return isPart && group.kind == GroupKind::Loops && llvm::all_of(group.ops, isOnce) && usesAreInside(group, op);
  }

  bool makes(Group &group, Value value) {
    Operation *maker = value.getDefiningOp();
    return maker && groupOf.lookup(maker) == &group;
  }

  /// What a part is put into has the dims of the result.
  bool takesWhole(Operation *op, Group &group) {
    auto pad = dyn_cast<PadOp>(op);
    return pad && pad.getMode() == PadMode::constant && !makes(group, pad.getOperand()) &&
           dimsOf(pad.getResult()) == group.domain;
  }

  bool canMerge(Group &a, Group &b, Operation *reader) {
    auto takes = [&](Group &group) { return takesParts(reader, group) || takesWhole(reader, group); };
    if (a.kind == GroupKind::Loops && b.kind == GroupKind::Loops && takes(a) && takes(b))
      return true;
    if (a.kind == GroupKind::Rows && b.kind == GroupKind::Rows)
      return a.firstRowAxis == b.firstRowAxis && a.domain == b.domain && reduceSameMemory(a, b);
    return a.kind == b.kind && (a.kind == GroupKind::Loops || a.kind == GroupKind::Lanes) && a.domain == b.domain;
  }

  /// Reductions alone, of rows that are read for both.
  bool reduceSameMemory(Group &a, Group &b) {
    auto reducesOnly = [](Operation *op) { return !isa<SoftmaxOp, LayerNormOp>(op); };
    if (!llvm::all_of(a.ops, reducesOnly) || !llvm::all_of(b.ops, reducesOnly))
      return false;
    auto reads = [](Group &group, Value value) {
      return llvm::any_of(group.ops, [&](Operation *op) { return llvm::is_contained(op->getOperands(), value); });
    };
    return llvm::any_of(a.ops, [&](Operation *op) {
      return llvm::any_of(op->getOperands(), [&](Value value) {
        return !product(dimsOf(value)).isEqualTo(1) && !makes(a, value) && !makes(b, value) && reads(b, value);
      });
    });
  }

  /// Whether some operand of `op` outside the group needs the group's results: joining would make a cycle.
  bool dependsOn(Operation *op, Group &group) {
    SmallVector<Operation *> work;
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp(); producer && groupOf.lookup(producer) != &group)
        work.push_back(producer);
    return reaches(work, group);
  }

  bool crossDepends(Group &a, Group &b) {
    auto outside = [&](Group &from, Group &to) {
      SmallVector<Operation *> work;
      for (Operation *op : from.ops)
        for (Value operand : op->getOperands())
          if (Operation *producer = operand.getDefiningOp();
              producer && groupOf.lookup(producer) != &from && groupOf.lookup(producer) != &to)
            work.push_back(producer);
      return reaches(work, to);
    };
    return outside(a, b) || outside(b, a);
  }

  /// Walks producers, whole groups at a time, back to the position of the group's first op.
  bool reaches(SmallVector<Operation *> work, Group &group) {
    llvm::SmallPtrSet<Operation *, 32> seen;
    while (!work.empty()) {
      Operation *op = work.pop_back_val();
      auto at = position.find(op);
      if (at == position.end() || !seen.insert(op).second)
        continue;
      Group *owner = groupOf.lookup(op);
      if (owner == &group)
        return true;
      if (!owner && at->second < group.firstPosition)
        continue;
      auto add = [&](Operation *member) {
        for (Value operand : member->getOperands())
          if (Operation *producer = operand.getDefiningOp(); producer && (groupOf.lookup(producer) != owner || !owner))
            work.push_back(producer);
      };
      if (owner)
        llvm::for_each(owner->ops, add);
      else
        add(op);
    }
    return false;
  }

  Group *merge(Group *into, Group *other) {
    for (Operation *op : other->ops)
      groupOf[op] = into;
    into->ops.append(other->ops);
    llvm::sort(into->ops, [&](Operation *a, Operation *b) { return position[a] < position[b]; });
    into->firstPosition = std::min(into->firstPosition, other->firstPosition);
    other->ops.clear();
    return into;
  }

  void materialize(SmallVectorImpl<Operation *> &segment) {
    llvm::SetVector<Operation *> remaining(segment.begin(), segment.end());
    for (auto &group : groups) {
      if (group->ops.empty())
        continue;
      for (Operation *op : group->ops)
        remaining.remove(op);
      remaining.insert(outline(*group));
    }
    if (remaining.empty())
      return;
    // A kernel stands at its last op; users of its earlier ops may stand before that.
    SmallVector<Operation *> order(remaining.begin(), remaining.end());
    llvm::sort(order, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    Operation *anchor = order.front()->getPrevNode();
    SmallVector<Operation *> movable;
    for (Operation *op : order)
      if (!op->hasTrait<OpTrait::IsTerminator>())
        movable.push_back(op);
    computeTopologicalSorting(movable);
    for (Operation *op : movable) {
      if (anchor)
        op->moveAfter(anchor);
      else
        op->moveBefore(&block, block.begin());
      anchor = op;
    }
  }

  static bool isSplat(Operation *op) {
    auto constant = dyn_cast_if_present<ConstantOp>(op);
    return constant && isa<SplatElementsAttr>(constant.getValue());
  }

  /// Ops whose kernels read their operands from memory; what others read may be a number inside the kernel.
  static bool readsMemory(Operation *op) {
    return isa<MatmulOp, ConvOp, ConvTransposeOp, AttentionOp, RnnOp, PackedTreesOp, TriangularSolveOp>(op) ||
           isa<text::TextDialect>(op->getDialect());
  }

  Operation *outline(Group &group) {
    llvm::SmallPtrSet<Operation *, 16> members(group.ops.begin(), group.ops.end());
    llvm::SetVector<Value> inputs, outputs;
    for (Operation *op : group.ops) {
      // An order costs less without the places; the kernels of other ops write all results.
      bool writesAll = op->use_empty() || (op->getNumResults() > 1 && !isa<TopKOp>(op));
      for (Value operand : op->getOperands())
        if (!members.contains(operand.getDefiningOp()) && (readsMemory(op) || !isSplat(operand.getDefiningOp())))
          inputs.insert(operand);
      for (Value result : op->getResults())
        if (writesAll || llvm::any_of(result.getUsers(), [&](Operation *user) { return !members.contains(user); }))
          outputs.insert(result);
    }
    OpBuilder builder(group.ops.back());
    auto [name, nodes] = nodesOf(group.ops);
    SmallVector<Type> types = llvm::to_vector(llvm::map_range(outputs, [](Value v) { return v.getType(); }));
    auto region =
        builder.create<kernel::RegionOp>(group.ops.back()->getLoc(), types, builder.getStringAttr(name),
                                         inputs.getArrayRef(), builder.getStringAttr(nodes), kernel::ScheduleAttr());
    region->setDiscardableAttr(kernel::kBoundaryAttr, builder.getStringAttr(group.boundary));
    if (group.kind == GroupKind::Lanes)
      region->setDiscardableAttr(kernel::kRowLanesAttr, builder.getUnitAttr());
    Block *body = builder.createBlock(&region.getBody());
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
    for (Operation *op : group.ops) {
      for (Value operand : op->getOperands())
        if (isSplat(operand.getDefiningOp()) && !mapping.contains(operand))
          mapping.map(operand, builder.clone(*operand.getDefiningOp())->getResult(0));
      builder.clone(*op, mapping);
    }
    SmallVector<Value> values = llvm::to_vector(llvm::map_range(outputs, [&](Value v) { return mapping.lookup(v); }));
    builder.create<kernel::YieldOp>(region.getLoc(), values);
    for (auto [i, from] : llvm::enumerate(outputs.getArrayRef()))
      Value(from).replaceAllUsesWith(region.getResult(i));
    for (Operation *op : llvm::reverse(group.ops)) {
      op->dropAllUses();
      op->erase();
    }
    return region;
  }

  /// What a group that starts with `op` is called, and the model's nodes in it.
  static std::pair<std::string, std::string> nodesOf(ArrayRef<Operation *> ops) {
    SmallVector<ModelNode> nodes;
    for (Operation *op : ops)
      collectNodes(op->getLoc(), nodes);
    std::string first = nodes.empty() ? ops.front()->getName().stripDialect().str() : nodes.front().name.str();
    return {first, llvm::join(llvm::map_range(nodes, [](const ModelNode &node) { return node.str(); }), ", ")};
  }

  /// "Transpose after conv1: ..." for the kernels that would not take `op` in.
  static std::string describe(Operation *op, ArrayRef<std::pair<Group *, StringRef>> refusals) {
    llvm::MapVector<StringRef, std::string> byReason;
    for (auto [group, refusal] : refusals)
      byReason[refusal] += (byReason[refusal].empty() ? "" : ", ") + nodesOf(group->ops).first;
    std::string text;
    for (auto &[refusal, names] : byReason)
      text += (text.empty() ? " after " : "; after ") + names + ": " + refusal.str();
    return text.empty() ? "no kernel before it makes what it reads" : op->getName().stripDialect().str() + text;
  }

  Block &block;
  bool fuse, blocked; // and whether layouts are a processor's
  llvm::DenseSet<Operation *> lanes;
  std::vector<std::unique_ptr<Group>> groups;
  llvm::DenseMap<Operation *, Group *> groupOf;
  llvm::DenseMap<Operation *, unsigned> position;
};

struct FormKernelsPass : impl::FormKernelsPassBase<FormKernelsPass> {
  using Base::Base;
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto function : module.getOps<func::FuncOp>())
      KernelFormer(function.getBody().front(), fuse, rowLanes).run();
    // Names are unique in the model: profiles and errors go by them.
    llvm::StringMap<unsigned> seen;
    module.walk([&](kernel::RegionOp region) {
      unsigned &count = seen[region.getName()];
      if (count++)
        region.setName((region.getName() + "#" + Twine(count)).str());
    });
  }
};

} // namespace
} // namespace quern
