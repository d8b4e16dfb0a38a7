#include "dialects/graph/Work.h"
#include "passes/fusion/Fusion.h"
#include "passes/fusion/WinogradCost.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/TypeSwitch.h"
#include <numeric>

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
    if (auto conv = dyn_cast<ConvTransposeOp>(op))
      return followConvTranspose(conv);
    if (op->getNumResults() != 1 || !isa<RankedTensorType>(op->getResult(0).getType()) ||
        !isImage(op->getResult(0)) || !llvm::any_of(op->getOperands(), [&](Value operand) { return bool(blockedOf(operand)); }))
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

  /// One to three spatial axes.
  static bool isImage(Value value) { return rankOf(value) >= 3 && rankOf(value) <= 5; }

  Value followConv(ConvOp conv) {
    SmallVector<Dim> x = dimsOf(conv.getInput()), w = dimsOf(conv.getWeight());
    if (!isImage(conv.getInput()) || conv.getBlockedOutput() || !conv.getWeight().getDefiningOp<ConstantOp>() ||
        !elementOf(conv.getInput()).isF32() || !x[1].isConstant())
      return {};
    int64_t channels = *x[1].constant(), filters = *w[0].constant(), group = conv.getGroup();
    bool depthwise = group > 1 && group == channels && filters == channels;
    bool whole = (channels / group) % kBlock == 0 && (filters / group) % kBlock == 0;
    if (group > 1 && !depthwise && !whole)
      return {};
    constexpr int64_t kDepthwiseRank = 4; // at most
    if (depthwise && rankOf(conv.getInput()) > kDepthwiseRank)
      return {};
    bool blockedInput = depthwise || group > 1 || channels >= kFewChannels;
    Value input = blockedInput ? inBlocks(conv.getInput()) : plain(conv.getInput());
    return replaced(conv, makeConv(conv, input, depthwise, blockedInput));
  }

  /// The convolution of an input whose elements are strides apart, with the window the other way round.
  Value followConvTranspose(ConvTransposeOp conv) {
    // A kernel has code for each phase of the outputs.
    constexpr int64_t kMostPhases = 16;
    Value x = conv.getInput();
    if (!isImage(x) || !conv.getWeight().getDefiningOp<ConstantOp>() || !elementOf(x).isF32() ||
        !dimOf(x, 1).isConstant() || conv.getGroup() != 1 ||
        std::accumulate(conv.getStrides().begin(), conv.getStrides().end(), int64_t(1), std::multiplies<>()) >
            kMostPhases)
      return {};
    SmallVector<Dim> in = dimsOf(x), out = dimsOf(conv.getResult()), weight = dimsOf(conv.getWeight());
    size_t spatial = conv.getStrides().size();
    SmallVector<int64_t> low, high, kernel, order{1, 0}, steps(2, 1), ones(spatial, 1);
    SmallVector<Dim> starts(2, Dim(0));
    for (size_t i = 0; i < spatial; ++i) {
      int64_t window = *weight[2 + i].constant(), reach = (window - 1) * conv.getDilations()[i];
      // What the result has beyond one place for each element's window.
      std::optional<int64_t> rest = (out[2 + i] - (in[2 + i] - 1) * conv.getStrides()[i] - 1).constant();
      if (!rest)
        return {};
      kernel.push_back(window);
      low.push_back(reach - conv.getPads()[i]);
      high.push_back(*rest + reach - low.back());
      order.push_back(2 + i);
      starts.push_back(window - 1);
      steps.push_back(-1);
    }
    low.append(high);
    Location loc = conv.getLoc();
    Value turned = builder.create<SliceOp>(loc, conv.getWeight().getType(), conv.getWeight(),
                                           dimsAttr(builder.getContext(), starts), builder.getDenseI64ArrayAttr(steps));
    turned = builder.create<TransposeOp>(loc, turned, order);
    Value result = builder.create<ConvOp>(
        loc, inBlocks(x), packWeight(loc, turned, /*depthwise=*/false, /*blockedInput=*/true),
        builder.getDenseI64ArrayAttr(ones), conv.getDilationsAttr(), builder.getDenseI64ArrayAttr(low),
        conv.getGroupAttr(), builder.getUnitAttr(), builder.getUnitAttr(), builder.getI64IntegerAttr(*weight[1].constant()),
        builder.getDenseI64ArrayAttr(kernel), /*winograd=*/IntegerAttr(),
        builder.getI64IntegerAttr(*in[1].constant()), conv.getStridesAttr());
    return replaced(conv, result);
  }

  Value makeConv(ConvOp conv, Value input, bool depthwise, bool blockedInput) {
    Value weight = conv.getWeight();
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
        conv.getLoc(), input, packed, conv.getStridesAttr(), conv.getDilationsAttr(), conv.getPadsAttr(),
        conv.getGroupAttr(), blockedInput ? builder.getUnitAttr() : UnitAttr(),
        builder.getUnitAttr(), builder.getI64IntegerAttr(*w[0].constant()), builder.getDenseI64ArrayAttr(kernel),
        tile ? builder.getI64IntegerAttr(*tile) : IntegerAttr(), inputChannels, /*spacing=*/DenseI64ArrayAttr());
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
      Value form = operandInBlocks(operand, channels, rankOf(op->getResult(0)));
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

  /// An operand of an elementwise op of such a rank and so many channels, aligned at the last axis, with its channels in
  /// blocks.
  Value operandInBlocks(Value operand, const Dim &channels, size_t rank) {
    SmallVector<Dim> dims = dimsOf(operand);
    if (product(dims).isEqualTo(1)) { // one number for all
      if (dims.empty())
        return operand;
      return builder.create<ReshapeOp>(operand.getLoc(), tensorType({}, elementOf(operand)), plain(operand));
    }
    if (dims.size() == rank && dims[1] == channels) // one channel for all of them is no block of its own
      return inBlocks(operand);
    while (dims.size() < rank)
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
