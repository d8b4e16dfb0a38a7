// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// A line is gone through once: after the first 5, 32 elements at a time are compared with the root of the heap, and one enters
// the heap only if it beats that. What is left of the line goes one by one.
// CHECK:       kernel.func @k attributes {{{.*}}scratch = "{{[1-9][0-9]*}}"
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for %{{.*}} = %c5 to %c69 step %c32
// CHECK:         arith.cmpf ugt, %{{.*}} : vector<32xf32>
// CHECK:         vector.reduction <or>, %{{.*}} : vector<32xi1> into i1
// CHECK:         scf.if
// CHECK:           scf.for
// CHECK:             scf.if
// CHECK:               scf.while
// CHECK:       scf.for %{{.*}} = %c69 to %c100 step %c1
// CHECK:       memref.store %{{.*}} : memref<?xi64>
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"top_k", {}, "test">} {
^bb0(%x: tensor<4x100xf32>):
  %0, %1 = graph.top_k %x {axis = 1 : i64, largest = true, sorted = true} : (tensor<4x100xf32>) -> (tensor<4x5xf32>, tensor<4x5xi64>)
  kernel.yield %0, %1 : tensor<4x5xf32>, tensor<4x5xi64>
}
