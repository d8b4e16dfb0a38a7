// RUN: quern-opt %s --quern-simplify-graph --split-input-file | FileCheck %s

// The rewrites of every file run together until nothing changes; each is tested beside its file: compose-movement.mlir,
// drop-neutral.mlir, fold-scales.mlir, form-layer-norm.mlir.

// Dropping the pair of transposes shows the scale its convolution.
// CHECK-LABEL: func.func @one_rewrite_makes_room_for_the_next
// CHECK-NOT:     graph.transpose
// CHECK:         graph.conv
// CHECK-NEXT:    return
func.func @one_rewrite_makes_room_for_the_next(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = graph.constant dense<2.0> : tensor<4x3x1x1xf32>
  %scale = graph.constant dense<3.0> : tensor<f32>
  %0 = graph.conv %x, %w {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %1 = graph.transpose %0 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  %2 = graph.transpose %1 {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x8xf32>
  %3 = graph.mul %2, %scale : (tensor<1x4x8x8xf32>, tensor<f32>) -> tensor<1x4x8x8xf32>
  return %3 : tensor<1x4x8x8xf32>
}

// -----

// Equal expressions are computed once.
// CHECK-LABEL: func.func @equal_expressions
// CHECK:         %[[Y:.*]] = graph.exp
// CHECK-NEXT:    graph.add %[[Y]], %[[Y]]
func.func @equal_expressions(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %2 = graph.add %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}
