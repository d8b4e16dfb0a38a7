#include "dialects/graph/Work.h"
#include "passes/fusion/Fusion.h"
#include "passes/fusion/WinogradCost.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
#define GEN_PASS_DEF_ASSIGNLAYOUTSPASS
#include "passes/fusion/Passes.h.inc"

namespace {

constexpr int64_t kBlock = 16;
/// Fewer input channels than this are read as they are: blocks would be mostly filling.
constexpr int64_t kFewChannels = 8;

class LayoutAssigner {
public:
  LayoutAssigner(Block &block, bool winograd)
      : block(block), winograd(winograd), builder(block.getParentOp()->getContext()) {}

  void run() {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          LayoutAssigner(inner, winograd).run();
      builder.setInsertionPoint(&op);
      if (Value result = follow(&op)) {
        blocked[op.getResult(0)] = result;
        continue;
      }
      for (OpOperand &operand : op.getOpOperands())
        operand.set(plain(operand.get()));
      for (Region &region : op.getRegions())
        region.walk([&](Operation *inner) {
          for (OpOperand &operand : inner->getOpOperands())
            operand.set(plainOutside(operand.get(), &op));
        });
    }
    for (Operation *op : llvm::reverse(dead))
      if (op->use_empty())
        op->erase();
  }

private:
  //===--- The two forms of a value ---------------------------------------------------------===//

  Value blockedOf(Value value) { return blocked.lookup(value); }

  /// The value in blocks; made where it does not exist.
  Value inBlocks(Value value) {
    Value &known = blocked[value];
    if (!known) {
      OpBuilder::InsertionGuard guard(builder);
      Value block = builder.create<BlockOp>(value.getLoc(), value, 1, kBlock);
      blocked[value] = block;
      return block;
    }
    return known;
  }

  /// The value as [N, C, ...]. Its own op if that was not replaced, else an unblock of the new one.
  Value plain(Value value) {
    Operation *producer = value.getDefiningOp();
    if (!producer || !llvm::is_contained(dead, producer))
      return value;
    Value &known = unblocked[value];
    if (!known) {
      OpBuilder::InsertionGuard guard(builder);
      Value source = blocked[value];
      builder.setInsertionPointAfterValue(source);
      known = builder.create<UnblockOp>(value.getLoc(), source, 1, *dimOf(value, 1).constant());
    }
    return known;
  }
  Value plainOutside(Value value, Operation *op) { return value.getParentBlock() == &block ? plain(value) : value; }

  Value replaced(Operation *op, Value result) {
    dead.push_back(op);
    return result;
  }

  //===--- Ops ------------------------------------------------------------------------------===//

  /// The op on blocked operands, or nothing if it stays as it is.
  Value follow(Operation *op) {
    if (auto conv = dyn_cast<ConvOp>(op))
      return followConv(conv);
    if (op->getNumResults() != 1 || !isa<RankedTensorType>(op->getResult(0).getType()) ||
        rankOf(op->getResult(0)) != 4 ||
        !llvm::any_of(op->getOperands(), [&](Value operand) { return bool(blockedOf(operand)); }))
      return {};
    if (op->hasTrait<Elementwise>())
      return followElementwise(op);
    return llvm::TypeSwitch<Operation *, Value>(op)
        .Case([&](PoolOp op) { return followPool(op); })
        .Case([&](ReduceOp op) { return followReduce(op); })
        .Case([&](ConcatOp op) { return followConcat(op); })
        .Case([&](SliceOp op) { return followSlice(op); })
        .Case([&](ResizeOp op) { return followResize(op); })
        .Default(Value());
  }

  Value followConv(ConvOp conv) {
    int64_t rank = rankOf(conv.getInput());
    SmallVector<Dim> x = dimsOf(conv.getInput()), w = dimsOf(conv.getWeight());
    if ((rank != 4 && rank != 3) || conv.getBlockedOutput() || !conv.getWeight().getDefiningOp<ConstantOp>() ||
        !elementOf(conv.getInput()).isF32() || !x[1].isConstant())
      return {};
    int64_t channels = *x[1].constant(), filters = *w[0].constant(), group = conv.getGroup();
    bool depthwise = group > 1 && group == channels && filters == channels;
    bool whole = (channels / group) % kBlock == 0 && (filters / group) % kBlock == 0;
    if (group > 1 && !depthwise && !whole)
      return {};
    bool blockedInput = depthwise || group > 1 || channels >= kFewChannels;
    if (rank == 3)
      return followConv1D(conv, depthwise, blockedInput);
    Value input = blockedInput ? inBlocks(conv.getInput()) : plain(conv.getInput());
    return replaced(conv, makeConv(conv, input, conv.getWeight(), {}, depthwise, blockedInput));
  }

