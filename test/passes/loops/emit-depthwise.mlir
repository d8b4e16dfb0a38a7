// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// An input vector is loaded once and serves every pixel whose window holds it: 8 pixels of a window of 3 columns load 8
// inputs and 3 weights for 22 products.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for %{{.*}} iter_args(
// CHECK-COUNT-3: vector.load
// CHECK:         %[[X:.*]] = vector.load
// CHECK-NEXT:    vector.fma %[[X]]
// CHECK-NEXT:    vector.fma %[[X]]
// CHECK:         %[[Y:.*]] = vector.load
// CHECK-NEXT:    vector.fma %[[Y]]
// CHECK-NEXT:    vector.fma %[[Y]]
// CHECK-NEXT:    vector.fma %[[Y]]
// CHECK-COUNT-17: vector.fma
// CHECK-NOT:     vector.fma
// CHECK:         scf.yield
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"depthwise", {}, "test">} {
^bb0(%x: tensor<1x1x8x8x16xf32>, %w: tensor<1x3x3x16xf32>):
  %0 = graph.conv %x, %w {blocked_input, blocked_output, channels = 16 : i64, dilations = array<i64: 1, 1>, group = 16 : i64, kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x1x8x8x16xf32>, tensor<1x3x3x16xf32>) -> tensor<1x1x8x8x16xf32>
  kernel.yield %0 : tensor<1x1x8x8x16xf32>
}

// A row of 31 weights is more than the registers hold: a pixel's 14 neighbours share an input, and as many weights.
// CHECK-LABEL: func.func @wide_v4
// CHECK:       scf.for {{.*}} iter_args({{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
kernel.func @wide attributes {dims = 0 : i64, schedule = #kernel.schedule<"depthwise", {}, "test">} {
^bb0(%x: tensor<1x1x8x44x16xf32>, %w: tensor<1x3x31x16xf32>):
  %0 = graph.conv %x, %w {blocked_input, blocked_output, channels = 16 : i64, dilations = array<i64: 1, 1>, group = 16 : i64, kernel = array<i64: 3, 31>, pads = array<i64: 1, 0, 1, 0>, strides = array<i64: 1, 1>} : (tensor<1x1x8x44x16xf32>, tensor<1x3x31x16xf32>) -> tensor<1x1x8x14x16xf32>
  kernel.yield %0 : tensor<1x1x8x14x16xf32>
}
