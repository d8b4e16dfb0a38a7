// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// A number of rows that is known is cut into tiles as equal as can be: 15 rows of one vector are one tile.
// CHECK-LABEL: func.func @rows15_v4
// CHECK:       %{{.*}}:15 = scf.for %{{.*}} = %c0 to %c64
// CHECK-NOT:   scf.if

// Rows that are counted at run time: whole tiles in a loop, then at most one tile of each power of two. No row is
// computed twice, none past the last. Those of fewer than eight accumulators split them.
// CHECK-LABEL: func.func @dynamic_v4
// CHECK:       scf.for %{{.*}} step %c28
// CHECK:         :28 = scf.for
// CHECK:       scf.if
// CHECK:         :16 = scf.for
// CHECK:       scf.if
// CHECK:         :8 = scf.for
// CHECK:       scf.if
// CHECK:         :8 = scf.for {{.*}} step %c2
// CHECK:       scf.if
// CHECK:         :8 = scf.for {{.*}} step %c4
// CHECK:       scf.if
// CHECK:         :8 = scf.for {{.*}} step %c8
// CHECK-NOT:     scf.if
kernel.func @rows15 attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<15x64xf32>, %w: tensor<1x64x16xf32>):
  %0 = graph.matmul %x, %w {columns = 16 : i64} : (tensor<15x64xf32>, tensor<1x64x16xf32>) -> tensor<15x16xf32>
  kernel.yield %0 : tensor<15x16xf32>
}
kernel.func @dynamic attributes {dims = 1 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<?x64xf32, #graph.dims<["d0", ""]>>, %w: tensor<1x64x16xf32>):
  %0 = graph.matmul %x, %w {columns = 16 : i64} : (tensor<?x64xf32, #graph.dims<["d0", ""]>>, tensor<1x64x16xf32>) -> tensor<?x16xf32, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x16xf32, #graph.dims<["d0", ""]>>
}