  /// A row is an image of height 1.
  Value followConv1D(ConvOp conv, bool depthwise, bool blockedInput) {
    auto tall = [&](Value value) {
      SmallVector<Dim> dims = dimsOf(value);
      dims.insert(dims.begin() + 2, Dim(1));
      return builder.create<ReshapeOp>(value.getLoc(), tensorType(dims, elementOf(value)), value).getResult();
    };
    Value image = tall(plain(conv.getInput())), weight = tall(conv.getWeight());
    if (blockedInput)
      image = builder.create<BlockOp>(conv.getLoc(), image, 1, kBlock);
    Value result = makeConv(conv, image, weight, {1}, depthwise, blockedInput);
    Value rows = builder.create<UnblockOp>(conv.getLoc(), result, 1, *dimOf(conv.getResult(), 1).constant());
    conv.replaceAllUsesWith(builder.create<ReshapeOp>(conv.getLoc(), conv.getType(), rows).getResult());
    dead.push_back(conv);
    return result; // known under a name that nobody uses any more
  }

  Value makeConv(ConvOp conv, Value input, Value weight, ArrayRef<int64_t> extraAxis, bool depthwise,
                 bool blockedInput) {
    auto with = [&](ArrayRef<int64_t> values, int64_t neutral) {
      SmallVector<int64_t> result(extraAxis.size(), neutral);
      result.append(values.begin(), values.end());
      return builder.getDenseI64ArrayAttr(result);
    };
    size_t spatial = conv.getStrides().size();
    SmallVector<int64_t> pads(extraAxis.size(), 0);
    pads.append(conv.getPads().begin(), conv.getPads().begin() + spatial);
    pads.append(extraAxis.size(), 0);
    pads.append(conv.getPads().begin() + spatial, conv.getPads().end());
    SmallVector<int64_t> kernel;
    SmallVector<Dim> w = dimsOf(weight);
    for (size_t i = 2; i < w.size(); ++i)
      kernel.push_back(*w[i].constant());
    std::optional<int64_t> tile;
    if (winograd && blockedInput && !depthwise)
      tile = winogradTile(conv);
    Value packed = tile ? builder.create<WinogradWeightOp>(conv.getLoc(), weight, *tile).getResult()
                        : packWeight(conv.getLoc(), weight, depthwise, blockedInput);
    IntegerAttr inputChannels =
        blockedInput ? builder.getI64IntegerAttr(*dimOf(conv.getInput(), 1).constant()) : IntegerAttr();
    return builder.create<ConvOp>(
        conv.getLoc(), input, packed, with(conv.getStrides(), 1), with(conv.getDilations(), 1),
        builder.getDenseI64ArrayAttr(pads), conv.getGroupAttr(), blockedInput ? builder.getUnitAttr() : UnitAttr(),
        builder.getUnitAttr(), builder.getI64IntegerAttr(*w[0].constant()), builder.getDenseI64ArrayAttr(kernel),
        tile ? builder.getI64IntegerAttr(*tile) : IntegerAttr(), inputChannels);
  }

