#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/memory/Memory.h"
#include "passes/memory/Space.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
#define GEN_PASS_DEF_PLACETRANSFERSPASS
#include "passes/memory/Passes.h.inc"

bool isOnDevice(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto reshape = dyn_cast_if_present<ReshapeOp>(op))
    return isOnDevice(reshape.getOperand());
  if (auto transfer = dyn_cast_if_present<kernel::TransferOp>(op))
    return transfer.getToDevice();
  if (auto launch = dyn_cast_if_present<kernel::LaunchOp>(op)) {
    auto callee = launch->getParentOfType<ModuleOp>().lookupSymbol<kernel::FuncOp>(launch.getCallee());
    return callee && callee.getThreads();
  }
  if (auto concat = dyn_cast_if_present<ConcatOp>(op))
    return concat->hasAttr(kOnDevice);
  return false;
}

namespace {

struct PlaceTransfersPass : impl::PlaceTransfersPassBase<PlaceTransfersPass> {
  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    bool hasDevice = llvm::any_of(getOperation().getOps<kernel::FuncOp>(),
                                  [](kernel::FuncOp kernel) { return kernel.getThreads().has_value(); });
    if (!main || !hasDevice)
      return;
    placeConcats(main);
    // Program order, outside before inside: what an if or a loop reads is brought over in front of it.
    for (Operation &op : llvm::make_early_inc_range(main.getBody().front()))
      for (OpOperand *use : usesIn(op))
        bring(*use, &op);
  }

  /// Parts that the device makes are joined there.
  static void placeConcats(func::FuncOp main) {
    for (auto concat : main.getBody().front().getOps<ConcatOp>())
      if (llvm::any_of(concat.getInputs(), isOnDevice))
        concat->setAttr(kOnDevice, UnitAttr::get(main.getContext()));
  }

  /// The operands of an op and of all that stands inside of it.
  static SmallVector<OpOperand *> usesIn(Operation &op) {
    SmallVector<OpOperand *> uses;
    op.walk([&](Operation *inner) {
      for (OpOperand &operand : inner->getOpOperands())
        uses.push_back(&operand);
    });
    return uses;
  }

  /// Where the op that reads an operand wants it; a reshape takes it where it is.
  static bool wantsDevice(OpOperand &use) {
    Operation *op = use.getOwner();
    if (auto launch = dyn_cast<kernel::LaunchOp>(op))
      return isOnDevice(launch.getResult(0));
    return isa<ConcatOp>(op) && op->hasAttr(kOnDevice);
  }

  void bring(OpOperand &use, Operation *before) {
    Value value = use.get();
    if (isa<ReshapeOp>(use.getOwner()) || !isa<TensorType>(value.getType()))
      return;
    // The caller says in which memory it wants the outputs. Weights are in both.
    if (isa<func::ReturnOp>(use.getOwner()) || isWeight(value) || isOnDevice(value) == wantsDevice(use))
      return;
    use.set(moved(value, wantsDevice(use), before));
  }

  /// `value` in the other memory. Of a view it is the elements' root that goes over. What the caller gives goes over
  /// before anything runs, so that the device's kernels follow each other.
  Value moved(Value value, bool toDevice, Operation *before) {
    if (Value known = copies.lookup(value))
      return known;
    OpBuilder builder(before);
    Value result;
    if (auto reshape = value.getDefiningOp<ReshapeOp>()) {
      Value operand = moved(reshape.getOperand(), toDevice, before);
      result = builder.create<ReshapeOp>(reshape.getLoc(), reshape.getType(), operand);
    } else {
      if (auto argument = dyn_cast<BlockArgument>(value); argument && isa<func::FuncOp>(argument.getOwner()->getParentOp()))
        builder.setInsertionPointToStart(argument.getOwner());
      result = builder.create<kernel::TransferOp>(value.getLoc(), value.getType(), value, toDevice);
    }
    return copies[value] = result;
  }

  static bool isWeight(Value value) {
    while (auto reshape = value.getDefiningOp<ReshapeOp>())
      value = reshape.getOperand();
    return value.getDefiningOp<ConstantOp>();
  }

  llvm::DenseMap<Value, Value> copies;
};

} // namespace
} // namespace quern
