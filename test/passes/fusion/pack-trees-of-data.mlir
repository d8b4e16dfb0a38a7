// Tables that are data are refused: the kernel walks tables that the verifier has seen.
// RUN: not quern-opt %s --quern-pack-trees 2>&1 | FileCheck %s

// CHECK: error: 'graph.tree_ensemble' op has tables that are not known when it is compiled
func.func @main(%x: tensor<7x3xf32>, %nodes: tensor<1x5xi32>) -> tensor<7x1xf64> {
  %thresholds = graph.constant dense<0.5> : tensor<1xf32>
  %values = graph.constant dense<1.0> : tensor<2x1xf64>
  %trees = graph.constant dense<0> : tensor<1x2xi32>
  %base = graph.constant dense<0.25> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {compare = #graph<compare le>}
      : (tensor<7x3xf32>, tensor<1x5xi32>, tensor<1xf32>, tensor<2x1xf64>, tensor<1x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return %y : tensor<7x1xf64>
}
