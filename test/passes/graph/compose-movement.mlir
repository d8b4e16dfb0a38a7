// RUN: quern-opt %s --quern-simplify-graph --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @movement
// CHECK-SAME:    %[[X:.*]]: tensor<2x3x1x5xf32>
// CHECK-NEXT:    %[[Y:.*]] = graph.reshape %[[X]] : (tensor<2x3x1x5xf32>) -> tensor<2x1x3x5xf32>
// CHECK-NEXT:    return %[[X]], %[[Y]]
func.func @movement(%x: tensor<2x3x1x5xf32>) -> (tensor<2x3x1x5xf32>, tensor<2x1x3x5xf32>) {
  %0 = graph.transpose %x {permutation = array<i64: 3, 1, 0, 2>} : (tensor<2x3x1x5xf32>) -> tensor<5x3x2x1xf32>
  %1 = graph.transpose %0 {permutation = array<i64: 2, 1, 3, 0>} : (tensor<5x3x2x1xf32>) -> tensor<2x3x1x5xf32>
  %2 = graph.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x3x1x5xf32>) -> tensor<2x1x3x5xf32>
  return %1, %2 : tensor<2x3x1x5xf32>, tensor<2x1x3x5xf32>
}

// -----

// A product in batches around which PyTorch merges and splits the leading axes.
// CHECK-LABEL: func.func @transpose_in_batches
// CHECK-SAME:    %[[X:.*]]: tensor<2x3x4x5xf32>
// CHECK-NEXT:    %[[Y:.*]] = graph.transpose %[[X]] {permutation = array<i64: 0, 1, 3, 2>}
// CHECK-NEXT:    return %[[Y]]
func.func @transpose_in_batches(%x: tensor<2x3x4x5xf32>) -> tensor<2x3x5x4xf32> {
  %0 = graph.reshape %x : (tensor<2x3x4x5xf32>) -> tensor<6x4x5xf32>
  %1 = graph.transpose %0 {permutation = array<i64: 0, 2, 1>} : (tensor<6x4x5xf32>) -> tensor<6x5x4xf32>
  %2 = graph.reshape %1 : (tensor<6x5x4xf32>) -> tensor<2x3x5x4xf32>
  return %2 : tensor<2x3x5x4xf32>
}

// -----

// CHECK-LABEL: func.func @unstretched_operand
// CHECK-SAME:    %[[X:.*]]: tensor<2x4xf32>, %[[Y:.*]]: tensor<4xf32>
// CHECK-NEXT:    graph.add %[[X]], %[[Y]]
func.func @unstretched_operand(%x: tensor<2x4xf32>, %y: tensor<4xf32>) -> tensor<2x4xf32> {
  %0 = graph.broadcast %y : (tensor<4xf32>) -> tensor<2x4xf32>
  %1 = graph.add %x, %0 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// -----

// CHECK-LABEL: func.func @whole_slice_and_single_concat
// CHECK-SAME:    %[[X:.*]]: tensor<?x3xf32
// CHECK-NEXT:    return %[[X]]
!n = tensor<?x3xf32, #graph.dims<["n", ""]>>
func.func @whole_slice_and_single_concat(%x: !n) -> !n {
  %0 = graph.slice %x {starts = ["0", "0"], steps = array<i64: 1, 1>} : (!n) -> !n
  %1 = graph.concat %0 {axis = 0 : i64} : (!n) -> !n
  return %1 : !n
}

// -----

// A part of an axis stays a slice, and so does a whole axis that is read backwards.
// CHECK-LABEL: func.func @keep_slices
// CHECK:         graph.slice
// CHECK:         graph.slice
func.func @keep_slices(%x: tensor<4xf32>) -> (tensor<3xf32>, tensor<4xf32>) {
  %0 = graph.slice %x {starts = ["1"], steps = array<i64: 1>} : (tensor<4xf32>) -> tensor<3xf32>
  %1 = graph.slice %x {starts = ["3"], steps = array<i64: -1>} : (tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<3xf32>, tensor<4xf32>
}

// -----

// What follows a reduction is computed with the reduced axes, which are left out behind it; not if others see the sums.
// CHECK-LABEL: func.func @keep_reduced_axes
// CHECK:         %[[SUM:.*]] = graph.reduce
// CHECK-NEXT:    %[[ROOT:.*]] = graph.sqrt %[[SUM]] : (tensor<4x5x1xf32>) -> tensor<4x5x1xf32>
// CHECK-NEXT:    %[[HALF:.*]] = graph.mul %[[ROOT]], %{{.*}} : (tensor<4x5x1xf32>, tensor<f32>) -> tensor<4x5x1xf32>
// CHECK-NEXT:    graph.reshape %[[HALF]]
// CHECK:         graph.sqrt %{{.*}} : (tensor<4xf32>) -> tensor<4xf32>
func.func @keep_reduced_axes(%x: tensor<4x5x6xf32>, %y: tensor<4x5xf32>) -> (tensor<4x5xf32>, tensor<4xf32>, tensor<4xf32>) {
  %half = graph.constant dense<0.7> : tensor<f32>
  %0 = graph.reduce %x {axes = array<i64: 2>, kind = #graph<reduction sum>} : (tensor<4x5x6xf32>) -> tensor<4x5x1xf32>
  %1 = graph.reshape %0 : (tensor<4x5x1xf32>) -> tensor<4x5xf32>
  %2 = graph.sqrt %1 : (tensor<4x5xf32>) -> tensor<4x5xf32>
  %3 = graph.mul %2, %half : (tensor<4x5xf32>, tensor<f32>) -> tensor<4x5xf32>
  %4 = graph.reduce %y {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<4x5xf32>) -> tensor<4x1xf32>
  %5 = graph.reshape %4 : (tensor<4x1xf32>) -> tensor<4xf32>
  %6 = graph.sqrt %5 : (tensor<4xf32>) -> tensor<4xf32>
  return %3, %5, %6 : tensor<4x5xf32>, tensor<4xf32>, tensor<4xf32>
}
