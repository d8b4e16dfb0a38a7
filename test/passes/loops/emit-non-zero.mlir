// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Every element in row-major order; the number found so far is the column that is written, whether the element is nonzero or
// not, and grows by one where it is. More than the count that the host has read are never written.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.while (%[[ROW:.*]] = %c0, %{{.*}} = %c0)
// CHECK:         scf.while (%[[COLUMN:.*]] = %c0, %[[FOUND:.*]] = %{{.*}})
// CHECK-NEXT:      arith.cmpi slt, %[[COLUMN]], %c6
// CHECK-NEXT:      %[[ROOM:.*]] = arith.cmpi slt, %[[FOUND]],
// CHECK:         ^bb0(%{{.*}}: index, %[[PLACE:.*]]: index):
// CHECK:           %[[NONZERO:.*]] = arith.cmpi ne
// CHECK-NOT:       scf.if
// CHECK:           memref.store %{{.*}}[%[[PLACE]]]
// CHECK:           memref.store
// CHECK:           %[[ONE:.*]] = arith.index_castui %[[NONZERO]] : i1 to index
// CHECK-NEXT:      arith.addi %[[PLACE]], %[[ONE]]
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"non_zero", {}, "test">} {
^bb0(%x: tensor<4x6xi32>):
  %0 = graph.non_zero %x {symbol = "d0"} : (tensor<4x6xi32>) -> tensor<2x?xi64, #graph.dims<["", "d0"]>>
  kernel.yield %0 : tensor<2x?xi64, #graph.dims<["", "d0"]>>
}
