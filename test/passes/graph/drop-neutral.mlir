// RUN: quern-opt %s --quern-simplify-graph --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @neutral_arithmetic
// CHECK-SAME:    %[[X:.*]]: tensor<?xf32
// CHECK-NEXT:    return %[[X]]
func.func @neutral_arithmetic(%x: tensor<?xf32, #graph.dims<["n"]>>) -> tensor<?xf32, #graph.dims<["n"]>> {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<1xf32>
  %0 = graph.add %x, %zero : (tensor<?xf32, #graph.dims<["n"]>>, tensor<f32>) -> tensor<?xf32, #graph.dims<["n"]>>
  %1 = graph.mul %one, %0 : (tensor<1xf32>, tensor<?xf32, #graph.dims<["n"]>>) -> tensor<?xf32, #graph.dims<["n"]>>
  %2 = graph.div %1, %one : (tensor<?xf32, #graph.dims<["n"]>>, tensor<1xf32>) -> tensor<?xf32, #graph.dims<["n"]>>
  %3 = graph.sub %2, %zero : (tensor<?xf32, #graph.dims<["n"]>>, tensor<f32>) -> tensor<?xf32, #graph.dims<["n"]>>
  return %3 : tensor<?xf32, #graph.dims<["n"]>>
}

// -----

// A neutral operand that stretches the other is not neutral.
// CHECK-LABEL: func.func @keep_stretching_zero
// CHECK:         graph.add
func.func @keep_stretching_zero(%x: tensor<1xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<0.0> : tensor<4xf32>
  %0 = graph.add %x, %zero : (tensor<1xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// Only the reciprocal of a power of two is exact.
// CHECK-LABEL: func.func @reciprocal
// CHECK:         %[[EIGHTH:.*]] = graph.constant dense<1.250000e-01>
// CHECK:         %[[Y:.*]] = graph.mul %{{.*}}, %[[EIGHTH]]
// CHECK:         graph.div %[[Y]]
func.func @reciprocal(%x: tensor<4xf32>) -> tensor<4xf32> {
  %eight = graph.constant dense<8.0> : tensor<f32>
  %three = graph.constant dense<3.0> : tensor<f32>
  %0 = graph.div %x, %eight : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.div %0, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @casts
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>
// CHECK:         %[[HALF:.*]] = graph.cast %[[X]] : (tensor<4xf32>) -> tensor<4xf16>
// CHECK:         %[[BACK:.*]] = graph.cast %[[HALF]]
// CHECK:         return %[[X]], %[[BACK]]
func.func @casts(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = graph.cast %x : (tensor<4xf32>) -> tensor<4xf64>
  %1 = graph.cast %0 : (tensor<4xf64>) -> tensor<4xf32>
  %2 = graph.cast %x : (tensor<4xf32>) -> tensor<4xf16>
  %3 = graph.cast %2 : (tensor<4xf16>) -> tensor<4xf32>
  return %1, %3 : tensor<4xf32>, tensor<4xf32>
}

// -----

// A piece of a stretched scalar is a smaller stretched scalar, and a state of zeros is none.
// CHECK-LABEL: func.func @zero_state
// CHECK:         graph.rnn %{{[^,]*}}, %{{[^,]*}} {
// CHECK-SAME:    operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>
func.func @zero_state(%p: tensor<1x?x2x4xf32, #graph.dims<["", "t", "", ""]>>, %r: tensor<1x4x4xf32>) -> tensor<1x2x4xf32> {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.broadcast %zero : (tensor<f32>) -> tensor<3x2x4xf32>
  %1 = graph.slice %0 {starts = ["1", "0", "0"], steps = array<i64: 1, 1, 1>} : (tensor<3x2x4xf32>) -> tensor<1x2x4xf32>
  %y, %h, %c = graph.rnn %p, %r, %1 {activations = ["Tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind rnn>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 1, 0, 0, 0>} : (tensor<1x?x2x4xf32, #graph.dims<["", "t", "", ""]>>, tensor<1x4x4xf32>, tensor<1x2x4xf32>) -> (tensor<?x1x2x4xf32, #graph.dims<["t", "", "", ""]>>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
  return %h : tensor<1x2x4xf32>
}

// -----

// Two constants that are added one after the other become one.
// CHECK-LABEL: func.func @sums_of_constants
// CHECK-SAME:    %[[X:.*]]: tensor<2x3xf32>
// CHECK:         %[[C:.*]] = graph.add %{{.*}}, %{{.*}} : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
// CHECK-NEXT:    %[[Y:.*]] = graph.add %[[X]], %[[C]]
// CHECK-NEXT:    return %[[Y]]
func.func @sums_of_constants(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %a = graph.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %b = graph.constant dense<4.0> : tensor<f32>
  %0 = graph.add %x, %a : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %1 = graph.add %0, %b : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}
