// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Every element in row-major order; the number found so far is the column that is written. More than the count that the
// host has read are never written.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for %[[ROW:.*]] = %c0 to %c4
// CHECK:         scf.for %[[COLUMN:.*]] = %c0 to %c6 step %c1 iter_args(%[[FOUND:.*]] =
// CHECK:           %[[ROOM:.*]] = arith.cmpi slt, %[[FOUND]],
// CHECK:           arith.andi %{{.*}}, %[[ROOM]]
// CHECK:           scf.if
// CHECK:             memref.store %{{.*}}[%[[FOUND]]]
// CHECK:             memref.store
// CHECK-NEXT:        arith.addi %[[FOUND]], %c1
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"non_zero", {}, "test">} {
^bb0(%x: tensor<4x6xi32>):
  %0 = graph.non_zero %x {symbol = "d0"} : (tensor<4x6xi32>) -> tensor<2x?xi64, #graph.dims<["", "d0"]>>
  kernel.yield %0 : tensor<2x?xi64, #graph.dims<["", "d0"]>>
}
