// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse | FileCheck %s

// Two stages in shared memory, each of two tiles, that of the left side padded; every step waits for its stage, fills the
// next and multiplies. The left side's elements are copied one by one into columns, the right side's four at once. Of
// 64 x 64 results each of 256 threads has 4 x 4, loaded as vectors.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "4", threads = 256 : i64}
// CHECK:       llvm.mlir.global internal @k_sm_80_tile0() {{.*}} : !llvm.array<16896 x i8>
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         nvvm.cp.async.commit.group
// CHECK:         %{{.*}}:18 = scf.for %{{.*}} = %c0 to %c40 step %c16
// CHECK-NEXT:      nvvm.cp.async.wait.group 0
// CHECK-NEXT:      gpu.barrier
// CHECK-COUNT-4:   "llvm.nvvm.cp.async.ca.shared.global.4.s"
// CHECK:           "llvm.nvvm.cp.async.cg.shared.global.16.s"
// CHECK-NOT:       cp.async{{.*}}shared.global
// CHECK:           nvvm.cp.async.commit.group
// CHECK:         llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK-COUNT-256: math.fma
// CHECK-NOT:     math.fma
// CHECK:       scf.yield
// CHECK:         gpu.barrier
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
