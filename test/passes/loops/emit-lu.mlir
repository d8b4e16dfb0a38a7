// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// A task has whole matrices of about 4096 elements, copied to where the result lies.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "2"}
// CHECK-LABEL: func.func @k_v4
// The order starts as it is; then block by block: a pivot, rows change places over their whole length, the column below is divided.
// CHECK:       memref.store %{{.*}} : memref<?xi64>
// CHECK:       scf.for %{{.*}} = %c0 to %c3 step %c1
// CHECK:         scf.for %{{.*}} iter_args(%{{.*}}, %{{.*}}) -> (f64, index)
// CHECK:           math.absf
// CHECK:           arith.cmpf ogt
// CHECK:         scf.if
// CHECK:         arith.cmpf oeq
// CHECK:         arith.divf
// CHECK:         arith.select %{{.*}} : vector<8xi1>, vector<8xf64>
// What is due to the columns behind: rows of U by substitution, in which nothing is divided, then a product.
// CHECK:         scf.if
// CHECK:           vector.fma
// CHECK-NOT:       arith.divf
// CHECK:           vector.fma
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"lu", {}, "test">} {
^bb0(%a: tensor<3x40x40xf64>):
  %0, %1, %2 = graph.lu %a : (tensor<3x40x40xf64>) -> (tensor<3x40x40xf64>, tensor<3x40xi64>, tensor<3x40xi64>)
  kernel.yield %0, %1, %2 : tensor<3x40x40xf64>, tensor<3x40xi64>, tensor<3x40xi64>
}
