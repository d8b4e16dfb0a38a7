// Ensembles of decision trees: as a library fitted them, and as tables that kernels walk.

#ifndef QUERN_GRAPH_TREE_OPS
#define QUERN_GRAPH_TREE_OPS

include "dialects/graph/GraphOp.td"

def Graph_TreeEnsembleOp : Graph_PureOp<"tree_ensemble"> {
  let summary = "sums what the leaves of decision trees say of each row; x [N, F] gives [N, targets]";
  let description = [{
    Every tree sends a row to one of its leaves; leaf l of a tree adds values[l, :] to the targets from the tree's first
    one on. Sums start at `base` and go through the trees in their order, in the type of the values: their bits do not
    depend on anything else.

    | operand | type | a row of it |
    |---|---|---|
    | nodes | i32 [M, 5] | feature, child if yes, child if no, flags, set |
    | thresholds | [M], as x | |
    | values | f32 or f64 [L, W] | what a leaf adds |
    | trees | i32 [T, 2] | root, first target |
    | base | [targets], as values | |
    | sets | i32 | words of sets |

    A child or root c is node c, or leaf ~c where it is negative. Children stand behind their parent, and a node has one
    parent. At a node without set (-1) the answer is yes where `x compare threshold` holds, `compare` being le, lt, ge or
    gt. A set is the place in `sets` of the number of its words, which follow; there the answer is yes where bit
    floor(x) of the words is set, and for x < 0 and beyond the words what flag 8 says.

    | flag | meaning |
    |---|---|
    | 1 | a missing x goes to yes, else to no |
    | 2 | NaN is missing; else it counts as 0 |
    | 4 | x with abs(x) <= 1e-35f is missing, at nodes without set |
    | 8 | at a set: x < 0 and beyond its words goes to yes |

    The operands but x are constants.

    ```mlir
    %nodes = graph.constant dense<[[0, -1, -2, 2, -1]]> : tensor<1x5xi32>
    %thresholds = graph.constant dense<[5.0e-01]> : tensor<1xf32>
    %values = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
    %trees = graph.constant dense<[[0, 0]]> : tensor<1x2xi32>
    %base = graph.constant dense<[0.0]> : tensor<1xf64>
    %sets = graph.constant dense<> : tensor<0xi32>
    %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
        : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
    ```
  }];
  let arguments = (ins AnyTensor:$x, AnyTensor:$nodes, AnyTensor:$thresholds, AnyTensor:$values, AnyTensor:$trees,
                       AnyTensor:$base, AnyTensor:$sets, Graph_CompareKindAttr:$compare);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}
def Graph_PackedTreesOp : Graph_PureOp<"packed_trees"> {
  let summary = "a tree_ensemble in the tables of its kernel";
  let description = [{
    Made by PackTrees alone. `tables` holds what TreeTables.h describes, as many records of each kind as the attributes
    say; `cuts` the sorted thresholds of each feature of an f64 x, else nothing. `steps` is the sum of the depths of the
    trees. With `words` the kernel finds the leaves of many rows by bit vectors, without it by walks.

    ```mlir
    %y = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 1 : i64, entries = 0 : i64, node_words = 2 : i64, nodes = 3 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 1 : i64, trees = 1 : i64, words = 0 : i64}
        : (tensor<7x3xf32>, tensor<80xi32>, tensor<0xf64>, tensor<2x1xf64>, tensor<1xf64>) -> tensor<7x1xf64>
    ```
  }];
  let arguments = (ins AnyTensor:$x, AnyTensor:$tables, AnyTensor:$cuts, AnyTensor:$values, AnyTensor:$base,
                       I64Attr:$columns, I64Attr:$set_columns, I64Attr:$set_words, I64Attr:$nodes, I64Attr:$node_words,
                       I64Attr:$trees, I64Attr:$words, I64Attr:$entries, I64Attr:$steps);
  let results = (outs AnyTensor:$result);
  let hasVerifier = 1;
}

#endif
