// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s

// A block's tile of the result: its row changes fastest, then its column, then the batch.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "12"
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         scf.for %[[TASK:.*]] = %{{.*}} to %c12 step
// CHECK-DAG:       %[[REST:.*]] = arith.divui %[[TASK]], %c2
// CHECK-DAG:       %[[ROW:.*]] = arith.remui %[[TASK]], %c2
// CHECK-DAG:       arith.muli %[[ROW]], %c16
// CHECK-DAG:       %[[COLUMN:.*]] = arith.remui %[[REST]], %c2
// CHECK-DAG:       arith.muli %[[COLUMN]], %c64
// CHECK-DAG:       arith.divui %[[REST]], %c2
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 16 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, thread_rows = 2 : i64, thread_columns = 4 : i64}, "test">} {
^bb0(%x: tensor<3x32x40xf32>, %w: tensor<3x40x100xf32>):
  %0 = graph.matmul %x, %w : (tensor<3x32x40xf32>, tensor<3x40x100xf32>) -> tensor<3x32x100xf32>
  kernel.yield %0 : tensor<3x32x100xf32>
}

// -----

// Three blocks for the depth of each tile: 100 is three parts of 48, the last of them shorter. In the first phase sums go
// to memory of the launch, in the second they are added part by part, and the epilogue follows.
// CHECK:       kernel.func @k attributes {{{.*}}phases = "2"{{.*}}shared = "23040", tasks = "6"
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         %[[PHASE:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK:         scf.for %[[TASK:.*]] =
// CHECK:           arith.cmpi eq, %[[PHASE]], %c0
// CHECK:           scf.if
// CHECK:             %[[PART:.*]] = arith.divui %[[TASK]], %c2
// CHECK:             %[[FROM:.*]] = arith.muli %[[PART]], %c48
// CHECK:             %[[END:.*]] = arith.addi %[[FROM]], %c48
// CHECK:             %[[LAST:.*]] = arith.minui %[[END]], %c100
// CHECK:             scf.for %{{.*}} = %[[FROM]] to %[[LAST]] step %c16
// CHECK-NOT:         math.absf
// CHECK:             memref.store
// CHECK:           else
// CHECK:             scf.for %{{.*}} to %c1920 step %c768
// CHECK-COUNT-3:       memref.load
// CHECK:               math.absf
// CHECK:               memref.store
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 16 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, thread_rows = 2 : i64, thread_columns = 4 : i64, splits = 3 : i64}, "test">} {
^bb0(%x: tensor<32x100xf32>, %w: tensor<100x60xf32>):
  %0 = graph.matmul %x, %w : (tensor<32x100xf32>, tensor<100x60xf32>) -> tensor<32x60xf32>
  %1 = graph.abs %0 : (tensor<32x60xf32>) -> tensor<32x60xf32>
  kernel.yield %1 : tensor<32x60xf32>
}
