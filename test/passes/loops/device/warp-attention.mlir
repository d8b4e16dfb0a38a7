// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse | FileCheck %s

// Two warps with 16 queries each. Queries have memory of their own, which is filled once; two tiles of keys and values, of 4 KB
// each, are walked like the depth of a product, with 16 sums of results, two maxima and two sums of powers for each thread. A
// tile's scores are 2 x 4 products of the matrix unit; their powers are a left side as they are.
// CHECK:       kernel.func @k attributes {{{.*}}kernel.block_memory = 10240 : i64{{.*}}tasks = "6", threads = 64 : i64}
// CHECK-COUNT-2: llvm.mlir.global internal @k_sm_80_tile
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         %{{.*}}:22 = scf.for %{{.*}} = %c0 to %{{.*}} step %c32
// CHECK-NEXT:      nvvm.cp.async.wait.group 0
// CHECK-NEXT:      gpu.barrier
// CHECK:           "llvm.nvvm.cp.async.cg.shared.global.16.s"
// CHECK-COUNT-2:   nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>
// CHECK-COUNT-2:   "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"
// CHECK:           nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>
// CHECK-COUNT-6:   "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"
// Keys that are not seen are only in the last tiles.
// CHECK:           %[[SEEN:.*]] = arith.cmpi sle
// CHECK:           %{{.*}}:16 = scf.if %[[SEEN]]
// CHECK-NEXT:        scf.yield
// CHECK:           } else {
// CHECK-COUNT-16:    arith.select
// CHECK:           arith.maxnumf
// CHECK-COUNT-4:   gpu.shuffle xor
// CHECK:           math.fma
// CHECK-NEXT:      "llvm.nvvm.ex2.approx.ftz.f"
// CHECK:           "llvm.nvvm.ff2f16x2.rn"
// CHECK:           nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<col>
// CHECK-COUNT-8:   "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"
// CHECK-NOT:       llvm.nvvm.mma
// CHECK:         arith.divf
// CHECK:         nvvm.bar.warp.sync
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_attention", {tile_queries = 32 : i64, tile_keys = 32 : i64, warp_queries = 16 : i64, stages = 2 : i64}, "test">} {
^bb0(%q: tensor<1x2x70x32xf16>, %k: tensor<1x2x70x32xf16>, %v: tensor<1x2x70x32xf16>):
  %0 = graph.attention %q, %k, %v {causal, scale = 0.125 : f64} : (tensor<1x2x70x32xf16>, tensor<1x2x70x32xf16>, tensor<1x2x70x32xf16>) -> tensor<1x2x70x32xf16>
  kernel.yield %0 : tensor<1x2x70x32xf16>
}
