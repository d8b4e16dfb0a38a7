// RUN: quern-opt %s --quern-simplify-graph --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @layer_norm
// CHECK-SAME:    %[[X:.*]]: tensor<2x8xf32>
// CHECK-NEXT:    %[[Y:.*]] = graph.layer_norm %[[X]] {axis = 1 : i64, centered = true, epsilon = 9.9999997{{.*}}E-6 : f64}
// CHECK-NEXT:    return %[[Y]]
func.func @layer_norm(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %two = graph.constant dense<2.0> : tensor<f32>
  %eps = graph.constant dense<1.0e-05> : tensor<f32>
  %0 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction mean>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = graph.sub %x, %0 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = graph.pow %1, %two : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %3 = graph.reduce %2 {axes = array<i64: 1>, kind = #graph<reduction mean>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %4 = graph.add %3, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %5 = graph.sqrt %4 : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %6 = graph.div %1, %5 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  return %6 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @rms_norm
// CHECK-SAME:    %[[X:.*]]: tensor<2x8xf32>
// CHECK-NEXT:    %[[Y:.*]] = graph.layer_norm %[[X]] {axis = 1 : i64, centered = false
// CHECK-NEXT:    return %[[Y]]
func.func @rms_norm(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %one = graph.constant dense<1.0> : tensor<f32>
  %eps = graph.constant dense<1.0e-06> : tensor<f32>
  %0 = graph.mul %x, %x : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = graph.reduce %0 {axes = array<i64: 1>, kind = #graph<reduction mean>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %2 = graph.add %1, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %3 = graph.sqrt %2 : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %4 = graph.div %one, %3 : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %5 = graph.mul %x, %4 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  return %5 : tensor<2x8xf32>
}

// -----

// A mean over the first axis is no layer normalization.
// CHECK-LABEL: func.func @keep_norm_of_first_axis
// CHECK-NOT:     graph.layer_norm
// CHECK:         graph.div
func.func @keep_norm_of_first_axis(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %eps = graph.constant dense<1.0e-06> : tensor<f32>
  %0 = graph.mul %x, %x : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = graph.reduce %0 {axes = array<i64: 0>, kind = #graph<reduction mean>} : (tensor<2x8xf32>) -> tensor<1x8xf32>
  %2 = graph.add %1, %eps : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
  %3 = graph.sqrt %2 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %4 = graph.div %x, %3 : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
  return %4 : tensor<2x8xf32>
}
