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
