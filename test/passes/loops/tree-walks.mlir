// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Most features are of no tree here: keys of a block are made one by one (tree-keys.mlir has them in vectors).
// One row goes down eight trees of a group side by side, from their own roots; a step adds the distance to the children, and
// one more where the key is above the threshold. The leaves are added in the order of the trees.
// CHECK-LABEL: func.func @k_v4
// CHECK-NOT:   vector<16xf32>
// CHECK:       scf.if
// CHECK:         %[[LANES:.*]]:8 = scf.for {{.*}} iter_args(%[[AT:[a-z0-9]+]] = %[[ROOT:[a-z0-9]+]], %{{[a-z0-9]+}} = %{{[a-z0-9]+}},{{.*}} -> (index, index, index, index, index, index, index, index)
// CHECK:           %[[THRESHOLD:.*]] = memref.load {{.*}} : memref<?xi32>
// CHECK:           memref.load {{.*}} : memref<?xi16>
// CHECK-NEXT:      %[[COLUMN:.*]] = arith.index_castui %{{.*}} : i16 to index
// CHECK:           memref.load {{.*}} : memref<?xi16>
// CHECK-NEXT:      %[[DISTANCE:.*]] = arith.index_castui %{{.*}} : i16 to index
// CHECK-NEXT:      %[[KEY:.*]] = memref.load %{{.*}}[%[[COLUMN]]] : memref<?xi32>
// CHECK-NEXT:      %[[ABOVE:.*]] = arith.cmpi ult, %[[THRESHOLD]], %[[KEY]]
// CHECK-NEXT:      %[[CHILD:.*]] = arith.addi %[[AT]], %[[DISTANCE]]
// CHECK-NEXT:      %[[ONE:.*]] = arith.index_castui %[[ABOVE]]
// CHECK-NEXT:      arith.addi %[[CHILD]], %[[ONE]]
// CHECK-COUNT-7:   arith.cmpi ult
// CHECK-NOT:       arith.cmpi
// CHECK:           scf.yield
// Trees of uneven depth: as many steps as leaves are deep in the mean, then three at a time while a walk moves in the last.
// CHECK:         %[[END:.*]]:8 = scf.while (%[[FIRST:.*]] = %[[LANES]]#0,
// CHECK-NEXT:      scf.condition(%{{.*}}) %[[FIRST]],
// CHECK-COUNT-24:  arith.cmpi ult
// CHECK:           %[[MOVED:.*]] = arith.cmpi ne, %{{.*}}, %c0
// CHECK-NEXT:      scf.yield {{.*}}, %[[MOVED]] :
// CHECK:         arith.muli %[[END]]#0, %c2
// CHECK:         arith.addf

// Sixteen rows of a block go down one tree: they begin at one root, and read keys 32 apart from column to column, of groups of
// 32 rows. Before, they fetch their share of the next tree: lines of 16 words, and of 8 values. Of the rows that are left, or
// where there are no more, eight do.
// CHECK:       } else {
// CHECK:         %[[START:.*]] = arith.index_castui
// CHECK:         scf.for %[[ROW:.*]] = %c0 to %[[WHOLE:.*]] step %c16 {
// CHECK-NEXT:      %[[TURN:.*]] = arith.divui %[[ROW]], %c16
// CHECK-NEXT:      %[[LINES:.*]] = arith.muli %[[TURN]], %[[SHARE:.*]] : index
// CHECK-NEXT:      %[[LAST:.*]] = arith.addi %[[LINES]], %[[SHARE]]
// CHECK-NEXT:      scf.for %[[LINE:.*]] = %[[LINES]] to %[[LAST]] step %c1 {
// CHECK-NEXT:        arith.muli %[[LINE]], %c16
// CHECK-NEXT:        arith.addi
// CHECK-NEXT:        memref.prefetch %{{.*}}, read, locality<2>, data : memref<?xi32>
// CHECK:             arith.muli %{{.*}}, %c8
// CHECK-NEXT:        arith.addi
// CHECK-NEXT:        memref.prefetch %{{.*}}, read, locality<2>, data : memref<?xf64>
// CHECK:           %[[IN:.*]] = arith.remui %[[ROW]], %c32
// CHECK-NEXT:      %[[GROUP:.*]] = arith.subi %[[ROW]], %[[IN]]
// CHECK:           %[[KEYS:.*]] = arith.muli %[[GROUP]], %c2
// CHECK-NEXT:      %[[FIRST:.*]] = arith.addi %[[KEYS]],
// CHECK:           %[[LANES:.*]]:16 = scf.for {{.*}} iter_args(%{{[a-z0-9]+}} = %[[FROM:[a-z0-9]+]], %{{[a-z0-9]+}} = %[[FROM]],
// CHECK:             %[[LINE:.*]] = arith.muli %{{.*}}, %c32
// CHECK-NEXT:        %[[PLACE:.*]] = arith.addi %[[LINE]], %[[FIRST]]
// CHECK-NEXT:        memref.load %{{.*}}[%[[PLACE]]] : memref<?xi32>
// CHECK:           %[[END:.*]]:16 = scf.while
// CHECK:           arith.muli %[[END]]#15, %c2
// CHECK-COUNT-16:  arith.addf
// CHECK:         scf.for %{{.*}} = %[[WHOLE]] to %{{.*}} step %c8 {
// CHECK-NOT:       memref.prefetch
// CHECK:           -> (index, index, index, index, index, index, index, index)
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"trees", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x20xf32, #graph.dims<["d0", ""]>>, %tables: tensor<96xi32>, %cuts: tensor<1xf64>, %values: tensor<3x1xf64>, %base: tensor<1xf64>):
  %0 = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 2 : i64, entries = 0 : i64, node_words = 2 : i64, nodes = 5 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 2 : i64, trees = 2 : i64, words = 0 : i64}
      : (tensor<?x20xf32, #graph.dims<["d0", ""]>>, tensor<96xi32>, tensor<1xf64>, tensor<3x1xf64>, tensor<1xf64>) -> tensor<?x1xf64, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x1xf64, #graph.dims<["d0", ""]>>
}

// -----

// A node of three words has whole ones for its column and distance. One tree has no next to fetch.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for {{.*}} -> (index, index, index, index, index, index, index, index)
// CHECK-NOT:     memref<?xi16>
// CHECK:         scf.yield
// CHECK-NOT:   memref.prefetch
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"trees", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x20xf32, #graph.dims<["d0", ""]>>, %tables: tensor<80xi32>, %cuts: tensor<1xf64>, %values: tensor<3x1xf64>, %base: tensor<1xf64>):
  %0 = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 2 : i64, entries = 0 : i64, node_words = 3 : i64, nodes = 5 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 2 : i64, trees = 1 : i64, words = 0 : i64}
      : (tensor<?x20xf32, #graph.dims<["d0", ""]>>, tensor<80xi32>, tensor<1xf64>, tensor<3x1xf64>, tensor<1xf64>) -> tensor<?x1xf64, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x1xf64, #graph.dims<["d0", ""]>>
}
