// RUN: quern-opt %s --quern-assign-layouts | FileCheck %s

// The activation and the pooling follow the convolution's blocks; the unblock stands in front of the result alone.
// CHECK-LABEL: func.func @main
// CHECK: graph.block %arg0 {axis = 1 : i64, size = 16 : i64}
// CHECK: graph.conv {{.*}}blocked_input, blocked_output, channels = 24
// CHECK-SAME: -> tensor<1x2x8x8x16xf32>
// CHECK: graph.max {{.*}} -> tensor<1x2x8x8x16xf32>
// CHECK: graph.pool {{.*}}blocked
// CHECK-SAME: -> tensor<1x2x4x4x16xf32>
// CHECK: graph.unblock {{.*}}extent = 24
func.func @main(%x: tensor<1x16x8x8xf32>) -> tensor<1x24x4x4xf32> {
  %w = graph.constant dense<1.0> : tensor<24x16x3x3xf32>
  %zero = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1}
      : (tensor<1x16x8x8xf32>, tensor<24x16x3x3xf32>) -> tensor<1x24x8x8xf32>
  %1 = graph.max %0, %zero : (tensor<1x24x8x8xf32>, tensor<f32>) -> tensor<1x24x8x8xf32>
  %2 = graph.pool %1 {kind = #graph<pool_kind max>, kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, ceil = false, count_padding = false} : (tensor<1x24x8x8xf32>) -> tensor<1x24x4x4xf32>
  return %2 : tensor<1x24x4x4xf32>
}

// 24 channels leave half a block of filling: a division by a number keeps it finite and stays in blocks, one by a tensor
// does not.
// CHECK-LABEL: func.func @divided
// CHECK: graph.div {{.*}} -> tensor<1x2x8x8x16xf32>
// CHECK: graph.reduce {{.*}} -> tensor<1x2x1x1x16xf32>
// CHECK: graph.unblock
// CHECK: graph.div {{.*}} -> tensor<1x24x1x1xf32>
func.func @divided(%x: tensor<1x16x8x8xf32>, %y: tensor<1x24x1x1xf32>) -> tensor<1x24x1x1xf32> {
  %w = graph.constant dense<1.0> : tensor<24x16x1x1xf32>
  %six = graph.constant dense<6.0> : tensor<f32>
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1}
      : (tensor<1x16x8x8xf32>, tensor<24x16x1x1xf32>) -> tensor<1x24x8x8xf32>
  %1 = graph.div %0, %six : (tensor<1x24x8x8xf32>, tensor<f32>) -> tensor<1x24x8x8xf32>
  %2 = graph.reduce %1 {axes = array<i64: 2, 3>, kind = #graph<reduction mean>} : (tensor<1x24x8x8xf32>) -> tensor<1x24x1x1xf32>
  %3 = graph.div %2, %y : (tensor<1x24x1x1xf32>, tensor<1x24x1x1xf32>) -> tensor<1x24x1x1xf32>
  return %3 : tensor<1x24x1x1xf32>
}

// Rows and volumes as images: what follows a convolution stays in blocks.
// CHECK-LABEL: func.func @rows
// CHECK: graph.conv {{.*}} -> tensor<1x2x8x16xf32>
// CHECK: graph.max {{.*}} -> tensor<1x2x8x16xf32>
// CHECK: graph.conv {{.*}} -> tensor<1x1x8x16xf32>
// CHECK: graph.unblock
func.func @rows(%x: tensor<1x16x8xf32>) -> tensor<1x16x8xf32> {
  %w = graph.constant dense<1.0> : tensor<32x16x3xf32>
  %v = graph.constant dense<1.0> : tensor<16x32x3xf32>
  %zero = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, group = 1}
      : (tensor<1x16x8xf32>, tensor<32x16x3xf32>) -> tensor<1x32x8xf32>
  %1 = graph.max %0, %zero : (tensor<1x32x8xf32>, tensor<f32>) -> tensor<1x32x8xf32>
  %2 = graph.conv %1, %v {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, group = 1}
      : (tensor<1x32x8xf32>, tensor<16x32x3xf32>) -> tensor<1x16x8xf32>
  return %2 : tensor<1x16x8xf32>
}

