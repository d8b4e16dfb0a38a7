// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// A task has lines of about 4096 elements: 40 of the 1000 lines of 100. Their numbers become places on the other axes.
// CHECK:       kernel.func @lines attributes {{{.*}}tasks = "25"}
// CHECK-LABEL: func.func @lines_v4
// CHECK:       scf.for %[[TASK:.*]] =
// CHECK:         %[[FROM:.*]] = arith.muli %[[TASK]], %c40
// CHECK:         scf.for %[[LINE:.*]] = %[[FROM]]
// CHECK:           arith.remui %[[LINE]], %c10
// CHECK:           arith.divui %[[LINE]], %c10
kernel.func @lines attributes {dims = 0 : i64, schedule = #kernel.schedule<"top_k", {}, "test">} {
^bb0(%x: tensor<100x100x10xf32>):
  %0, %1 = graph.top_k %x {axis = 1 : i64, largest = false, sorted = true} : (tensor<100x100x10xf32>) -> (tensor<100x100x10xf32>, tensor<100x100x10xi64>)
  kernel.yield %0, %1 : tensor<100x100x10xf32>, tensor<100x100x10xi64>
}
