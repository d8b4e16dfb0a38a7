// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s

// A convolution is a product of its weight and of windows, whose elements are copied one by one where the tile is filled:
// what is outside the image is a copy of 0 bytes. All elements are few enough for indices of 32 bits.
// CHECK:       kernel.func @c attributes {{{.*}}threads =
// CHECK:       module @c_sm_80 attributes {quern.index_bits = 32 : i64
// CHECK-LABEL: func.func @c_sm_80(
// CHECK:         arith.cmpi ult, %{{.*}}, %c10
// CHECK:         arith.andi
// CHECK:         %[[BYTES:.*]] = arith.select %{{.*}}, %c4_i32, %c0_i32
// CHECK:         llvm.call_intrinsic "llvm.nvvm.cp.async.ca.shared.global.4.s"({{.*}}, %[[BYTES]])
// CHECK-NOT:     memref.load
// CHECK:           gpu.barrier
// CHECK:           math.fma
// CHECK:           gpu.barrier
kernel.func @c attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_conv", {tile_rows = 16 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, thread_rows = 2 : i64, thread_columns = 4 : i64}, "test">} {
^bb0(%x: tensor<1x8x10x10xf32>, %w: tensor<32x8x3x3xf32>):
  %0 = graph.conv %x, %w {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x8x10x10xf32>, tensor<32x8x3x3xf32>) -> tensor<1x32x10x10xf32>
  kernel.yield %0 : tensor<1x32x10x10xf32>
}

// -----

// Matrix units multiply float16: weights of 72 places are copied, windows are read by element, 8 pixels of one k at once.
// CHECK-LABEL: func.func @h_sm_80(
// CHECK:         scf.for
// CHECK:           cp.async.{{.*}}shared.global
// CHECK-COUNT-8:   memref.load {{.*}} : memref<?xf16>
// CHECK:           llvm.store {{.*}} : vector<8xi16>
// CHECK:         nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>
// CHECK:         nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<col>
// CHECK:         "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"
kernel.func @h attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_conv", {tile_rows = 16 : i64, tile_columns = 64 : i64, tile_depth = 32 : i64, warp_rows = 16 : i64, warp_columns = 16 : i64, stages = 4 : i64}, "test">} {
^bb0(%x: tensor<1x8x10x10xf16>, %w: tensor<32x8x3x3xf16>):
  %0 = graph.conv %x, %w {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x8x10x10xf16>, tensor<32x8x3x3xf16>) -> tensor<1x32x10x10xf16>
  kernel.yield %0 : tensor<1x32x10x10xf16>
}

// -----

// A window of one pixel is the pixels of a channel as they lie: 16 bytes of them are copied. As tf32, whose elements the
// matrix unit cannot turn, they are read along the pixels and written along the channels, and rounded when loaded.
// CHECK-LABEL: func.func @p_sm_80(
// CHECK-NOT:     memref.load
// CHECK-COUNT-3: cp.async.{{.*}}shared.global
// CHECK-NOT:     memref.load
// CHECK:         nvvm.cp.async.commit.group
kernel.func @p attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_conv", {tile_rows = 16 : i64, tile_columns = 64 : i64, tile_depth = 32 : i64, warp_rows = 16 : i64, warp_columns = 16 : i64, stages = 4 : i64}, "test">} {
^bb0(%x: tensor<2x16x4x4xbf16>, %w: tensor<32x16x1x1xbf16>):
  %0 = graph.conv %x, %w {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 1>} : (tensor<2x16x4x4xbf16>, tensor<32x16x1x1xbf16>) -> tensor<2x32x4x4xbf16>
  kernel.yield %0 : tensor<2x32x4x4xbf16>
}
// CHECK-LABEL: func.func @t_sm_80(
// CHECK:         cp.async.{{.*}}shared.global
// CHECK-COUNT-4: memref.load {{.*}} : memref<?xf32>
// CHECK:         llvm.store {{.*}} : vector<4xi32>
// CHECK-NOT:     layout = #nvvm.mma_layout<col>
// CHECK:         "llvm.nvvm.f2tf32.rna"
// CHECK:         "llvm.nvvm.mma.m16n8k8.row.col.tf32"
kernel.func @t attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_conv", {tile_rows = 16 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, warp_rows = 16 : i64, warp_columns = 16 : i64, stages = 4 : i64}, "test">} {
^bb0(%x: tensor<2x16x4x4xf32>, %w: tensor<32x16x1x1xf32>):
  %0 = graph.conv %x, %w {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 1>} : (tensor<2x16x4x4xf32>, tensor<32x16x1x1xf32>) -> tensor<2x32x4x4xf32>
  kernel.yield %0 : tensor<2x32x4x4xf32>
}

// -----

// A transposed convolution is the same product, the weight turned. Of two neighbours one has an element of the input: where
// the place is not a multiple of the stride, or outside, nothing is copied.
// CHECK-LABEL: func.func @u_sm_80(
// CHECK:         %[[PLACE:.*]] = arith.remui %{{.*}}, %c2
// CHECK:         arith.cmpi eq, %[[PLACE]], %c0
// CHECK:         arith.divui %{{.*}}, %c2
// CHECK:         arith.cmpi ult, %{{.*}}, %c6
// CHECK:         arith.select %{{.*}}, %c4_i32, %c0_i32
// CHECK:         "llvm.nvvm.cp.async.ca.shared.global.4.s"
// CHECK-NOT:     memref.load
// CHECK:         math.fma
kernel.func @u attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_conv", {tile_rows = 16 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, thread_rows = 2 : i64, thread_columns = 4 : i64}, "test">} {
^bb0(%x: tensor<1x8x6xf32>, %w: tensor<8x16x3xf32>):
  %0 = graph.conv_transpose %x, %w {dilations = array<i64: 1>, group = 1 : i64, pads = array<i64: 1, 1>, strides = array<i64: 2>} : (tensor<1x8x6xf32>, tensor<8x16x3xf32>) -> tensor<1x16x11xf32>
  kernel.yield %0 : tensor<1x16x11xf32>
}
