// The passes on the graph dialect, in the order in which they run.

#ifndef QUERN_PASSES_GRAPH_PASSES
#define QUERN_PASSES_GRAPH_PASSES

include "mlir/Pass/PassBase.td"

def SimplifyGraph : Pass<"quern-simplify-graph", "::mlir::ModuleOp"> {
  let summary = "Rewrites a graph into a cheaper one with the same values";
  let description = [{
    Small greedy rewrites, each a function with its reason: scales and shifts behind a convolution go into its weight
    (BatchNormalization vanishes), neutral arithmetic goes, powers become products, pairs of reshapes and transposes
    become one, normalization written as means and roots becomes graph.layer_norm. Equal expressions are computed once.

    ```mlir
    %0 = graph.conv %x, %w {...}                     %s = graph.mul %w, %scale_of_rows
    %1 = graph.mul %0, %scale                  ->    %0 = graph.conv %x, %s {...}
    %2 = graph.add %1, %shift                        %2 = graph.add %0, %shift
    ```

    It must run after the lowering and before FoldConstants, which computes the products of constants made here.
    Full cases, by the file of the rewrite: compose-movement.mlir, drop-neutral.mlir, expand-powers.mlir, fold-scales.mlir,
    simplify-products.mlir and form-layer-norm.mlir of test/passes/graph.
  }];
  let options = [Option<"sumRows", "sum-rows", "bool", "true",
                        "one row times data is a sum; false: a product, of which devices have tiles of few rows">];
  let dependentDialects = ["::quern::graph::GraphDialect"];
}

def FormAttention : Pass<"quern-form-attention", "::mlir::ModuleOp"> {
  let summary = "Recognizes softmax(q k^T * scale + bias) v";
  let description = [{
    The products of an attention stay in one kernel, whose scores never leave the cache:

    ```mlir
    %0 = graph.matmul %q, %kt
    %1 = graph.mul %0, %scale
    %2 = graph.add %1, %mask                   ->    %4 = graph.attention %q, %k, %v, %mask {scale = ...}
    %3 = graph.softmax %2 {axis = 3 : i64, log = false}
    %4 = graph.matmul %3, %v
    ```

    Scales may stand on q, on k and behind the product; masks may be added or selected; keys that are repeated for
    groups of queries are taken before the repetition. Scores that something else reads stay as they are.

    It must run after SimplifyGraph, which brings transposes and reshapes into one form.
    Full cases: test/passes/graph/form-attention.mlir.
  }];
  let dependentDialects = ["::quern::graph::GraphDialect"];
}

def WidenConvolutions : Pass<"quern-widen-convolutions", "::mlir::ModuleOp"> {
  let summary = "Convolutions of float16 and bfloat16 in float32";
  let description = [{
    Kernels add narrow floats up in f32 in any case, so nothing changes but what the products are read from. The casts are
    fused with the kernels around; convolutions have one set of fast kernels.

    ```mlir
    %0 = graph.conv %x, %w : f16       ->    %1 = graph.cast %x
                                             %2 = graph.conv %1, %w32 : f32
                                             %0 = graph.cast %2
    ```

    It must run after SimplifyGraph, which folds what follows a convolution into its weight and looks through no cast, and
    before FoldConstants, which casts the weights. Full cases: test/passes/graph/widen-convolutions.mlir.
  }];
  let dependentDialects = ["::quern::graph::GraphDialect"];
}

def SplitFourier : Pass<"quern-split-fourier", "::mlir::ModuleOp"> {
  let summary = "Fourier transforms of extents that have a kernel";
  let description = [{
    A long one is taken apart into rows and columns (the four-step method); one with a large prime factor becomes a
    convolution, whose extent is a power of two (Bluestein's method). The half of a long transform of real numbers is
    taken apart in the same way.

    ```mlir
    %1 = graph.fourier %0 {axis = 0, ...}            %a = graph.reshape %0
        : tensor<1000000x2xf64>                ->    %b = graph.fourier %a {axis = 0, turned, ...} : tensor<1000x1000x2xf64>
                                                     %c = graph.fourier %b {axis = 1, transposed, ...}
                                                     %1 = graph.reshape %c
    ```

    It must run before SimplifyGraph and FoldConstants, which compute the spectra of constants that are made here.
    Full cases: test/passes/graph/split-fourier.mlir.
  }];
  let dependentDialects = ["::quern::graph::GraphDialect"];
}

def FoldConstantsPass : Pass<"quern-fold-constants", "::mlir::ModuleOp"> {
  let summary = "Computes what depends on constants alone";
  let description = [{
    An op whose operands are constants becomes one, where its result is not much larger than they are: reshaped,
    transposed, scaled and converted weights, tables of positions. Blobs that no constant refers to any more are freed,
    so the module must be the only one in its context that has them.

    ```mlir
    %0 = graph.constant dense_resource<w>                    %1 = graph.constant dense_resource<folded>
    %1 = graph.transpose %0 {permutation = array<i64: 1, 0>}  ->
    ```

    It must run after SimplifyGraph, which brings constants together, and again after layouts are assigned, which packs
    weights by graph.block and graph.transpose. Full cases: test/passes/graph/fold-constants.mlir.
  }];
  let dependentDialects = ["::quern::graph::GraphDialect"];
}

def VerifyGraphPass : Pass<"quern-verify-graph", "::mlir::ModuleOp"> {
  let summary = "The door of the graph phase: refuses what later phases do not understand";
  let description = [{
    One function @main of graph ops; every value is a tensor of known rank, every dynamic extent is an expression, and every
    symbol is an extent of an argument or bound by a read_symbols, non_zero, if or loop that stands before its use.
    Changes nothing. Every message: test/passes/graph/verify-graph.mlir.
  }];
}

#endif
