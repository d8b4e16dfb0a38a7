// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse | FileCheck %s

// A warp has 32 x 128 sums, which pass through its own 16 x 64 of shared memory in four rounds: pairs of neighbours go in, and
// after all threads of the warp are there each takes every 32nd, row by row.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         %{{.*}}:{{.*}} = scf.for %{{.*}} = %c0 to %c64 step %c32
// CHECK:         scf.yield
// CHECK-COUNT-16: llvm.store {{.*}} {alignment = 8 : i64} : vector<2xf32>
// CHECK-NOT:     llvm.store
// CHECK:         nvvm.bar.warp.sync
// CHECK-NEXT:    scf.for %[[N:.*]] = %[[LANE:.*]] to %c1024 step %c32
// CHECK:           arith.divui %[[N]], %c64
// CHECK:           arith.remui %[[N]], %c64
// CHECK:           llvm.load {{.*}} -> f32
// CHECK:         nvvm.bar.warp.sync
// CHECK-COUNT-16: llvm.store {{.*}} : vector<2xf32>
// CHECK:         scf.for %{{.*}} = %[[LANE]] to %c1024 step %c32
// CHECK-COUNT-16: llvm.store {{.*}} : vector<2xf32>
// CHECK:         scf.for %{{.*}} = %[[LANE]] to %c1024 step %c32
// CHECK-COUNT-16: llvm.store {{.*}} : vector<2xf32>
// CHECK:         scf.for %{{.*}} = %[[LANE]] to %c1024 step %c32
// CHECK-NOT:     vector<2xf32>
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 32 : i64, tile_columns = 128 : i64, tile_depth = 32 : i64, warp_rows = 32 : i64, warp_columns = 128 : i64, stages = 2 : i64}, "test">} {
^bb0(%x: tensor<32x64xf16>, %w: tensor<64x128xf16>):
  %0 = graph.matmul %x, %w : (tensor<32x64xf16>, tensor<64x128xf16>) -> tensor<32x128xf16>
  kernel.yield %0 : tensor<32x128xf16>
}
