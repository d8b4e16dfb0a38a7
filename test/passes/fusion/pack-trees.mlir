// RUN: quern-opt %s --split-input-file --quern-pack-trees | FileCheck %s

// Three columns: feature 0, whose NaN is missing and goes to no, feature 2, whose NaN goes to yes, and one for leaves. Five
// nodes and leaves, and one word of bits with an entry for each node. The tables of the model are gone.
// CHECK-LABEL: func.func @few_leaves
// CHECK-NOT:   tensor<2x5xi32>
// CHECK:       %[[TABLES:.*]] = graph.constant dense_resource<folded> : tensor<112xi32>
// The values lie from the left to the right.
// CHECK:       %[[VALUES:.*]] = graph.constant dense<{{\[\[}}1.000000e+00], [4.000000e+00], [2.000000e+00]]>
// CHECK:       graph.packed_trees %arg0, %[[TABLES]], %{{.*}}, %[[VALUES]], %{{.*}} {columns = 3 : i64, entries = 2 : i64, node_words = 2 : i64, nodes = 5 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 2 : i64, trees = 1 : i64, words = 1 : i64}
func.func @few_leaves(%x: tensor<7x3xf32>) -> tensor<7x1xf64> {
  %nodes = graph.constant dense<[[0, -1, 1, 2, -1], [2, -3, -2, 3, -1]]> : tensor<2x5xi32>
  %thresholds = graph.constant dense<[0.5, 1.5]> : tensor<2xf32>
  %values = graph.constant dense<[[1.0], [2.0], [4.0]]> : tensor<3x1xf64>
  %trees = graph.constant dense<0> : tensor<1x2xi32>
  %base = graph.constant dense<0.25> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<2x5xi32>, tensor<2xf32>, tensor<3x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return %y : tensor<7x1xf64>
}

// -----

// A set is a column of its own; an f64 becomes its rank among the cuts of its feature, of which a power of two less one
// are there.
// CHECK-LABEL: func.func @ranks_and_sets
// CHECK:       graph.constant dense<[5.000000e-01, 1.500000e+00, 0x7FF0000000000000]> : tensor<3xf64>
// CHECK:       graph.packed_trees {{.*}} {columns = 2 : i64, {{.*}}, set_columns = 1 : i64, set_words = 2 : i64
func.func @ranks_and_sets(%x: tensor<7x3xf64>) -> tensor<7x1xf64> {
  %nodes = graph.constant dense<[[0, -1, 1, 2, -1], [0, 2, -2, 2, -1], [1, -3, -2, 0, 0]]> : tensor<3x5xi32>
  %thresholds = graph.constant dense<[1.5, 0.5, 0.0]> : tensor<3xf64>
  %values = graph.constant dense<[[1.0], [2.0], [4.0]]> : tensor<3x1xf64>
  %trees = graph.constant dense<0> : tensor<1x2xi32>
  %base = graph.constant dense<0.25> : tensor<1xf64>
  %sets = graph.constant dense<[1, 21]> : tensor<2xi32>
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf64>, tensor<3x5xi32>, tensor<3xf64>, tensor<3x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<2xi32>) -> tensor<7x1xf64>
  return %y : tensor<7x1xf64>
}
