// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse | FileCheck %s

// A convolution is a product of its weight and of windows, which are read where the tile is filled: places outside the
// image are zeros and not read.
// CHECK:       kernel.func @c attributes {{{.*}}threads =
// CHECK-LABEL: func.func @c_sm_80(
// CHECK:         scf.for
// CHECK:           arith.cmpi
// CHECK:           scf.if
// CHECK:           gpu.barrier
// CHECK:           math.fma
// CHECK:           gpu.barrier
kernel.func @c attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_conv", {tile_rows = 16 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, thread_rows = 2 : i64, thread_columns = 4 : i64}, "test">} {
^bb0(%x: tensor<1x8x10x10xf32>, %w: tensor<32x8x3x3xf32>):
  %0 = graph.conv %x, %w {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x8x10x10xf32>, tensor<32x8x3x3xf32>) -> tensor<1x32x10x10xf32>
  kernel.yield %0 : tensor<1x32x10x10xf32>
}
