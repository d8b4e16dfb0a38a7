// RUN: quern-opt %s --quern-form-attention --split-input-file | FileCheck %s

// Scales on both sides, a mask that is added, PyTorch's guard against rows without a key.
// CHECK-LABEL: func.func @masked
// CHECK-SAME:    %[[Q:.*]]: tensor<1x2x8x4xf32>, %[[K:.*]]: tensor<1x2x16x4xf32>, %[[V:.*]]: tensor<1x2x16x4xf32>, %[[MASK:.*]]: tensor<1x1x8x16xf32>
// CHECK:         %[[Y:.*]] = graph.attention %[[Q]], %[[K]], %[[V]], %[[MASK]] {scale = 2.500000e-01 : f64}
// CHECK-NEXT:    return %[[Y]]
func.func @masked(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x16x4xf32>, %v: tensor<1x2x16x4xf32>, %mask: tensor<1x1x8x16xf32>) -> tensor<1x2x8x4xf32> {
  %half = graph.constant dense<0.5> : tensor<f32>
  %zero = graph.constant dense<0.0> : tensor<f32>
  %kt = graph.transpose %k {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x2x16x4xf32>) -> tensor<1x2x4x16xf32>
  %0 = graph.mul %q, %half : (tensor<1x2x8x4xf32>, tensor<f32>) -> tensor<1x2x8x4xf32>
  %1 = graph.mul %kt, %half : (tensor<1x2x4x16xf32>, tensor<f32>) -> tensor<1x2x4x16xf32>
  %2 = graph.matmul %0, %1 : (tensor<1x2x8x4xf32>, tensor<1x2x4x16xf32>) -> tensor<1x2x8x16xf32>
  %3 = graph.add %2, %mask : (tensor<1x2x8x16xf32>, tensor<1x1x8x16xf32>) -> tensor<1x2x8x16xf32>
  %4 = graph.softmax %3 {axis = 3 : i64, log = false} : (tensor<1x2x8x16xf32>) -> tensor<1x2x8x16xf32>
  %5 = graph.is_nan %4 : (tensor<1x2x8x16xf32>) -> tensor<1x2x8x16xi1>
  %6 = graph.select %5, %zero, %4 : (tensor<1x2x8x16xi1>, tensor<f32>, tensor<1x2x8x16xf32>) -> tensor<1x2x8x16xf32>
  %7 = graph.matmul %6, %v : (tensor<1x2x8x16xf32>, tensor<1x2x16x4xf32>) -> tensor<1x2x8x4xf32>
  return %7 : tensor<1x2x8x4xf32>
}

// -----

