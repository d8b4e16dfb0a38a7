// Writes down how much each kernel computes and how many bytes it has to move.
//
//   kernel.region "fc" (%x, %w) {...}   ->   {kernel.flops = "128*batch", kernel.bytes = "96*batch + 256", ...}
#include "dialects/graph/Work.h"
#include "dialects/kernel/Facts.h"
#include "dialects/kernel/Kernel.h"
#include "passes/fusion/Fusion.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
#define GEN_PASS_DEF_MEASUREWORKPASS
#include "passes/fusion/Passes.h.inc"

namespace {

/// Bytes that the kernel reads of one operand. Its users may all pick some elements; else it reads them all.
Dim bytesRead(BlockArgument argument) {
  Dim sum = 0, all = product(dimsOf(argument));
  for (OpOperand &use : argument.getUses()) {
    Dim some = isa<kernel::YieldOp>(use.getOwner()) ? all : elementsRead(use);
    if (some == all) {
      sum = all;
      break;
    }
    sum = sum + some;
  }
  return Dim::min(sum, all) * bytesOfElement(argument);
}

/// A constant, or a view of one.
bool isWeight(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getOperand();
  return bool(value.getDefiningOp<ConstantOp>());
}

/// An op that nobody counts leaves the sum unknown.
void setOperations(kernel::RegionOp region, Builder &builder) {
  std::optional<Dim> flops = 0;
  Dim multiplyAdds = 0;
  for (Operation &op : region.getBody().front().without_terminator()) {
    std::optional<Dim> operations = operationsOf(&op);
    flops = flops && operations ? std::optional(*flops + *operations) : std::nullopt;
    multiplyAdds = multiplyAdds + multiplyAddsOf(&op);
  }
  region->setDiscardableAttr(kernel::kMultiplyAddsAttr, builder.getStringAttr(multiplyAdds.str()));
  if (flops)
    region->setDiscardableAttr(kernel::kFlopsAttr, builder.getStringAttr(flops->str()));
}

struct MeasureWorkPass : impl::MeasureWorkPassBase<MeasureWorkPass> {
  void runOnOperation() override {
    getOperation().walk([](kernel::RegionOp region) {
      Dim bytes = 0, weights = 0;
      Block &body = region.getBody().front();
      for (auto [input, argument] : llvm::zip(region.getInputs(), body.getArguments()))
        (isWeight(input) ? weights : bytes) = (isWeight(input) ? weights : bytes) + bytesRead(argument);
      for (Value result : region.getResults())
        bytes = bytes + bytesOf(result);
      Builder builder(region.getContext());
      setOperations(region, builder);
      region->setDiscardableAttr(kernel::kBytesAttr, builder.getStringAttr((bytes + weights).str()));
      region->setDiscardableAttr(kernel::kWeightBytesAttr, builder.getStringAttr(weights.str()));
    });
  }
};

} // namespace
} // namespace quern
