// A column is a feature as some nodes see it; nodes ask nothing but key <= threshold.
// RUN: quern-opt %s --split-input-file --quern-pack-trees | %python %S/Inputs/print-tables.py | FileCheck %s

// What is missing has a key below all numbers where it goes to yes, above them where it goes to no; where it is NaN, and
// that counts as 0, the key of 0. Nodes that agree on that share a column: 0 and 5 do, as a side for what is never missing
// says nothing.
// CHECK-LABEL: nodes_disagree
// CHECK-NEXT:  column 0: feature 0, missing 0, zero up to -1
// CHECK-NEXT:  column 1: feature 0, missing highest, zero up to -1
// CHECK-NEXT:  column 2: feature 0, missing lowest, zero up to -1
// CHECK-NEXT:  column 3: feature 0, missing lowest, zero up to 1e-35
// CHECK-NEXT:  column 4: feature 2, missing highest, zero up to -1
// CHECK-NEXT:  column 5: feature 0, missing lowest, zero up to inf
// CHECK-NEXT:  node 0: column 0 <= 0.5, 1 on
// CHECK-NEXT:  node 1: row 0
// CHECK-NEXT:  node 2: column 1 <= 1.5, 1 on
// CHECK-NEXT:  node 3: row 1
// CHECK-NEXT:  node 4: column 2 <= 0.5, 1 on
// CHECK:       node 6: column 3 <= -2.5, 1 on
// CHECK:       node 8: column 4 <= 0.5, 1 on
// CHECK:       node 10: column 0 <= 8, 1 on
func.func @nodes_disagree(%x: tensor<7x3xf32>) -> tensor<7x1xf64> {
  %nodes = graph.constant dense<[[0, -1, 1, 0, -1], [0, -2, 2, 2, -1], [0, -3, 3, 3, -1], [0, -4, 4, 5, -1], [2, -5, 5, 2, -1], [0, -6, -7, 1, -1]]> : tensor<6x5xi32>
  %thresholds = graph.constant dense<[0.5, 1.5, 0.5, -2.5, 0.5, 8.0]> : tensor<6xf32>
  %values = graph.constant dense<1.0> : tensor<7x1xf64>
  %trees = graph.constant dense<0> : tensor<1x2xi32>
  %base = graph.constant dense<0.25> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<6x5xi32>, tensor<6xf32>, tensor<7x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return %y : tensor<7x1xf64>
}

// -----

// x > t is x <= t with its sides swapped, and so are those of what is missing: to yes is above all. No x compares with NaN,
// so that every one goes to no.
// CHECK-LABEL: greater
// CHECK-NEXT:  column 0: feature 0, missing highest,
// CHECK-NEXT:  column 1: feature 0, missing lowest, zero up to -1
// CHECK-NEXT:  column 2: feature 0, missing lowest, zero up to inf
// CHECK-NEXT:  node 0: column 0 <= 0.5, 1 on
// CHECK-NEXT:  node 1: column 1 <= everything, 2 on
// CHECK-NEXT:  node 2: row 2
func.func @greater(%x: tensor<7x3xf32>) -> tensor<7x1xf64> {
  %nodes = graph.constant dense<[[0, -1, 1, 3, -1], [0, -3, -2, 2, -1]]> : tensor<2x5xi32>
  %thresholds = graph.constant dense<[0.5, 0x7FC00000]> : tensor<2xf32>
  %values = graph.constant dense<1.0> : tensor<3x1xf64>
  %trees = graph.constant dense<0> : tensor<1x2xi32>
  %base = graph.constant dense<0.25> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare gt>}
      : (tensor<7x3xf32>, tensor<2x5xi32>, tensor<2xf32>, tensor<3x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return %y : tensor<7x1xf64>
}

// -----

// x < t is x <= the number before t. None is below -inf.
// CHECK-LABEL: less
// CHECK:       node 0: column 0 <= 0.49999997, 1 on
// CHECK:       node 2: column 0 <= nothing, 1 on
func.func @less(%x: tensor<7x3xf32>) -> tensor<7x1xf64> {
  %nodes = graph.constant dense<[[0, -1, 1, 2, -1], [0, -2, -3, 2, -1]]> : tensor<2x5xi32>
  %thresholds = graph.constant dense<[0.5, 0xFF800000]> : tensor<2xf32>
  %values = graph.constant dense<1.0> : tensor<3x1xf64>
  %trees = graph.constant dense<0> : tensor<1x2xi32>
  %base = graph.constant dense<0.25> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare lt>}
      : (tensor<7x3xf32>, tensor<2x5xi32>, tensor<2xf32>, tensor<3x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return %y : tensor<7x1xf64>
}

