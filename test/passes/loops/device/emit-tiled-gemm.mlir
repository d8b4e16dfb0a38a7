// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse | FileCheck %s

// An epilogue runs on each result before it is written; rows and columns that are not there are not written.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "1", threads = 256 : i64}
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         scf.for
// CHECK:           gpu.barrier
// CHECK:           math.fma
// CHECK:           gpu.barrier
// CHECK:         arith.cmpi ult
// CHECK:         scf.if
// CHECK:           math.absf
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 64 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, thread_rows = 4 : i64, thread_columns = 4 : i64}, "test">} {
^bb0(%x: tensor<50x40xf32>, %w: tensor<40x60xf32>):
  %0 = graph.matmul %x, %w : (tensor<50x40xf32>, tensor<40x60xf32>) -> tensor<50x60xf32>
  %1 = graph.abs %0 : (tensor<50x60xf32>) -> tensor<50x60xf32>
  kernel.yield %1 : tensor<50x60xf32>
}
