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

// -----

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

// CHECK-LABEL: func.func @powers
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>
// CHECK:         %[[SQUARE:.*]] = graph.mul %[[X]], %[[X]]
// CHECK:         %[[CUBE:.*]] = graph.mul %[[SQUARE]], %[[X]]
// CHECK:         %[[ROOT:.*]] = graph.sqrt %[[X]]
// CHECK:         return %[[SQUARE]], %[[CUBE]], %[[ROOT]]
func.func @powers(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %two = graph.constant dense<2.0> : tensor<f32>
  %three = graph.constant dense<3.0> : tensor<f32>
  %half = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.pow %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.pow %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = graph.pow %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
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
