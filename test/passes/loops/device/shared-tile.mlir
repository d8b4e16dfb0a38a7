// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s

// Rows of 72 elements are whole chunks, which are copied: 64 lines of 4 chunks are 2 for each of 128 threads. Chunk c of
// line l goes to place c ^ (l / 2 % 4). Behind the end of the depth there are zeros, copies of no bytes.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         scf.for %{{.*}} = %c0 to %c2 step %c1
// CHECK:           %[[THREAD:.*]] = gpu.thread_id x
// CHECK-DAG:       %[[LINE:.*]] = arith.divui %[[THREAD]], %c4
// CHECK-DAG:       %[[CHUNK:.*]] = arith.remui %[[THREAD]], %c4
// CHECK:           %[[PAIR:.*]] = arith.divui %[[LINE]], %c2
// CHECK:           %[[SWIZZLE:.*]] = arith.remui %[[PAIR]], %c4
// CHECK:           %[[PLACE:.*]] = arith.xori %[[CHUNK]], %[[SWIZZLE]]
// CHECK:           arith.select {{.*}}, %c16_i32, %c0_i32
// CHECK:           "llvm.nvvm.cp.async.cg.shared.global.16.s"
// CHECK:           "llvm.nvvm.cp.async.cg.shared.global.16.s"
// The right side has a row for each k: 8 chunks of a row, by the number of the row.
// CHECK-DAG:       %[[K:.*]] = arith.divui %[[THREAD]], %c8
// CHECK-DAG:       %[[COLUMN:.*]] = arith.remui %[[THREAD]], %c8
// CHECK:           %[[TURN:.*]] = arith.remui %[[K]], %c8
// CHECK:           arith.xori %[[COLUMN]], %[[TURN]]
// CHECK:             "llvm.nvvm.cp.async.cg.shared.global.16.s"
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 64 : i64, tile_columns = 64 : i64, tile_depth = 32 : i64, warp_rows = 32 : i64, warp_columns = 32 : i64, stages = 3 : i64}, "test">} {
^bb0(%x: tensor<128x72xbf16>, %w: tensor<72x104xbf16>):
  %0 = graph.matmul %x, %w : (tensor<128x72xbf16>, tensor<72x104xbf16>) -> tensor<128x104xbf16>
  kernel.yield %0 : tensor<128x104xbf16>
}

// -----

// Rows of 71 elements begin anywhere: a thread reads the eight elements of a chunk by themselves, each if it is there.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-NOT:     nvvm.cp.async
// CHECK:         scf.for %{{.*}} = %{{.*}} to %c256 step %c128
// CHECK-COUNT-8:   memref.load {{.*}} : memref<?xf16>
// CHECK:           llvm.store {{.*}} : vector<8xi16>
// CHECK-COUNT-8:   memref.load {{.*}} : memref<?xf16>
// CHECK:           llvm.store {{.*}} : vector<8xi16>
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 64 : i64, tile_columns = 64 : i64, tile_depth = 32 : i64, warp_rows = 32 : i64, warp_columns = 32 : i64, stages = 2 : i64}, "test">} {
^bb0(%x: tensor<128x71xf16>, %w: tensor<71x103xf16>):
  %0 = graph.matmul %x, %w : (tensor<128x71xf16>, tensor<71x103xf16>) -> tensor<128x103xf16>
  kernel.yield %0 : tensor<128x103xf16>
}
