// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Columns lie in groups of two vectors. Of 40 rows the first block has 8, which go one by one; before each other block is a
// product with all rows above, a tile of 8 rows of two vectors.
// CHECK-LABEL: func.func @real_v4
// CHECK:       scf.for %[[BLOCK:.*]] = %c0 to %c3 step %c1
// CHECK:         arith.muli %[[BLOCK]], %c16
// CHECK:         %[[FIRST:.*]] = arith.maxsi
// CHECK:         scf.for %{{.*}} = %[[FIRST]] to %{{.*}} step %c8
// CHECK-COUNT-16:  vector.fma
// CHECK-NOT:       vector.fma
// CHECK:         scf.for %[[ROW:.*]] = %[[FIRST]]
// CHECK:           scf.for %{{.*}} = %[[FIRST]] to %[[ROW]]
kernel.func @real attributes {dims = 0 : i64, schedule = #kernel.schedule<"triangular_solve", {}, "test">} {
^bb0(%a: tensor<40x40xf32>, %b: tensor<40x2xf32>):
  %0 = graph.triangular_solve %a, %b {lower = true, transpose = false, unit = true} : (tensor<40x40xf32>, tensor<40x2xf32>) -> tensor<40x2xf32>
  kernel.yield %0 : tensor<40x2xf32>
}

// A product of complex numbers is four.
// CHECK-LABEL: func.func @complex_v4
// CHECK-COUNT-64: vector.fma
// CHECK-NOT:      vector.fma
kernel.func @complex attributes {dims = 0 : i64, schedule = #kernel.schedule<"triangular_solve", {}, "test">} {
^bb0(%ar: tensor<40x40xf32>, %ai: tensor<40x40xf32>, %br: tensor<40x2xf32>, %bi: tensor<40x2xf32>):
  %0, %1 = graph.triangular_solve %ar, %ai, %br, %bi {lower = true, transpose = false, unit = true} : (tensor<40x40xf32>, tensor<40x40xf32>, tensor<40x2xf32>, tensor<40x2xf32>) -> (tensor<40x2xf32>, tensor<40x2xf32>)
  kernel.yield %0, %1 : tensor<40x2xf32>, tensor<40x2xf32>
}
