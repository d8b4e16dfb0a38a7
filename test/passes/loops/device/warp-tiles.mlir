// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse | FileCheck %s

// Three steps are in shared memory at a time, 8 KB each. Two are filled before the loop; each turn of it waits for one,
// fills the next and multiplies: of 64 x 64 results each of four warps has 32 x 32, 2 x 4 products of the matrix unit for
// each 16 of the depth, and a thread 32 sums of those.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "4", threads = 128 : i64}
// CHECK:       llvm.mlir.global internal @k_sm_80_tile0() {{.*}} : !llvm.array<24576 x i8>
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         scf.for %{{.*}} = %c0 to %c2 step %c1
// CHECK:           "llvm.nvvm.cp.async.cg.shared.global.16.s"
// CHECK:           nvvm.cp.async.commit.group
// CHECK:         %[[LOOP:.*]]:34 = scf.for %{{.*}} = %c0 to %c72 step %c32
// CHECK-NEXT:      nvvm.cp.async.wait.group 1
// CHECK-NEXT:      gpu.barrier
// CHECK:           nvvm.cp.async.commit.group
// CHECK-COUNT-2:   nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>
// CHECK-COUNT-2:   nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<col>
// CHECK-COUNT-8:   "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"
// CHECK-COUNT-4:   nvvm.ldmatrix
// CHECK-COUNT-8:   "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"
// CHECK-NOT:       llvm.nvvm.mma
// CHECK:         scf.yield
// What is under way still would land in the sums that wait there.
// CHECK:         nvvm.cp.async.wait.group 0
// CHECK-NEXT:    gpu.barrier
// 16 rows of a warp at a time: the rows are all there, columns may not be.
// CHECK-COUNT-8: llvm.store {{.*}} : vector<2xf32>
// CHECK:         nvvm.bar.warp.sync
// CHECK:         scf.for
// CHECK:           llvm.load
// CHECK:           arith.cmpi ult
// CHECK-NEXT:      scf.if
// CHECK:             arith.truncf
// CHECK:             arith.negf
// CHECK:         nvvm.bar.warp.sync
// CHECK-COUNT-8: llvm.store {{.*}} : vector<2xf32>
// CHECK:         gpu.barrier
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 64 : i64, tile_columns = 64 : i64, tile_depth = 32 : i64, warp_rows = 32 : i64, warp_columns = 32 : i64, stages = 3 : i64}, "test">} {
^bb0(%x: tensor<128x72xf16>, %w: tensor<72x104xf16>):
  %0 = graph.matmul %x, %w : (tensor<128x72xf16>, tensor<72x104xf16>) -> tensor<128x104xf16>
  %1 = graph.neg %0 : (tensor<128x104xf16>) -> tensor<128x104xf16>
  kernel.yield %1 : tensor<128x104xf16>
}
