// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s
// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=aarch64 --canonicalize --cse | FileCheck %s --check-prefix=LANES

// Most features are of no tree here: keys of a block are made one by one (tree-keys.mlir has them in vectors).
// An entry takes leaves away in 64 rows, four vectors at a time, from the last word of the tree to the first. The lowest bit
// that is left in a word is a leaf, unless an earlier word has one; its number is the exponent of that bit as a float.
// CHECK-LABEL: func.func @k_v4
// CHECK:       } else {
// CHECK:       %[[WORDS:.*]] = arith.subi %[[END:.*]], %{{.*}} : index
// CHECK:       %[[LEAVES:.*]]:4 = scf.for %[[TURN:.*]] = %c0 to %[[WORDS]] step %c1 iter_args(%[[FOUND:[a-z0-9]+]] = %[[NONE:[a-z0-9_]+]],{{.*}} -> (vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>)
// CHECK-NEXT:    arith.subi %[[END]], %[[TURN]]
// CHECK:         %[[LEFT:.*]]:4 = scf.for {{.*}} iter_args(%[[ROWS:[a-z0-9]+]] = %{{[a-z0-9_]+}},{{.*}} -> (vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>)
// CHECK:           %[[FIRST:.*]] = vector.broadcast {{.*}} : i32 to vector<16xi32>
// CHECK:           %[[KEPT:.*]] = vector.broadcast {{.*}} : i32 to vector<16xi32>
// CHECK:           %[[KEYS:.*]] = vector.load {{.*}} : memref<?xi32>, vector<16xi32>
// CHECK-NEXT:      %[[YES:.*]] = arith.cmpi sgt, %[[FIRST]], %[[KEYS]] : vector<16xi32>
// CHECK-NEXT:      %[[LESS:.*]] = arith.andi %[[ROWS]], %[[KEPT]]
// CHECK-NEXT:      arith.select %[[YES]], %[[ROWS]], %[[LESS]]
// CHECK-COUNT-3:   arith.cmpi sgt, %[[FIRST]],
// CHECK-NOT:       arith.cmpi
// CHECK:           scf.yield
// CHECK:         %[[IS:.*]] = arith.cmpi ne, %[[LEFT]]#0, %[[NONE]]
// CHECK-NEXT:    %[[MINUS:.*]] = arith.subi %[[NONE]], %[[LEFT]]#0
// CHECK-NEXT:    %[[LOWEST:.*]] = arith.andi %[[LEFT]]#0, %[[MINUS]]
// CHECK-NEXT:    %[[REAL:.*]] = arith.sitofp %[[LOWEST]] : vector<16xi32> to vector<16xf32>
// CHECK-NEXT:    arith.bitcast %[[REAL]]
// CHECK-NEXT:    arith.shrui
// CHECK-NEXT:    arith.andi
// CHECK-NEXT:    arith.subi
// CHECK-NEXT:    vector.broadcast
// CHECK-NEXT:    %[[LEAF:.*]] = arith.addi
// CHECK-NEXT:    arith.select %[[IS]], %[[LEAF]], %[[FOUND]]
// One value of each leaf: the leaf is its row.
// CHECK:       vector.gather {{.*}}[%[[LEAVES]]#0], {{.*}} into vector<16xf64>
// CHECK:       vector.gather {{.*}}[%[[LEAVES]]#3], {{.*}} into vector<16xf64>
// Vectors of four are sixteen.
// LANES-LABEL: func.func @k_neon
// LANES-COUNT-16: arith.cmpi sgt, {{.*}} : vector<4xi32>
// LANES-NOT:      arith.cmpi sgt
// LANES:          scf.yield
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"trees", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x20xf32, #graph.dims<["d0", ""]>>, %tables: tensor<112xi32>, %cuts: tensor<1xf64>, %values: tensor<3x1xf64>, %base: tensor<1xf64>):
  %0 = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 2 : i64, entries = 2 : i64, node_words = 2 : i64, nodes = 5 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 2 : i64, trees = 1 : i64, words = 1 : i64}
      : (tensor<?x20xf32, #graph.dims<["d0", ""]>>, tensor<112xi32>, tensor<1xf64>, tensor<3x1xf64>, tensor<1xf64>) -> tensor<?x1xf64, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x1xf64, #graph.dims<["d0", ""]>>
}

// -----

// Two values of each leaf lie side by side: twice the leaf, from the first or the second on, for a target each.
// CHECK-LABEL: func.func @k_v4
// CHECK:       } else {
// CHECK:       %[[LEAVES:.*]]:4 = scf.for
// CHECK:       scf.for %{{.*}} = %c0 to %c2 step %c1 {
// CHECK:         %[[ROW:.*]] = arith.muli %[[LEAVES]]#0, %{{.*}} : vector<16xi32>
// CHECK:         vector.gather {{.*}}[%[[ROW]]], {{.*}} into vector<16xf64>
// LANES-LABEL: func.func @k_neon
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"trees", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x20xf32, #graph.dims<["d0", ""]>>, %tables: tensor<112xi32>, %cuts: tensor<1xf64>, %values: tensor<3x2xf64>, %base: tensor<2xf64>):
  %0 = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 2 : i64, entries = 2 : i64, node_words = 2 : i64, nodes = 5 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 2 : i64, trees = 1 : i64, words = 1 : i64}
      : (tensor<?x20xf32, #graph.dims<["d0", ""]>>, tensor<112xi32>, tensor<1xf64>, tensor<3x2xf64>, tensor<2xf64>) -> tensor<?x2xf64, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x2xf64, #graph.dims<["d0", ""]>>
}