// -----

// A key of f64 is its rank among the cuts of its feature, whichever column they come from, each once: 1 is the rank of 0.5
// in feature 0, and of a NaN that counts as 0. In feature 1 there is one cut, and 0 is above it.
// CHECK-LABEL: ranks
// CHECK-NEXT:  column 0: feature 0, missing rank 1, zero up to -1, cuts 0 to 3
// CHECK-NEXT:  column 1: feature 0, missing highest, zero up to -1, cuts 0 to 3
// CHECK-NEXT:  column 2: feature 1, missing rank 1, zero up to -1, cuts 3 to 4
// CHECK-NEXT:  column 3: feature 0, missing lowest, zero up to inf, cuts 0 to 0
// CHECK-NEXT:  node 0: column 1 <= rank 1, 1 on
// CHECK:       node 2: column 0 <= rank 0, 1 on
// CHECK:       node 4: column 1 <= rank 2, 1 on
// CHECK:       node 6: column 0 <= rank 1, 1 on
// CHECK:       node 8: column 2 <= rank 0, 1 on
func.func @ranks(%x: tensor<7x3xf64>) -> tensor<7x1xf64> {
  %nodes = graph.constant dense<[[0, -1, 1, 2, -1], [0, -2, 2, 0, -1], [0, -3, 3, 2, -1], [0, -4, 4, 0, -1], [1, -5, -6, 0, -1]]> : tensor<5x5xi32>
  %thresholds = graph.constant dense<[0.5, -1.0, 1.5, 0.5, -8.0]> : tensor<5xf64>
  %values = graph.constant dense<1.0> : tensor<6x1xf64>
  %trees = graph.constant dense<0> : tensor<1x2xi32>
  %base = graph.constant dense<0.25> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf64>, tensor<5x5xi32>, tensor<5xf64>, tensor<6x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return %y : tensor<7x1xf64>
}

// -----

// Nodes share the column of a set where feature, set and the ways of NaN and of what is beyond it agree; its key is 0 in the
// set. A NaN that is not missing is category 0, which the first set has not (20 is categories 2 and 4) and the second has.
// CHECK-LABEL: sets
// CHECK-NEXT:  column 0: feature 0, missing 0,
// CHECK-NEXT:  column 1: feature 0, missing lowest, zero up to inf
// CHECK-NEXT:  column 2: feature 1, NaN 1, beyond 1, set 20
// CHECK-NEXT:  column 3: feature 1, NaN 0, beyond 1, set 1 3
// CHECK-NEXT:  column 4: feature 1, NaN 0, beyond 1, set 20
// CHECK-NEXT:  column 5: feature 1, NaN 0, beyond 0, set 20
// CHECK-NEXT:  column 6: feature 2, NaN 1, beyond 1, set 20
// CHECK-NEXT:  node 0: column 2 is in the set, 1 on
// CHECK:       node 2: column 3 is in the set, 1 on
// CHECK:       node 4: column 4 is in the set, 1 on
// CHECK:       node 6: column 5 is in the set, 1 on
// CHECK:       node 8: column 6 is in the set, 1 on
// CHECK:       node 10: column 2 is in the set, 1 on
// CHECK:       node 12: column 0 <= 0.5, 1 on
func.func @sets(%x: tensor<7x3xf32>) -> tensor<7x1xf64> {
  %nodes = graph.constant dense<[[1, -1, 1, 0, 0], [1, -2, 2, 0, 2], [1, -3, 3, 3, 0], [1, -4, 4, 11, 0], [2, -5, 5, 0, 0], [1, -6, 6, 0, 0], [0, -7, -8, 0, -1]]> : tensor<7x5xi32>
  %thresholds = graph.constant dense<[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]> : tensor<7xf32>
  %values = graph.constant dense<1.0> : tensor<8x1xf64>
  %trees = graph.constant dense<0> : tensor<1x2xi32>
  %base = graph.constant dense<0.25> : tensor<1xf64>
  %sets = graph.constant dense<[1, 20, 2, 1, 3]> : tensor<5xi32>
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<7x5xi32>, tensor<7xf32>, tensor<8x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<5xi32>) -> tensor<7x1xf64>
  return %y : tensor<7x1xf64>
}
