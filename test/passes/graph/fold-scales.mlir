// RUN: quern-opt %s --quern-simplify-graph --split-input-file | FileCheck %s

// BatchNormalization behind a convolution: the scale goes into the weight, the shift into the bias.
// CHECK-LABEL: func.func @fold_scale_into_conv
// CHECK-SAME:    %[[X:.*]]: tensor<1x3x8x8xf32>
// CHECK-DAG:     %[[W:.*]] = graph.constant dense<2.000000e+00> : tensor<4x3x1x1xf32>
// CHECK-DAG:     %[[S:.*]] = graph.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<4xf32>
// CHECK:         %[[ROWS:.*]] = graph.reshape %[[S]] : (tensor<4xf32>) -> tensor<4x1x1x1xf32>
// CHECK:         %[[WS:.*]] = graph.mul %[[W]], %[[ROWS]]
// CHECK:         %[[Y:.*]] = graph.conv %[[X]], %[[WS]]
// CHECK-NOT:     graph.mul %[[Y]]
// CHECK:         graph.add %[[Y]]
func.func @fold_scale_into_conv(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = graph.constant dense<2.0> : tensor<4x3x1x1xf32>
  %b = graph.constant dense<[5.0, 6.0, 7.0, 8.0]> : tensor<4xf32>
  %s = graph.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %b4 = graph.reshape %b : (tensor<4xf32>) -> tensor<1x4x1x1xf32>
  %s4 = graph.reshape %s : (tensor<4xf32>) -> tensor<1x4x1x1xf32>
  %0 = graph.conv %x, %w {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = graph.add %0, %b4 : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %2 = graph.mul %1, %s4 : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  return %2 : tensor<1x4x8x8xf32>
}

// -----

// The same for a product; a transposed weight has its columns along axis 0.
// CHECK-LABEL: func.func @fold_scale_into_matmul
// CHECK-DAG:     %[[W:.*]] = graph.constant dense<1.000000e+00> : tensor<2x3xf32>
// CHECK-DAG:     %[[S:.*]] = graph.constant dense<[3.000000e+00, 4.000000e+00]> : tensor<2xf32>
// CHECK:         %[[COLUMNS:.*]] = graph.reshape %[[S]] : (tensor<2xf32>) -> tensor<2x1xf32>
// CHECK:         %[[WS:.*]] = graph.mul %[[W]], %[[COLUMNS]]
// CHECK:         %[[Y:.*]] = graph.matmul %{{.*}}, %[[WS]] {transpose_rhs}
// CHECK-NEXT:    return %[[Y]]
func.func @fold_scale_into_matmul(%x: tensor<5x3xf32>) -> tensor<5x2xf32> {
  %w = graph.constant dense<1.0> : tensor<2x3xf32>
  %s = graph.constant dense<[3.0, 4.0]> : tensor<2xf32>
  %0 = graph.matmul %x, %w {transpose_rhs} : (tensor<5x3xf32>, tensor<2x3xf32>) -> tensor<5x2xf32>
  %1 = graph.mul %0, %s : (tensor<5x2xf32>, tensor<2xf32>) -> tensor<5x2xf32>
  return %1 : tensor<5x2xf32>
}

// -----

// A scale along another axis, or of a product that something else reads, stays.
// CHECK-LABEL: func.func @keep_scale_of_rows
// CHECK:         graph.matmul
// CHECK:         graph.mul
func.func @keep_scale_of_rows(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %w = graph.constant dense<1.0> : tensor<3x2xf32>
  %s = graph.constant dense<[[3.0], [4.0]]> : tensor<2x1xf32>
  %0 = graph.matmul %x, %w : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  %1 = graph.mul %0, %s : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}

// -----

// CHECK-LABEL: func.func @keep_scale_of_shared_product
// CHECK:         %[[Y:.*]] = graph.matmul
// CHECK:         %[[Z:.*]] = graph.mul %[[Y]]
// CHECK:         return %[[Y]], %[[Z]]
func.func @keep_scale_of_shared_product(%x: tensor<2x3xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = graph.constant dense<1.0> : tensor<3x2xf32>
  %s = graph.constant dense<3.0> : tensor<f32>
  %0 = graph.matmul %x, %w : (tensor<2x3xf32>, tensor<3x2xf32>) -> tensor<2x2xf32>
  %1 = graph.mul %0, %s : (tensor<2x2xf32>, tensor<f32>) -> tensor<2x2xf32>
  return %0, %1 : tensor<2x2xf32>, tensor<2x2xf32>
}
