#ifndef QUERN_PASSES_FUSION
#define QUERN_PASSES_FUSION

include "mlir/Pass/PassBase.td"

def MoveRowAxisLastPass : Pass<"quern-move-row-axis-last", "mlir::ModuleOp"> {
  let summary = "Put the axis of each softmax last";
  let description = [{
    Row kernels walk the last axes. A softmax along another axis becomes transpose, softmax, transpose; where the
    neighbours transpose too, the pairs cancel in SimplifyGraph's patterns or fuse.

    ```mlir
    %y = graph.softmax %x {axis = 1}   ->   %0 = graph.transpose %x ; %1 = graph.softmax %0 {axis = 2} ; %y = graph.transpose %1
    ```

    It must run after FormAttention, which looks for softmaxes where the model has them, and before FormKernels, which fuses
    the transposes. The full case is test/passes/fusion/move-row-axis-last.mlir.
  }];
}

def AssignLayoutsPass : Pass<"quern-assign-layouts", "mlir::ModuleOp"> {
  let summary = "Give convolutions and what follows them channels in blocks of 16";
  let description = [{
    One walk in program order. A convolution that the blocked kernels can compute takes and gives [N, C/16, D..., 16], of
    one to three spatial axes, and a transposed one is that of an input whose elements lie apart; elementwise ops,
    pooling, reductions over the image, concatenations and slices of whole blocks, and resizing follow their operands;
    everything else gets a graph.unblock in front. Channels that fill up the last block hold finite numbers that nothing
    reads: weights are zero there.

    ```mlir
    %y = graph.conv %x, %w    ->    %b = graph.block %x ; %c = graph.conv %b, %packed {blocked_input, blocked_output}
                                    %y = graph.unblock %c
    ```

    Convolutions for which Winograd's algorithm is expected to be faster (WinogradCost.h) get its weights instead of
    packed ones, because the form of the weights is the choice.

    It must run after SimplifyGraph, which folds scales into weights, and before FoldConstants, which carries out the
    packing of the weights that this pass writes down as graph ops. The full case is test/passes/fusion/assign-layouts.mlir.
  }];
  let options = [Option<"winograd", "winograd", "bool", "true", "false: every convolution is computed as it is written">];
}

def PackWeightsPass : Pass<"quern-pack-weights", "mlir::ModuleOp"> {
  let summary = "Write down the packing of constant right-hand sides of matmuls in panels of 16 columns";
  let description = [{
    ```mlir
    %y = graph.matmul %x, %w   ->   %p = transpose(block(%w)) : tensor<N/16 x K x 16> ; %y = graph.matmul %x, %p {columns = N}
    ```

    It must run after SimplifyGraph, which folds scales into the weights, and before FoldConstants, which carries
    the packing out. The full case is test/passes/fusion/pack-weights.mlir.
  }];
}

def PackTreesPass : Pass<"quern-pack-trees", "mlir::ModuleOp"> {
  let summary = "Lay the nodes of tree ensembles out as their kernel walks them";
  let description = [{
    Features become keys that order as integers, children stand side by side, level by level, and trees with few leaves
    get bit vectors (dialects/graph/TreeTables.h).

    ```mlir
    %y = graph.tree_ensemble %x, %nodes, ...   ->   %y = graph.packed_trees %x, %tables, %cuts, %values, %base {...}
    ```

    It must run after FoldConstants, which makes the tables constants, and before FormKernels: the op as it is in a model
    has no kernel. The full case is test/passes/fusion/pack-trees.mlir.
  }];
}

def FormKernelsPass : Pass<"quern-form-kernels", "mlir::ModuleOp"> {
  let summary = "Put every compute op into exactly one kernel.region";
  let description = [{
    Greedy, in program order: an op joins the kernels that make its operands where their emitter can take it in, else
    it starts one. The full case is test/passes/fusion/form-kernels.mlir.

    ```mlir
    %0 = graph.matmul %x, %w                %y = kernel.region "fc1" (%x, %w, %b) {
    %1 = graph.add %0, %b             ->      %0 = graph.matmul ; %1 = graph.add
                                              kernel.yield %1 }
    ```

    A sum, difference or product of operands that are all broadcast is larger than they are: each of its readers gets one
    of its own first (RepeatBroadcasts.h).

    A concatenation whose parts lie one after another in memory, and are made for it, stays outside of kernels: the
    memory phase has each part written into its place.

    It must run after constants are folded and layouts are assigned, whose ops it fuses, and before schedules are
    selected, which look at whole kernels.
  }];
  let options = [Option<"fuse", "fuse", "bool", "true", "false: every op is a kernel of its own">,
                 Option<"rowLanes", "row-lanes", "bool", "true", "short rows may have a lane each (RowLanes.h)">];
  let dependentDialects = ["::quern::kernel::KernelDialect"];
}

def MeasureWorkPass : Pass<"quern-measure-work", "mlir::ModuleOp"> {
  let summary = "Write down how much each kernel computes and moves";
  let description = [{
    Operations and bytes as expressions over the symbols (dialects/graph/Work.h), as facts that nothing computes with
    (dialects/kernel/Facts.h): `quern explain` and `quern bench` print them.

    ```mlir
    kernel.region "fc" (%x, %w) {...}  ->  kernel.region "fc" (%x, %w) {kernel.flops = "128*batch", kernel.bytes = "96*batch + 256", ...}
    ```

    It must run after FormKernels.
  }];
}

#endif
