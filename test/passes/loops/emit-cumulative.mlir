// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Lines that lie side by side run in lanes; exclusive sums are stored before the element is added; reverse walks from
// the end.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for %[[I:.*]] = %c0 to %c5 step %c1 iter_args(%[[SUM:.*]] = %{{.*}}) -> (vector<16xf32>)
// CHECK:         arith.subi %c4, %[[I]]
// CHECK:         %[[X:.*]] = vector.load
// CHECK-DAG:     vector.store %[[SUM]]
// CHECK-DAG:     %[[NEXT:.*]] = arith.addf %[[SUM]], %[[X]]
// CHECK:         scf.yield %[[NEXT]]
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"cumulative", {}, "test">} {
^bb0(%x: tensor<5x16xf32>):
  %0 = graph.cumulative %x {axis = 0 : i64, exclusive = true, kind = #graph<reduction sum>, reverse = true} : (tensor<5x16xf32>) -> tensor<5x16xf32>
  kernel.yield %0 : tensor<5x16xf32>
}

// A line goes a vector at a time: its lanes are summed in four steps, and one addition waits for the vector before.
// What is left, the first elements here, goes one by one.
// CHECK-LABEL: func.func @line_v4
// CHECK:       %[[SUMS:.*]] = scf.for %{{.*}} = %c0 to %c32 step %c16 iter_args(%[[BEFORE:.*]] = %{{.*}}) -> (vector<16xf64>)
// CHECK:         %[[X:.*]] = vector.load
// CHECK:         %[[MOVED:.*]] = vector.shuffle %[[X]], %[[X]] [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0]
// CHECK:         %[[SUM:.*]] = arith.addf %[[MOVED]], %[[X]]
// CHECK:         arith.select %{{.*}}, %[[SUM]], %[[X]]
// CHECK:         vector.shuffle {{.*}} [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1]
// CHECK:         vector.shuffle {{.*}} [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3]
// CHECK:         vector.shuffle {{.*}} [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]
// CHECK:         %[[SCANNED:.*]] = arith.select
// CHECK:         %[[LAST:.*]] = vector.extract %[[SCANNED]][0]
// CHECK:         arith.addf %[[BEFORE]], %[[SCANNED]]
// CHECK:         vector.store
// CHECK:         %[[NEXT:.*]] = arith.addf %[[BEFORE]], %{{.*}} : vector<16xf64>
// CHECK:         scf.yield %[[NEXT]]
// CHECK:       scf.for %{{.*}} = %c32 to %c37 step %c1 iter_args({{.*}}) -> (f64)
kernel.func @line attributes {dims = 0 : i64, schedule = #kernel.schedule<"cumulative", {}, "test">} {
^bb0(%x: tensor<37xf64>):
  %0 = graph.cumulative %x {axis = 0 : i64, exclusive = false, kind = #graph<reduction sum>, reverse = true} : (tensor<37xf64>) -> tensor<37xf64>
  kernel.yield %0 : tensor<37xf64>
}

// The product of a few floats may overflow where that of all before does not.
// CHECK-LABEL: func.func @product_v4
// CHECK-NOT:   vector.shuffle
// CHECK:       scf.for %{{.*}} = %c0 to %c37 step %c1
kernel.func @product attributes {dims = 0 : i64, schedule = #kernel.schedule<"cumulative", {}, "test">} {
^bb0(%x: tensor<37xf64>):
  %0 = graph.cumulative %x {axis = 0 : i64, exclusive = false, kind = #graph<reduction prod>, reverse = false} : (tensor<37xf64>) -> tensor<37xf64>
  kernel.yield %0 : tensor<37xf64>
}
