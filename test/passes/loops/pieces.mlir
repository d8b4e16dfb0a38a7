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
