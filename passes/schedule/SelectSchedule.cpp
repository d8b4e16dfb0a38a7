// Chooses the algorithm of each kernel by its anchor op. One line per kind of anchor in the table below.
#include "dialects/graph/TreeTables.h"
#include "dialects/kernel/PairReduction.h"
#include "dialects/kernel/RowLanes.h"
#include "passes/schedule/Choice.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/TaskSize.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace quern::graph;

namespace quern {
#define GEN_PASS_DEF_SELECTSCHEDULEPASS
#include "passes/schedule/Passes.h.inc"

namespace {

bool isDepthwise(ConvOp conv) {
  return conv.getGroup() > 1 && conv.getChannels() && conv.getGroup() == uint64_t(*conv.getChannels());
}

Choice chooseConv(Operation *op) {
  auto conv = cast<ConvOp>(op);
  if (!conv.getBlockedOutput())
    return {"scalar_conv", {}, "channels are not in blocks: plain loops"};
  if (isDepthwise(conv) && conv.getBlockedInput())
    return {"depthwise", {}, "one filter per channel: vectors run over 16 channels"};
  if (std::optional<uint64_t> side = conv.getWinograd()) {
    WinogradTask task = winogradTask(conv);
    return {"winograd",
            {{"task_tiles", task.tiles}, {"task_blocks", task.blocks}},
            llvm::formatv("3x3 window over many channels: {0}x{0} pixels from {1} products instead of {2}", *side,
                          (*side + 2) * (*side + 2), *side * *side * 9)};
  }
  ConvTask task = convTask(conv);
  return {"conv",
          {{"task_rows", task.rows}, {"task_blocks", task.blocks}},
          conv.getSpacing() ? "transposed: a convolution for each remainder of a place by the strides"
          : conv.getBlockedInput() ? "channels in blocks of 16: register tiles of pixels x output channels"
                                 : "few input channels: read as they are, written in blocks of 16"};
}

Choice chooseMatmul(Operation *op) {
  auto matmul = cast<MatmulOp>(op);
  GemmTask task = gemmTask(matmul);
  if (llvm::any_of(*matmul->getBlock(), [](Operation &other) { return isa<ReduceOp, ArgReduceOp>(other); }))
    return {"gemm", {{"task_rows", task.rows}}, "rows are reduced as their tiles are finished: a task has whole rows"};
  return {"gemm",
          {{"task_rows", task.rows}, {"task_columns", task.columns}},
          matmul.getColumns() ? "weights packed in panels of 16" : "both operands are data"};
}

Choice chooseRecurrent(Operation *op) {
  auto rnn = cast<RnnOp>(op);
  int64_t units = recurrentTaskUnits(rnn);
  bool shared = units < *dimOf(rnn.getRecurrence(), 2).constant();
  return {"recurrent",
          {{"task_units", units}},
          shared ? "the units of each step are shared by tasks, one phase per step"
                 : "short steps: a task walks all of them"};
}

Choice chooseTrees(Operation *op) {
  auto trees = cast<PackedTreesOp>(op);
  return {"trees",
          {{"task_rows", treeTaskRows(trees)}},
          llvm::formatv("{0}; few rows: {1} trees of a row side by side",
                        trees.getWords() ? "trees of few leaves: bit vectors over 64 rows, without a branch"
                                         : "blocks of rows, 16 of which walk a tree side by side, without a branch",
                        TreeTables::kLanes)};
}

Choice chooseTopK(Operation *op) {
  auto topK = cast<TopKOp>(op);
  if (dimOf(topK.getValues(), topK.getAxis()) == dimOf(topK.getOperand(), topK.getAxis()))
    return {"sort", {}, "whole lines: blocks in registers, then merges"};
  return {"top_k", {}, "a heap per row"};
}

Choice chooseFourier(Operation *) {
  return {"fourier", {}, "passes of small transforms over lines that stay in cache"};
}

/// The algorithm by the name of the anchor op; everything else is a vector loop.
struct Line {
  StringRef op;
  Choice (*choose)(Operation *);
};
const Line table[] = {
    {"graph.conv", chooseConv},
    {"graph.matmul", chooseMatmul},
    {"graph.attention",
     [](Operation *) { return Choice{"attention", {}, "scores of a block of queries stay in cache"}; }},
    {"graph.rnn", chooseRecurrent},
    {"graph.conv_transpose",
     [](Operation *) { return Choice{"conv_transpose", {}, "each output gathers the inputs that reach it"}; }},
    {"graph.top_k", chooseTopK},
    {"graph.non_zero", [](Operation *) { return Choice{"non_zero", {}, "one pass counts, one writes"}; }},
    {"graph.cumulative", [](Operation *) { return Choice{"cumulative", {}, "one pass per line"}; }},
    {"graph.fourier", chooseFourier},
    {"graph.fourier_from_real", chooseFourier},
    {"graph.fourier_to_real", chooseFourier},
    {"graph.packed_trees", chooseTrees},
    {"graph.lu", [](Operation *) { return Choice{"lu", {}, "a task has whole matrices, eliminated by halves"}; }},
    {"graph.cholesky",
     [](Operation *) { return Choice{"cholesky", {}, "a task has whole matrices, eliminated by halves"}; }},
    {"graph.triangular_solve",
     [](Operation *) { return Choice{"triangular_solve", {}, "a task has some columns of the right sides"}; }},
    {"text.lookup", [](Operation *) { return Choice{"text", {}, "a hash table among the weights"}; }},
    {"text.pick_strings", [](Operation *) { return Choice{"text", {}, "addresses of constants"}; }},
    {"text.terms", [](Operation *) { return Choice{"text", {}, "a task counts the terms of some texts"}; }},
    {"text.term_product",
     [](Operation *) { return Choice{"text", {}, "rows of the weight are added up as their terms are met"}; }},
    {"graph.scatter_elements", [](Operation *) { return Choice{"scatter", {}, "copy, then updates in order"}; }},
    {"graph.scatter_nd", [](Operation *) { return Choice{"scatter", {}, "copy, then updates in order"}; }},
};

Choice choose(kernel::RegionOp region) {
  if (region->hasAttr(kernel::kRowLanesAttr))
    return {"row_lanes",
            {{"task_rows", rowLanesTaskRows(region.getBody().front())}},
            "short rows: each lane of a vector has one of its own"};
  for (Operation &op : region.getBody().front())
    for (const Line &line : table)
      if (op.getName().getStringRef() == line.op)
        return line.choose(&op);
  if (kernel::findPairReduction(region.getBody().front()))
    return {"pairs",
            {{"task_rows", 64}, {"task_columns", 256}},
            "a reduction over each row of one side with each of another: register tiles"};
  return {"loops", {}, "no contraction: vectors along the innermost axis"};
}

/// On the device where there is one and it can, else on the processor.
Choice choose(kernel::RegionOp region, const Device *device, bool tf32) {
  if (!device)
    return choose(region);
  std::string why;
  if (std::optional<Choice> choice = chooseForDevice(region, *device, tf32, why))
    return *choice;
  Choice choice = choose(region);
  choice.reason = llvm::formatv("on the processor: {0}; {1}", why, choice.reason);
  return choice;
}

struct SelectSchedulePass : impl::SelectSchedulePassBase<SelectSchedulePass> {
  using Base::Base;

  void runOnOperation() override {
    llvm::Expected<const Target *> found = lookupTarget(target);
    if (!found) {
      getOperation().emitError(llvm::toString(found.takeError()));
      return signalPassFailure();
    }
    Builder builder(&getContext());
    getOperation().walk([&](kernel::RegionOp region) {
      Choice choice = choose(region, (*found)->device, tf32);
      NamedAttrList parameters;
      for (auto [name, value] : choice.parameters)
        parameters.append(name, builder.getI64IntegerAttr(value));
      region.setScheduleAttr(kernel::ScheduleAttr::get(&getContext(), builder.getStringAttr(choice.algorithm),
                                                       parameters.getDictionary(&getContext()),
                                                       builder.getStringAttr(choice.reason)));
    });
  }
};

} // namespace
} // namespace quern
