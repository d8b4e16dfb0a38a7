// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// A concatenation is a piece for each of its operands: their loops write to their own parts of the result.
// CHECK-LABEL: func.func @parts_v4
// CHECK:         arith.negf
// CHECK:         vector.store
// CHECK:         math.absf
// CHECK:         vector.store
// CHECK-NOT:     vector.store
// CHECK:         return
// A concatenation of single elements is one piece: its parts are interleaved.
// CHECK-LABEL: func.func @stack_v4
// CHECK:         %[[REAL:.*]] = vector.load
// CHECK:         %[[IMAGINARY:.*]] = vector.load
// CHECK:         vector.shuffle %[[REAL]], %[[IMAGINARY]] [0, 16, 1, 17,
// CHECK:         vector.store
// CHECK:         vector.shuffle %[[REAL]], %[[IMAGINARY]] [8, 24, 9, 25,
// CHECK:         vector.store
// Few elements of a last axis that has to be walked by itself are stored together, with lanes along the axis before.
// CHECK-LABEL: func.func @points_v4
// CHECK-COUNT-3: math.absf
// CHECK-COUNT-6: vector.shuffle
// CHECK:         return

// Not so where each is a sum of many: those are read along the rows.
// CHECK-LABEL: func.func @sums_v4
// CHECK-NOT:     vector.shuffle
// CHECK:         return

// A sum of few elements has lanes along the axis before, and no loop.
// CHECK-LABEL: func.func @short_v4
// CHECK:         scf.for %{{.*}} step %c16
// CHECK-COUNT-3: arith.addf
// CHECK-NEXT:    vector.store
kernel.func @parts attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x32xf32>, %y: tensor<2x32xf32>):
  %0 = graph.neg %x : (tensor<4x32xf32>) -> tensor<4x32xf32>
  %1 = graph.abs %y : (tensor<2x32xf32>) -> tensor<2x32xf32>
  %2 = graph.concat %0, %1 {axis = 0 : i64} : (tensor<4x32xf32>, tensor<2x32xf32>) -> tensor<6x32xf32>
  kernel.yield %2 : tensor<6x32xf32>
}
kernel.func @stack attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<32x1xf32>, %y: tensor<32x1xf32>):
  %0 = graph.concat %x, %y {axis = 1 : i64} : (tensor<32x1xf32>, tensor<32x1xf32>) -> tensor<32x2xf32>
  kernel.yield %0 : tensor<32x2xf32>
}
kernel.func @points attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<32x3xf32>, %y: tensor<3xf32>):
  %0 = graph.sub %x, %y : (tensor<32x3xf32>, tensor<3xf32>) -> tensor<32x3xf32>
  %1 = graph.abs %0 : (tensor<32x3xf32>) -> tensor<32x3xf32>
  kernel.yield %1 : tensor<32x3xf32>
}
kernel.func @sums attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<32x50x3xf32>):
  %0 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<32x50x3xf32>) -> tensor<32x1x3xf32>
  kernel.yield %0 : tensor<32x1x3xf32>
}
kernel.func @short attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<32x3xf32>):
  %0 = graph.mul %x, %x : (tensor<32x3xf32>, tensor<32x3xf32>) -> tensor<32x3xf32>
  %1 = graph.reduce %0 {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<32x3xf32>) -> tensor<32x1xf32>
  kernel.yield %1 : tensor<32x1xf32>
}
