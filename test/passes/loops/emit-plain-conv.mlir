// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Along a row, outputs run in vectors, two output channels at a time, so that a load of the input serves both.
// CHECK-LABEL: func.func @conv_v4
// CHECK:       scf.for %{{.*}} = %c0 to %c3
// CHECK:         scf.for %{{.*}} = %c0 to %c5
// CHECK:           %[[X:.*]] = vector.load
// CHECK-COUNT-4:   math.fma
// CHECK:       vector.store

// A transposed convolution with stride 2 is two phases; within each, inputs are contiguous: it gathers nothing.
// CHECK-LABEL: func.func @transposed_v4
// CHECK-NOT:   vector.gather
// CHECK:       math.fma
// CHECK:       return
kernel.func @conv attributes {dims = 0 : i64, schedule = #kernel.schedule<"scalar_conv", {}, "test">} {
^bb0(%x: tensor<1x3x40xf32>, %w: tensor<2x3x5xf32>):
  %0 = graph.conv %x, %w {dilations = array<i64: 1>, group = 1 : i64, pads = array<i64: 0, 0>, strides = array<i64: 1>} : (tensor<1x3x40xf32>, tensor<2x3x5xf32>) -> tensor<1x2x36xf32>
  kernel.yield %0 : tensor<1x2x36xf32>
}
kernel.func @transposed attributes {dims = 0 : i64, schedule = #kernel.schedule<"conv_transpose", {}, "test">} {
^bb0(%x: tensor<1x3x32xf32>, %w: tensor<3x2x4xf32>):
  %0 = graph.conv_transpose %x, %w {dilations = array<i64: 1>, group = 1 : i64, pads = array<i64: 1, 1>, strides = array<i64: 2>} : (tensor<1x3x32xf32>, tensor<3x2x4xf32>) -> tensor<1x2x64xf32>
  kernel.yield %0 : tensor<1x2x64xf32>
}
