// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse | FileCheck %s

// Two tiles in shared memory, that of the left side padded; every step fills them, waits, multiplies, waits. Of 64 x 64
// results each of 256 threads has 4 x 4, loaded as vectors.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "4", threads = 256 : i64}
// CHECK:       llvm.mlir.global internal @k_sm_80_tile0() {{.*}} : !llvm.array<1088 x f32>
// CHECK:       llvm.mlir.global internal @k_sm_80_tile4352() {{.*}} : !llvm.array<1024 x f32>
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         %{{.*}}:16 = scf.for %{{.*}} = %c0 to %c40 step %c16
// CHECK-COUNT-8: llvm.store
// CHECK:         gpu.barrier
// CHECK:         llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK-COUNT-256: math.fma
// CHECK-NOT:     math.fma
// CHECK:         gpu.barrier
// CHECK:       scf.yield
// Columns that are not there are not written; the rows are all there.
// CHECK:         arith.cmpi ult
// CHECK-NEXT:    scf.if
// CHECK-NEXT:      arith.negf
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 64 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, thread_rows = 4 : i64, thread_columns = 4 : i64}, "test">} {
^bb0(%x: tensor<128x40xf32>, %w: tensor<40x100xf32>):
  %0 = graph.matmul %x, %w : (tensor<128x40xf32>, tensor<40x100xf32>) -> tensor<128x100xf32>
  %1 = graph.neg %0 : (tensor<128x100xf32>) -> tensor<128x100xf32>
  kernel.yield %1 : tensor<128x100xf32>
}
