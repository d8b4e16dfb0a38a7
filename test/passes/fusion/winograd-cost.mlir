// RUN: quern-opt %s --quern-assign-layouts | FileCheck %s --check-prefixes=CHECK,FAST
// RUN: quern-opt %s --quern-assign-layouts=winograd=false | FileCheck %s --check-prefixes=CHECK,STRICT
// RUN: quern-opt %s --quern-assign-layouts --quern-fold-constants --quern-form-kernels --quern-select-schedule | FileCheck %s --check-prefix=SCHEDULE

// Many channels and a large image: tiles of 4x4.
// CHECK-LABEL: func.func @large
// FAST: %[[WEIGHT:.*]] = graph.winograd_weight {{.*}}tile = 4{{.*}} -> tensor<36x16x256x16xf32>
// FAST: graph.conv {{.*}}%[[WEIGHT]]{{.*}}winograd = 4
// STRICT-NOT: winograd
// SCHEDULE-LABEL: func.func @large
// SCHEDULE: #kernel.schedule<"winograd", {{.*}}4x4 pixels from 36 products instead of 144
func.func @large(%x: tensor<1x256x14x14xf32>) -> tensor<1x256x14x14xf32> {
  %w = graph.constant dense<1.0> : tensor<256x256x3x3xf32>
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1}
      : (tensor<1x256x14x14xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x14x14xf32>
  return %0 : tensor<1x256x14x14xf32>
}

// Sums over fewer channels are more exact than what the transforms of 4x4 leave.
// CHECK-LABEL: func.func @exact
// FAST: graph.winograd_weight {{.*}}tile = 2
func.func @exact(%x: tensor<1x64x56x56xf32>) -> tensor<1x64x56x56xf32> {
  %w = graph.constant dense<1.0> : tensor<64x64x3x3xf32>
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1}
      : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  return %0 : tensor<1x64x56x56xf32>
}

// Of 7 pixels, tiles of 4 would waste a quarter of the products and read four times the weights.
// CHECK-LABEL: func.func @small
// FAST: graph.winograd_weight {{.*}}tile = 2
func.func @small(%x: tensor<1x512x7x7xf32>) -> tensor<1x512x7x7xf32> {
  %w = graph.constant dense<1.0> : tensor<512x512x3x3xf32>
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1}
      : (tensor<1x512x7x7xf32>, tensor<512x512x3x3xf32>) -> tensor<1x512x7x7xf32>
  return %0 : tensor<1x512x7x7xf32>
}

// The extents may be known at run time only.
// CHECK-LABEL: func.func @dynamic
// FAST: winograd = 2
func.func @dynamic(%x: tensor<?x64x?x?xf32, #graph.dims<["N", "", "H", "W"]>>) -> tensor<?x64x?x?xf32, #graph.dims<["N", "", "H", "W"]>> {
  %w = graph.constant dense<1.0> : tensor<64x64x3x3xf32>
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1}
      : (tensor<?x64x?x?xf32, #graph.dims<["N", "", "H", "W"]>>, tensor<64x64x3x3xf32>) -> tensor<?x64x?x?xf32, #graph.dims<["N", "", "H", "W"]>>
  return %0 : tensor<?x64x?x?xf32, #graph.dims<["N", "", "H", "W"]>>
}

// Strides, dilation, groups and other windows stay as they are, and so do few channels.
// CHECK-LABEL: func.func @others
// CHECK-NOT: winograd
func.func @others(%x: tensor<1x64x56x56xf32>) -> (tensor<1x64x28x28xf32>, tensor<1x64x56x56xf32>, tensor<1x64x56x56xf32>, tensor<1x16x56x56xf32>) {
  %w = graph.constant dense<1.0> : tensor<64x64x3x3xf32>
  %halves = graph.constant dense<1.0> : tensor<64x32x3x3xf32>
  %point = graph.constant dense<1.0> : tensor<16x64x1x1xf32>
  %0 = graph.conv %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1}
      : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x28x28xf32>
  %1 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 2, 2>, pads = array<i64: 2, 2, 2, 2>, group = 1}
      : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32>
  %2 = graph.conv %x, %halves {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 2}
      : (tensor<1x64x56x56xf32>, tensor<64x32x3x3xf32>) -> tensor<1x64x56x56xf32>
  %3 = graph.conv %x, %point {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1}
      : (tensor<1x64x56x56xf32>, tensor<16x64x1x1xf32>) -> tensor<1x16x56x56xf32>
  return %0, %1, %2, %3 : tensor<1x64x28x28xf32>, tensor<1x64x56x56xf32>, tensor<1x64x56x56xf32>, tensor<1x16x56x56xf32>
}
