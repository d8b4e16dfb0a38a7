// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s
// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=aarch64 --canonicalize --cse | FileCheck %s --check-prefix=ARM

// Bit vectors: an entry takes leaves away in 64 rows, four vectors at a time. Then the first that is left adds its value.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for {{.*}} -> (vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>)
// CHECK:         vector.broadcast {{.*}} : i32 to vector<16xi32>
// CHECK:         vector.load {{.*}} : memref<?xi32>, vector<16xi32>
// CHECK-NEXT:    arith.cmpi sgt, {{.*}} : vector<16xi32>
// CHECK-NEXT:    arith.andi
// CHECK-NEXT:    arith.select
// CHECK:       arith.sitofp {{.*}} : vector<16xi32> to vector<16xf32>
// CHECK:       vector.gather {{.*}} into vector<16xf64>
// ARM-LABEL:   func.func @k_neon
// ARM:         arith.cmpi sgt, {{.*}} : vector<4xi32>
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"trees", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x3xf32, #graph.dims<["d0", ""]>>, %tables: tensor<128xi32>, %cuts: tensor<1xf64>, %values: tensor<3x1xf64>, %base: tensor<1xf64>):
  %0 = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 2 : i64, entries = 2 : i64, node_words = 2 : i64, nodes = 5 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 2 : i64, trees = 1 : i64, words = 1 : i64}
      : (tensor<?x3xf32, #graph.dims<["d0", ""]>>, tensor<128xi32>, tensor<1xf64>, tensor<3x1xf64>, tensor<1xf64>) -> tensor<?x1xf64, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x1xf64, #graph.dims<["d0", ""]>>
}

// -----

// Walks: eight places go down side by side; a step loads a node's threshold, column and distance, and compares a key.
// CHECK-LABEL: func.func @k_v4
// CHECK-NOT:   vector<16xf32>
// CHECK:       scf.for {{.*}} -> (index, index, index, index, index, index, index, index)
// CHECK:         memref.load {{.*}} : memref<?xi32>
// CHECK:         memref.load {{.*}} : memref<?xi16>
// CHECK:         arith.cmpi ult, {{.*}} : i32
// ARM-LABEL:   func.func @k_neon
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"trees", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x3xf32, #graph.dims<["d0", ""]>>, %tables: tensor<96xi32>, %cuts: tensor<1xf64>, %values: tensor<3x1xf64>, %base: tensor<1xf64>):
  %0 = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 2 : i64, entries = 0 : i64, node_words = 2 : i64, nodes = 5 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 2 : i64, trees = 1 : i64, words = 0 : i64}
      : (tensor<?x3xf32, #graph.dims<["d0", ""]>>, tensor<96xi32>, tensor<1xf64>, tensor<3x1xf64>, tensor<1xf64>) -> tensor<?x1xf64, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x1xf64, #graph.dims<["d0", ""]>>
}
