// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s
// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v3 --canonicalize --cse | FileCheck %s --check-prefix=FEW

// A number of rows that is known is cut into tiles as equal as can be: 15 rows of one vector are one tile.
// CHECK-LABEL: func.func @rows15_v4
// CHECK:       %{{.*}}:15 = scf.for %{{.*}} = %c0 to %c64
// CHECK-NOT:   scf.if

// Of rows that are counted at run time there are whole tiles first; what is left is cut in the same way into tiles of at
// most half the rows, of sizes r and r - 1. A rest of few rows takes a whole tile's along. The size chooses among code for
// each, and the first row goes from tile to tile. No row is computed twice, none past the last.
// Tiles of fewer than eight accumulators split them.
// CHECK-LABEL: func.func @dynamic_v4
// CHECK:       %[[REST:.*]] = arith.remui %[[COUNT:.*]], %c28
// CHECK:       %[[FULL:.*]] = arith.divui %[[COUNT]], %c28
// CHECK:       %[[JOINS:.*]] = arith.andi
// CHECK:       %[[WHOLE:.*]] = arith.select %[[JOINS]], %{{.*}}, %[[FULL]]
// CHECK:       %{{.*}} = scf.for %[[TILE:.*]] = %c0 to %{{.*}} step %c1 iter_args(%[[FIRST:.*]] = %c0) -> (index) {
// CHECK:         %[[PART:.*]] = arith.select
// CHECK:         %[[IS_WHOLE:.*]] = arith.cmpi slt, %[[TILE]], %[[WHOLE]]
// CHECK:         %[[SIZE:.*]] = arith.select %[[IS_WHOLE]], %c28, %[[PART]]
// CHECK:         scf.index_switch %[[SIZE]]
// CHECK:         case 1 {
// CHECK:           :8 = scf.for {{.*}} step %c8
// CHECK:         case 2 {
// CHECK:           :8 = scf.for {{.*}} step %c4
// CHECK:         case 13 {
// CHECK:           :13 = scf.for
// CHECK:         case 14 {
// CHECK:           :14 = scf.for
// CHECK:         case 28 {
// CHECK:           :28 = scf.for
// CHECK-NOT:     case
// CHECK:         %[[NEXT:.*]] = arith.addi %[[FIRST]], %[[SIZE]]
// CHECK:         scf.yield %[[NEXT]]

// Of a tile of few rows every size has code: whole tiles are one of them.
// FEW-LABEL:   func.func @dynamic_v3
// FEW:         case 6 {
// FEW-NOT:     case 7
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
