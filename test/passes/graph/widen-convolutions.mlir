// RUN: quern-opt %s --quern-widen-convolutions | FileCheck %s

// CHECK-LABEL: func.func @half
// CHECK:         %[[X:.*]] = graph.cast %arg0 : (tensor<1x3x8x8xf16>) -> tensor<1x3x8x8xf32>
// CHECK-NEXT:    %[[W:.*]] = graph.cast %arg1 : (tensor<4x3x3x3xf16>) -> tensor<4x3x3x3xf32>
// CHECK-NEXT:    %[[Y:.*]] = graph.conv %[[X]], %[[W]] {{.*}}pads = array<i64: 1, 1, 1, 1>{{.*}} -> tensor<1x4x8x8xf32>
// CHECK-NEXT:    %[[R:.*]] = graph.cast %[[Y]] : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf16>
// CHECK-NEXT:    return %[[R]]
func.func @half(%x: tensor<1x3x8x8xf16>, %w: tensor<4x3x3x3xf16>) -> tensor<1x4x8x8xf16> {
  %0 = graph.conv %x, %w {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>}
      : (tensor<1x3x8x8xf16>, tensor<4x3x3x3xf16>) -> tensor<1x4x8x8xf16>
  return %0 : tensor<1x4x8x8xf16>
}

// CHECK-LABEL: func.func @transposed
// CHECK:         graph.conv_transpose {{.*}} -> tensor<1x4x32xf32>
// CHECK-NEXT:    graph.cast {{.*}} -> tensor<1x4x32xbf16>
func.func @transposed(%x: tensor<1x8x16xbf16>, %w: tensor<8x4x4xbf16>) -> tensor<1x4x32xbf16> {
  %0 = graph.conv_transpose %x, %w {dilations = array<i64: 1>, group = 1 : i64, pads = array<i64: 1, 1>, strides = array<i64: 2>}
      : (tensor<1x8x16xbf16>, tensor<8x4x4xbf16>) -> tensor<1x4x32xbf16>
  return %0 : tensor<1x4x32xbf16>
}

// Wide ones stay.
// CHECK-LABEL: func.func @double
// CHECK-NOT:     graph.cast
func.func @double(%x: tensor<1x8x16xf64>, %w: tensor<4x8x3xf64>) -> tensor<1x4x14xf64> {
  %0 = graph.conv %x, %w {dilations = array<i64: 1>, group = 1 : i64, pads = array<i64: 0, 0>, strides = array<i64: 1>}
      : (tensor<1x8x16xf64>, tensor<4x8x3xf64>) -> tensor<1x4x14xf64>
  return %0 : tensor<1x4x14xf64>
}