  /// See graph.conv for the three forms.
  Value packWeight(Location loc, Value weight, bool depthwise, bool blockedInput) {
    Value filters = builder.create<BlockOp>(loc, weight, 0, kBlock);
    if (depthwise) {
      SmallVector<Dim> dims = dimsOf(filters);
      dims.erase(dims.begin() + 1);
      return builder.create<ReshapeOp>(loc, tensorType(dims, elementOf(weight)), filters);
    }
    if (!blockedInput)
      return filters;
    Value both = builder.create<BlockOp>(loc, filters, 1, kBlock); // [M/16, C/16, K..., 16 out, 16 in]
    SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(rankOf(both)));
    std::swap(order[order.size() - 1], order[order.size() - 2]);
    return builder.create<TransposeOp>(loc, both, order);
  }

  /// Ops that make a finite number of the zeros (or other finite numbers) that fill up a block.
  static bool staysFinite(Operation *op) {
    if (auto div = dyn_cast<DivOp>(op)) {
      auto constant = div.getRhs().getDefiningOp<ConstantOp>();
      auto number = constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : SplatElementsAttr();
      // One number has no filling of its own.
      return number && isa<FloatType>(number.getElementType()) && product(dimsOf(div.getRhs())).isEqualTo(1) &&
             !number.getSplatValue<APFloat>().isZero();
    }
    return isa<AddOp, SubOp, MulOp, MinOp, MaxOp, NegOp, AbsOp, SigmoidOp, TanhOp, ErfOp, SoftplusOp, CompareOp,
               SelectOp, SignOp, FloorOp, CeilOp, RoundOp, NotOp, AndOp, OrOp, XorOp, SinOp, CosOp, AtanOp>(op);
  }

  Value followElementwise(Operation *op) {
    Dim channels = dimOf(op->getResult(0), 1);
    if (!channels.isConstant() || (*channels.constant() % kBlock && !staysFinite(op)))
      return {};
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      Value form = operandInBlocks(operand, channels);
      if (!form)
        return {};
      operands.push_back(form);
    }
    SmallVector<Dim> dims = dimsOf(op->getResult(0));
    dims[1] = dims[1].ceildiv(kBlock);
    dims.push_back(kBlock);
    OperationState state(op->getLoc(), op->getName(), operands, tensorType(dims, elementOf(op->getResult(0))),
                         op->getAttrs());
    return replaced(op, builder.create(state)->getResult(0));
  }

  /// An operand of an elementwise op of rank 4 and so many channels, aligned at the last axis, with its channels in
  /// blocks.
  Value operandInBlocks(Value operand, const Dim &channels) {
    SmallVector<Dim> dims = dimsOf(operand);
    if (product(dims).isEqualTo(1)) { // one number for all
      if (dims.empty())
        return operand;
      return builder.create<ReshapeOp>(operand.getLoc(), tensorType({}, elementOf(operand)), plain(operand));
    }
    if (Value known = blockedOf(operand); known && dims.size() == 4)
      return known;
    if (dims.size() == 4 && dims[1] == channels)
      return inBlocks(operand);
    while (dims.size() < 4)
      dims.insert(dims.begin(), Dim(1));
    Value whole = builder.create<ReshapeOp>(operand.getLoc(), tensorType(dims, elementOf(operand)), plain(operand));
    if (dims[1] == channels)
      return builder.create<BlockOp>(operand.getLoc(), whole, 1, kBlock);
    if (!dims[1].isEqualTo(1))
      return {};
    dims.push_back(1);
    return builder.create<ReshapeOp>(operand.getLoc(), tensorType(dims, elementOf(operand)), whole);
  }

  Value followPool(PoolOp pool) {
    return replaced(pool, builder.create<PoolOp>(pool.getLoc(), blockedOf(pool.getOperand()), pool.getKindAttr(),
                                                 pool.getKernelAttr(), pool.getStridesAttr(), pool.getDilationsAttr(),
                                                 pool.getPadsAttr(), pool.getCeilAttr(), pool.getCountPaddingAttr(),
                                                 builder.getUnitAttr()));
  }

  Value followReduce(ReduceOp reduce) {
    if (llvm::any_of(reduce.getAxes(), [](int64_t axis) { return axis < 2; }))
      return {};
    return replaced(reduce, builder.create<ReduceOp>(reduce.getLoc(), blockedOf(reduce.getOperand()),
                                                     reduce.getAxesAttr(), reduce.getKindAttr()));
  }

  Value followConcat(ConcatOp concat) {
    int64_t axis = concat.getAxis();
    SmallVector<Value> inputs;
    for (Value input : concat.getInputs()) {
      std::optional<int64_t> channels = dimOf(input, 1).constant();
      if (!channels || (axis == 1 && *channels % kBlock) || (!blockedOf(input) && axis != 1))
        return {};
      inputs.push_back(input);
    }
    for (Value &input : inputs)
      input = inBlocks(input);
    return replaced(concat, builder.create<ConcatOp>(concat.getLoc(), inputs, axis));
  }

  Value followSlice(SliceOp slice) {
    SmallVector<Dim> starts = dimsOf(slice.getStarts()), dims = dimsOf(slice.getResult());
    std::optional<int64_t> start = starts[1].constant(), extent = dims[1].constant(),
                           channels = dimOf(slice.getOperand(), 1).constant();
    bool wholeAxis = start == 0 && extent == channels;
    if (!start || !extent || slice.getSteps()[1] != 1 || (!wholeAxis && (*start % kBlock || *extent % kBlock)))
      return {};
    starts[1] = *start / kBlock;
    starts.push_back(0);
    dims[1] = dims[1].ceildiv(kBlock);
    dims.push_back(kBlock);
    SmallVector<int64_t> steps(slice.getSteps());
    steps.push_back(1);
    return replaced(slice,
                    builder.create<SliceOp>(slice.getLoc(), tensorType(dims, elementOf(slice.getResult())),
                                            blockedOf(slice.getOperand()), dimsAttr(builder.getContext(), starts),
                                            builder.getDenseI64ArrayAttr(steps)));
  }

  Value followResize(ResizeOp resize) {
    SmallVector<Dim> dims = dimsOf(resize.getResult());
    if (dims[1] != dimOf(resize.getOperand(), 1))
      return {};
    dims[1] = dims[1].ceildiv(kBlock);
    dims.push_back(kBlock);
    SmallVector<double> scales(resize.getScales());
    scales.push_back(1);
    OperationState state(resize.getLoc(), resize->getName(), blockedOf(resize.getOperand()),
                         tensorType(dims, elementOf(resize.getResult())), resize->getAttrs());
    auto made = cast<ResizeOp>(builder.create(state));
    made.setScales(scales);
    return replaced(resize, made.getResult());
  }

  Block &block;
  bool winograd;
  OpBuilder builder;
  llvm::DenseMap<Value, Value> blocked;   // values in blocks, by the plain value
  llvm::DenseMap<Value, Value> unblocked; // unblocks made for replaced values
  SmallVector<Operation *> dead;
};

struct AssignLayoutsPass : impl::AssignLayoutsPassBase<AssignLayoutsPass> {
  using Base::Base;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      LayoutAssigner(function.getBody().front(), winograd).run();
  }
};

} // namespace
} // namespace quern
