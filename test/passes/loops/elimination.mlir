// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Three blocks of columns, of which the first has 8. Each is a panel of 16 elements a row, read with a mask; after block j as
// many as the largest power of two that divides j are due to as many more.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for %[[BLOCK:.*]] = %c0 to %c3 step %c1
// CHECK:         %[[NUMBER:.*]] = arith.addi %[[BLOCK]], %c1
// CHECK:         vector.maskedload
// CHECK:         vector.maskedstore
// CHECK:         %[[LESS:.*]] = arith.subi %c-1, %[[BLOCK]]
// CHECK:         %[[LOWEST:.*]] = arith.andi %[[NUMBER]], %[[LESS]]
// CHECK:         %[[DUE:.*]] = arith.minsi %[[LOWEST]], %c16
// CHECK:         %[[COLUMNS:.*]] = arith.muli %[[DUE]], %c16
// CHECK:         %[[ALL:.*]] = arith.cmpi sgt, %[[LOWEST]], %c15
// CHECK:         %[[END:.*]] = arith.select %[[ALL]], %c40
// CHECK:         scf.if
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"cholesky", {}, "test">} {
^bb0(%a: tensor<40x40xf64>):
  %0 = graph.cholesky %a : (tensor<40x40xf64>) -> tensor<40x40xf64>
  kernel.yield %0 : tensor<40x40xf64>
}
