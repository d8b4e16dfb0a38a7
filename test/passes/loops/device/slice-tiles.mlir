// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s

// 256 threads are 8 groups, each of 4 columns, of 32 slices of the depth: a turn of the loop is 4 k of each, all of them
// there, and reads 16 bytes of the right side for each. The sums of all slices meet in shared memory; 64 threads add one
// result each, slice by slice.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "2", threads = 256 : i64}
// CHECK:       llvm.mlir.global internal @k_sm_80_tile0() {{.*}} : !llvm.array<2176 x f32>
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         %[[THREAD:.*]] = gpu.thread_id x
// CHECK:         %[[SLICE:.*]] = arith.divui %[[THREAD]], %c8
// CHECK:         arith.remui %[[THREAD]], %c8
// CHECK:         scf.for %{{.*}} = %[[SLICE]] to %c256 step %c128
// CHECK-NOT:       scf.if
// CHECK-COUNT-4:   llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK-NOT:       llvm.load
// CHECK:         scf.yield
// CHECK-COUNT-2: llvm.store {{.*}} : vector<4xf32>
// CHECK:         gpu.barrier
// CHECK:         scf.for %{{.*}} to %c64 step %c256
// CHECK:           scf.for %{{.*}} = %c0 to %c32 step %c1
// CHECK:             arith.addf
// CHECK:           memref.store
// CHECK:         gpu.barrier
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 2 : i64, tile_columns = 32 : i64, slices = 32 : i64}, "test">} {
^bb0(%x: tensor<2x256xf32>, %w: tensor<256x64xf32>):
  %0 = graph.matmul %x, %w : (tensor<2x256xf32>, tensor<256x64xf32>) -> tensor<2x64xf32>
  kernel.yield %0 : tensor<2x64xf32>
}

// -----

// Along the depth a warp's threads read neighbours of one column, eight float16 each, of eight columns and the row.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         %[[THREAD:.*]] = gpu.thread_id x
// CHECK:         %[[SLICE:.*]] = arith.remui %[[THREAD]], %c64
// CHECK:         %[[FIRST:.*]] = arith.muli %[[SLICE]], %c8
// CHECK:         scf.for %{{.*}} = %[[FIRST]] to %c1024 step %c512
// CHECK-COUNT-9:   llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<8xf16>
// CHECK-NOT:       llvm.load
// CHECK:         scf.yield
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 1 : i64, tile_columns = 32 : i64, slices = 64 : i64}, "test">} {
^bb0(%x: tensor<1x1024xf16>, %w: tensor<64x1024xf16>):
  %0 = graph.matmul %x, %w {transpose_rhs} : (tensor<1x1024xf16>, tensor<64x1024xf16>) -> tensor<1x64xf16>
  kernel.yield %0 : tensor<1x64xf16>
}
