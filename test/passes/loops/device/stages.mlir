// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s

// Four stages of 8 KB: three are under way before the loop. A turn waits until two are left, for all of the block's
// threads, fills the stage that was read last, and multiplies. The numbers of both stages go round.
// CHECK:       kernel.func @k attributes {{{.*}}kernel.block_memory = 32768 : i64
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         scf.for %{{.*}} = %c0 to %c3 step %c1 {
// CHECK-COUNT-4:   nvvm.cp.async.shared.global
// CHECK-NOT:       nvvm.cp.async.shared.global
// CHECK:           nvvm.cp.async.commit.group
// CHECK:         scf.for %{{.*}} = %c0 to %c256 step %c32 iter_args(%[[READ:.*]] = %c0, %[[WRITE:.*]] = %c3,
// CHECK-NEXT:      nvvm.cp.async.wait.group 2
// CHECK-NEXT:      gpu.barrier
// CHECK-COUNT-4:   nvvm.cp.async.shared.global
// CHECK:           nvvm.cp.async.commit.group
// CHECK:           llvm.nvvm.mma
// CHECK:           %[[LAST:.*]] = arith.cmpi eq, %[[READ]], %c3
// CHECK:           %[[NEXT:.*]] = arith.addi %[[READ]], %c1
// CHECK:           arith.select %[[LAST]], %c0, %[[NEXT]]
// CHECK:         nvvm.cp.async.wait.group 0
// CHECK-NEXT:    gpu.barrier
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 64 : i64, tile_columns = 64 : i64, tile_depth = 32 : i64, warp_rows = 32 : i64, warp_columns = 32 : i64, stages = 4 : i64}, "test">} {
^bb0(%x: tensor<64x256xbf16>, %w: tensor<256x64xbf16>):
  %0 = graph.matmul %x, %w : (tensor<64x256xbf16>, tensor<256x64xbf16>) -> tensor<64x64xbf16>
  kernel.yield %0 : tensor<64x64xbf16>
}

// -----

// Where nothing is copied there is nothing to wait for but the threads.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-NOT:     nvvm.cp.async
// CHECK:         gpu.barrier
// CHECK:         llvm.nvvm.mma
// CHECK:         gpu.barrier
// CHECK-NOT:     nvvm.cp.async
// CHECK:       return
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 64 : i64, tile_columns = 64 : i64, tile_depth = 32 : i64, warp_rows = 32 : i64, warp_columns = 32 : i64, stages = 2 : i64}, "test">} {
^bb0(%x: tensor<64x71xbf16>, %w: tensor<71x63xbf16>):
  %0 = graph.matmul %x, %w : (tensor<64x71xbf16>, tensor<71x63xbf16>) -> tensor<64x63xbf16>
  kernel.yield %0 : tensor<64x63xbf16>
}
