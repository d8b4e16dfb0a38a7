// RUN: quern-opt %s --quern-simplify-graph --split-input-file | FileCheck %s

// One value for all elements counts behind reshapes and broadcasts, for floats and integers.
// CHECK-LABEL: func.func @splat_behind_movement
// CHECK-SAME:    %[[X:.*]]: tensor<2x3xf32>, %[[I:.*]]: tensor<2x3xi64>
// CHECK-NEXT:    return %[[X]], %[[I]]
func.func @splat_behind_movement(%x: tensor<2x3xf32>, %i: tensor<2x3xi64>) -> (tensor<2x3xf32>, tensor<2x3xi64>) {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %row = graph.broadcast %zero : (tensor<f32>) -> tensor<3xf32>
  %0 = graph.add %x, %row : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %one = graph.constant dense<1> : tensor<1x1x1xi64>
  %same = graph.reshape %one : (tensor<1x1x1xi64>) -> tensor<1x1xi64>
  %1 = graph.mul %same, %i : (tensor<1x1xi64>, tensor<2x3xi64>) -> tensor<2x3xi64>
  return %0, %1 : tensor<2x3xf32>, tensor<2x3xi64>
}

// -----

// Different elements are no splat.
// CHECK-LABEL: func.func @keep_different_elements
// CHECK:         graph.add
func.func @keep_different_elements(%x: tensor<2xf32>) -> tensor<2xf32> {
  %c = graph.constant dense<[0.0, 1.0]> : tensor<2xf32>
  %0 = graph.add %x, %c : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// A scale that is itself computed from constants counts as one: the epsilon and root of a BatchNormalization.
// CHECK-LABEL: func.func @constant_expression
// CHECK:         %[[Y:.*]] = graph.matmul
// CHECK-NEXT:    return %[[Y]]
func.func @constant_expression(%x: tensor<5x2xf32>) -> tensor<5x2xf32> {
  %w = graph.constant dense<1.0> : tensor<2x2xf32>
  %variance = graph.constant dense<[4.0, 9.0]> : tensor<2xf32>
  %epsilon = graph.constant dense<0.1> : tensor<f32>
  %0 = graph.add %variance, %epsilon : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %1 = graph.sqrt %0 : (tensor<2xf32>) -> tensor<2xf32>
  %2 = graph.matmul %x, %w : (tensor<5x2xf32>, tensor<2x2xf32>) -> tensor<5x2xf32>
  %3 = graph.mul %2, %1 : (tensor<5x2xf32>, tensor<2xf32>) -> tensor<5x2xf32>
  return %3 : tensor<5x2xf32>
}