// A mask that is selected; the product divided by the root of the head size.
// CHECK-LABEL: func.func @selected
// CHECK-SAME:    %[[Q:.*]]: tensor<1x2x8x4xf32>, %[[K:.*]]: tensor<1x2x8x4xf32>, %[[V:.*]]: tensor<1x2x8x4xf32>, %[[KEEP:.*]]: tensor<8x8xi1>
// CHECK:         %[[BIAS:.*]] = graph.select %[[KEEP]]
// CHECK-SAME:    -> tensor<8x8xf32>
// CHECK:         graph.attention %[[Q]], %[[K]], %[[V]], %[[BIAS]] {scale = 5.000000e-01 : f64}
func.func @selected(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %keep: tensor<8x8xi1>) -> tensor<1x2x8x4xf32> {
  %root = graph.constant dense<2.0> : tensor<f32>
  %low = graph.constant dense<0xFF800000> : tensor<f32>
  %0 = graph.matmul %q, %k {transpose_rhs} : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x8xf32>
  %1 = graph.div %0, %root : (tensor<1x2x8x8xf32>, tensor<f32>) -> tensor<1x2x8x8xf32>
  %2 = graph.select %keep, %1, %low : (tensor<8x8xi1>, tensor<1x2x8x8xf32>, tensor<f32>) -> tensor<1x2x8x8xf32>
  %3 = graph.softmax %2 {axis = 3 : i64, log = false} : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  %4 = graph.matmul %3, %v : (tensor<1x2x8x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  return %4 : tensor<1x2x8x4xf32>
}

// -----

// Keys and values that are repeated for groups of two query heads.
// CHECK-LABEL: func.func @grouped
// CHECK-SAME:    %[[Q:.*]]: tensor<1x4x8x4xf32>, %[[K:.*]]: tensor<1x2x?x4xf32, #graph.dims<["", "", "t", ""]>>, %[[V:.*]]: tensor<1x2x?x4xf32, #graph.dims<["", "", "t", ""]>>
// CHECK-NEXT:    %[[Y:.*]] = graph.attention %[[Q]], %[[K]], %[[V]] {scale = 1.000000e+00 : f64}
// CHECK-NEXT:    return %[[Y]]
func.func @grouped(%q: tensor<1x4x8x4xf32>, %k: tensor<1x2x?x4xf32, #graph.dims<["", "", "t", ""]>>, %v: tensor<1x2x?x4xf32, #graph.dims<["", "", "t", ""]>>) -> tensor<1x4x8x4xf32> {
  %0 = graph.reshape %k : (tensor<1x2x?x4xf32, #graph.dims<["", "", "t", ""]>>) -> tensor<1x2x1x?x4xf32, #graph.dims<["", "", "", "t", ""]>>
  %1 = graph.broadcast %0 : (tensor<1x2x1x?x4xf32, #graph.dims<["", "", "", "t", ""]>>) -> tensor<1x2x2x?x4xf32, #graph.dims<["", "", "", "t", ""]>>
  %2 = graph.reshape %1 : (tensor<1x2x2x?x4xf32, #graph.dims<["", "", "", "t", ""]>>) -> tensor<1x4x?x4xf32, #graph.dims<["", "", "t", ""]>>
  %3 = graph.reshape %v : (tensor<1x2x?x4xf32, #graph.dims<["", "", "t", ""]>>) -> tensor<1x2x1x?x4xf32, #graph.dims<["", "", "", "t", ""]>>
  %4 = graph.broadcast %3 : (tensor<1x2x1x?x4xf32, #graph.dims<["", "", "", "t", ""]>>) -> tensor<1x2x2x?x4xf32, #graph.dims<["", "", "", "t", ""]>>
  %5 = graph.reshape %4 : (tensor<1x2x2x?x4xf32, #graph.dims<["", "", "", "t", ""]>>) -> tensor<1x4x?x4xf32, #graph.dims<["", "", "t", ""]>>
  %6 = graph.transpose %2 {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x4x?x4xf32, #graph.dims<["", "", "t", ""]>>) -> tensor<1x4x4x?xf32, #graph.dims<["", "", "", "t"]>>
  %7 = graph.matmul %q, %6 : (tensor<1x4x8x4xf32>, tensor<1x4x4x?xf32, #graph.dims<["", "", "", "t"]>>) -> tensor<1x4x8x?xf32, #graph.dims<["", "", "", "t"]>>
  %8 = graph.softmax %7 {axis = 3 : i64, log = false} : (tensor<1x4x8x?xf32, #graph.dims<["", "", "", "t"]>>) -> tensor<1x4x8x?xf32, #graph.dims<["", "", "", "t"]>>
  %9 = graph.matmul %8, %5 : (tensor<1x4x8x?xf32, #graph.dims<["", "", "", "t"]>>, tensor<1x4x?x4xf32, #graph.dims<["", "", "t", ""]>>) -> tensor<1x4x8x4xf32>
  return %9 : tensor<1x4x8x4xf32>
}

// -----

// Without an axis of heads there is one head.
// CHECK-LABEL: func.func @without_heads
// CHECK:         graph.attention %{{.*}}, %{{.*}}, %{{.*}} {scale = 1.000000e+00 : f64} : (tensor<2x1x8x4xf32>, tensor<2x1x8x4xf32>, tensor<2x1x8x4xf32>) -> tensor<2x1x8x4xf32>
func.func @without_heads(%q: tensor<2x8x4xf32>, %k: tensor<2x8x4xf32>, %v: tensor<2x8x4xf32>) -> tensor<2x8x4xf32> {
  %0 = graph.matmul %q, %k {transpose_rhs} : (tensor<2x8x4xf32>, tensor<2x8x4xf32>) -> tensor<2x8x8xf32>
  %1 = graph.softmax %0 {axis = 2 : i64, log = false} : (tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %2 = graph.matmul %1, %v : (tensor<2x8x8xf32>, tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %2 : tensor<2x8x4xf32>
}

// -----

// Channels before places: v softmax(q^T k)^T.
// CHECK-LABEL: func.func @channels_first
// CHECK-SAME:    %[[Q:.*]]: tensor<1x2x4x8xf32>, %[[K:.*]]: tensor<1x2x4x8xf32>, %[[V:.*]]: tensor<1x2x6x8xf32>
// CHECK:         %[[Y:.*]] = graph.attention
// CHECK:         graph.transpose %[[Y]] {permutation = array<i64: 0, 1, 3, 2>}
func.func @channels_first(%q: tensor<1x2x4x8xf32>, %k: tensor<1x2x4x8xf32>, %v: tensor<1x2x6x8xf32>) -> tensor<1x2x6x8xf32> {
  %0 = graph.transpose %q {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x2x4x8xf32>) -> tensor<1x2x8x4xf32>
  %1 = graph.matmul %0, %k : (tensor<1x2x8x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x8x8xf32>
  %2 = graph.softmax %1 {axis = 3 : i64, log = false} : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  %3 = graph.transpose %2 {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  %4 = graph.matmul %v, %3 : (tensor<1x2x6x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x2x6x8xf32>
  return %4 : tensor<1x2x6x8xf32>
}

// -----

// The scores are a result of the model: they have to be written anyway.
// CHECK-LABEL: func.func @keep_shared_scores
// CHECK-NOT:     graph.attention
func.func @keep_shared_scores(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>) -> (tensor<1x2x8x4xf32>, tensor<1x2x8x8xf32>) {
  %0 = graph.matmul %q, %k {transpose_rhs} : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x8xf32>
  %1 = graph.softmax %0 {axis = 3 : i64, log = false} : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  %2 = graph.matmul %1, %v : (tensor<1x2x8x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  return %2, %1 : tensor<1x2x8x4xf32>, tensor<1x2x8x8xf32>
}

// -----

// A fill that scores could reach is no mask.
// CHECK-LABEL: func.func @keep_small_fill
// CHECK-NOT:     graph.attention
func.func @keep_small_fill(%q: tensor<1x2x8x4xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x8x4xf32>, %keep: tensor<8x8xi1>) -> tensor<1x2x8x4xf32> {
  %low = graph.constant dense<-1.0> : tensor<f32>
  %0 = graph.matmul %q, %k {transpose_rhs} : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x8xf32>
  %1 = graph.select %keep, %0, %low : (tensor<8x8xi1>, tensor<1x2x8x8xf32>, tensor<f32>) -> tensor<1x2x8x8xf32>
  %2 = graph.softmax %1 {axis = 3 : i64, log = false} : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  %3 = graph.matmul %2, %v : (tensor<1x2x8x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  return %3 : tensor<1x2x8x4xf32>
}

// -----

// The kernel wants to know how many heads there are, and how wide they are.
// CHECK-LABEL: func.func @keep_unknown_heads
// CHECK-NOT:     graph.attention
// CHECK:         return
func.func @keep_unknown_heads(%q: tensor<1x?x8x4xf32, #graph.dims<["", "h", "", ""]>>, %k: tensor<1x?x8x4xf32, #graph.dims<["", "h", "", ""]>>) -> tensor<1x?x8x4xf32, #graph.dims<["", "h", "", ""]>> {
  %0 = graph.matmul %q, %k {transpose_rhs} : (tensor<1x?x8x4xf32, #graph.dims<["", "h", "", ""]>>, tensor<1x?x8x4xf32, #graph.dims<["", "h", "", ""]>>) -> tensor<1x?x8x8xf32, #graph.dims<["", "h", "", ""]>>
  %1 = graph.softmax %0 {axis = 3 : i64, log = false} : (tensor<1x?x8x8xf32, #graph.dims<["", "h", "", ""]>>) -> tensor<1x?x8x8xf32, #graph.dims<["", "h", "", ""]>>
  %2 = graph.matmul %1, %k : (tensor<1x?x8x8xf32, #graph.dims<["", "h", "", ""]>>, tensor<1x?x8x4xf32, #graph.dims<["", "h", "", ""]>>) -> tensor<1x?x8x4xf32, #graph.dims<["", "h", "", ""]>>
  return %2 : tensor<1x?x8x4xf32, #graph.dims<["", "h", "", ""]>>
}

// -----

// CHECK-LABEL: func.func @keep_unknown_size
// CHECK-NOT:     graph.attention
// CHECK:         return
func.func @keep_unknown_size(%q: tensor<2x8x?xf32, #graph.dims<["", "", "d"]>>, %v: tensor<2x8x4xf32>) -> tensor<2x8x4xf32> {
  %0 = graph.matmul %q, %q {transpose_rhs} : (tensor<2x8x?xf32, #graph.dims<["", "", "d"]>>, tensor<2x8x?xf32, #graph.dims<["", "", "d"]>>) -> tensor<2x8x8xf32>
  %1 = graph.softmax %0 {axis = 2 : i64, log = false} : (tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %2 = graph.matmul %1, %v : (tensor<2x8x8xf32>, tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %2 : tensor<2x8x4xf32>
}