// CHECK-LABEL: func.func @volume
// CHECK: graph.conv {{.*}} -> tensor<1x2x4x8x8x16xf32>
// CHECK: graph.max {{.*}} -> tensor<1x2x4x8x8x16xf32>
func.func @volume(%x: tensor<1x16x4x8x8xf32>) -> tensor<1x32x4x8x8xf32> {
  %w = graph.constant dense<1.0> : tensor<32x16x3x3x3xf32>
  %zero = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1, 1>, dilations = array<i64: 1, 1, 1>, pads = array<i64: 1, 1, 1, 1, 1, 1>, group = 1}
      : (tensor<1x16x4x8x8xf32>, tensor<32x16x3x3x3xf32>) -> tensor<1x32x4x8x8xf32>
  %1 = graph.max %0, %zero : (tensor<1x32x4x8x8xf32>, tensor<f32>) -> tensor<1x32x4x8x8xf32>
  return %1 : tensor<1x32x4x8x8xf32>
}

// A transposed convolution reads an input whose elements are a stride apart, with its window turned: a window of 4, 1
// element cut off at both ends, is padded by 2. An output padding adds to the high end.
// CHECK-LABEL: func.func @transposed
// CHECK: graph.slice {{.*}}starts = ["0", "0", "3", "3"], steps = array<i64: 1, 1, -1, -1>
// CHECK: graph.transpose {{.*}}permutation = array<i64: 1, 0, 2, 3>
// CHECK: graph.conv {{.*}}pads = array<i64: 2, 2, 2, 3>, spacing = array<i64: 2, 2>, strides = array<i64: 1, 1>
// CHECK-SAME: -> tensor<1x2x16x17x16xf32>
func.func @transposed(%x: tensor<1x16x8x8xf32>) -> tensor<1x32x16x17xf32> {
  %w = graph.constant dense<1.0> : tensor<16x32x4x4xf32>
  %0 = graph.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1}
      : (tensor<1x16x8x8xf32>, tensor<16x32x4x4xf32>) -> tensor<1x32x16x17xf32>
  return %0 : tensor<1x32x16x17xf32>
}

// With code for 64 phases a kernel would be large, and channels of groups are not in blocks.
// CHECK-LABEL: func.func @transposed_plain
// CHECK: graph.conv_transpose
// CHECK: graph.conv_transpose
func.func @transposed_plain(%x: tensor<1x16x8x8xf32>) -> (tensor<1x32x64x64xf32>, tensor<1x16x16x16xf32>) {
  %w = graph.constant dense<1.0> : tensor<16x32x8x8xf32>
  %v = graph.constant dense<1.0> : tensor<16x1x2x2xf32>
  %0 = graph.conv_transpose %x, %w {strides = array<i64: 8, 8>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1}
      : (tensor<1x16x8x8xf32>, tensor<16x32x8x8xf32>) -> tensor<1x32x64x64xf32>
  %1 = graph.conv_transpose %x, %v {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 16}
      : (tensor<1x16x8x8xf32>, tensor<16x1x2x2xf32>) -> tensor<1x16x16x16xf32>
  return %0, %1 : tensor<1x32x64x64xf32>, tensor<1x16x16x16xf32>
}

// One channel for all of them is no block of its own, whose other 15 channels would be zeros: it is spread over the
// channels of each.
// CHECK-LABEL: func.func @one_channel
// CHECK:         %[[A:.*]] = graph.conv {{.*}} -> tensor<2x1x6x6x16xf32>
// CHECK:         %[[PLAIN:.*]] = graph.unblock %[[A]] {{.*}}extent = 1
// CHECK:         %[[SPREAD:.*]] = graph.reshape %{{.*}} -> tensor<2x1x6x6x1xf32>
// CHECK:         graph.mul %{{.*}}, %[[SPREAD]] {{.*}} -> tensor<2x2x6x6x16xf32>
func.func @one_channel(%x: tensor<2x32x6x6xf32>, %y: tensor<2x16x6x6xf32>) -> tensor<2x32x6x6xf32> {
  %w = graph.constant dense<1.0> : tensor<1x16x3x3xf32>
  %0 = graph.conv %y, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1}
      : (tensor<2x16x6x6xf32>, tensor<1x16x3x3xf32>) -> tensor<2x1x6x6xf32>
  %1 = graph.mul %x, %0 : (tensor<2x32x6x6xf32>, tensor<2x1x6x6xf32>) -> tensor<2x32x6x6xf32>
  return %1 : tensor<2x32x6x6xf32>
}
