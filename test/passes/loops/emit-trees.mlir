// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Most features are of no tree here: keys of a block are made one by one (tree-keys.mlir has them in vectors).
// A task is 64 rows. Two entries of 64 rows take as long as the steps of five rows on their own: fewer of them walk, row by
// row; a block starts all its sums at the base and ends with a copy of those that have a row.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "floordiv(d0 + 63, 64)"}
// CHECK-LABEL: func.func @k_v4
// CHECK:       %[[FEW:.*]] = arith.cmpi slt, %[[COUNT:.*]], %c5
// CHECK-NEXT:  scf.if %[[FEW]] {
// CHECK:         scf.for %[[ROW:.*]] = %{{.*}} step %c1 {
// CHECK:           -> (index, index, index, index, index, index, index, index)
// CHECK:       } else {
// CHECK:         %[[BASE:.*]] = memref.load %{{.*}}[%c0] : memref<?xf64>
// CHECK-NEXT:    scf.for %[[ROW:.*]] = %c0 to %c64 step %c1 {
// CHECK-NEXT:      memref.store %[[BASE]], %[[SUMS:.*]][%[[ROW]]] : memref<?xf64>
// CHECK:         -> (vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>)
// CHECK:         scf.for %[[ROW:.*]] = %c0 to %[[COUNT]] step %c1 {
// CHECK-NEXT:      memref.load %[[SUMS]][%[[ROW]]]
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"trees", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x20xf32, #graph.dims<["d0", ""]>>, %tables: tensor<112xi32>, %cuts: tensor<1xf64>, %values: tensor<3x1xf64>, %base: tensor<1xf64>):
  %0 = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 2 : i64, entries = 2 : i64, node_words = 2 : i64, nodes = 5 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 2 : i64, trees = 1 : i64, words = 1 : i64}
      : (tensor<?x20xf32, #graph.dims<["d0", ""]>>, tensor<112xi32>, tensor<1xf64>, tensor<3x1xf64>, tensor<1xf64>) -> tensor<?x1xf64, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x1xf64, #graph.dims<["d0", ""]>>
}

// -----

// Walks of a block are worth it from half their lanes on. A task is 64 rows, and a thread makes blocks of up to 256 rows of
// all of its tasks; their sums start for as many lanes as walk.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "floordiv(d0 + 63, 64)"}
// CHECK-LABEL: func.func @k_v4
// CHECK:       %[[FROM:.*]] = arith.muli %{{.*}}, %c64
// CHECK:       scf.for %{{.*}} = %[[FROM]] to %{{.*}} step %c256 {
// CHECK:       arith.cmpi slt, %[[COUNT:.*]], %c4
// CHECK:       } else {
// CHECK-NOT:     vector<16xi32>
// CHECK:         %[[LANES:.*]] = arith.muli %{{.*}}, %c16
// CHECK:         scf.for {{.*}} = %c0 to %[[LANES]] step %c1 {
// CHECK:         -> (index, index, index, index, index, index, index, index)
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"trees", {task_rows = 256 : i64}, "test">} {
^bb0(%x: tensor<?x20xf32, #graph.dims<["d0", ""]>>, %tables: tensor<80xi32>, %cuts: tensor<1xf64>, %values: tensor<3x1xf64>, %base: tensor<1xf64>):
  %0 = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 2 : i64, entries = 0 : i64, node_words = 2 : i64, nodes = 5 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 2 : i64, trees = 1 : i64, words = 0 : i64}
      : (tensor<?x20xf32, #graph.dims<["d0", ""]>>, tensor<80xi32>, tensor<1xf64>, tensor<3x1xf64>, tensor<1xf64>) -> tensor<?x1xf64, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x1xf64, #graph.dims<["d0", ""]>>
}
