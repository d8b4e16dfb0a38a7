// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Axes that all operands walk in step are one loop.
// CHECK-LABEL: func.func @merged_v4
// CHECK:       %[[END:.*]] = arith.minsi %{{.*}}, %c512
// CHECK:       scf.for %[[I:.*]] = %{{.*}} step %c16
// CHECK-NEXT:    vector.load %{{.*}}[%[[I]]]
// CHECK-NEXT:    vector.load %{{.*}}[%[[I]]]
// CHECK-NOT:   arith.remui

// An operand that is broadcast over some of them keeps the rest apart: 4 * 8 rows of 16.
// CHECK-LABEL: func.func @row_v4
// CHECK:       arith.minsi %{{.*}}, %c32
// CHECK:       scf.for %[[ROW:.*]] =
// CHECK-NEXT:    %[[AT:.*]] = arith.muli %[[ROW]], %c16
// CHECK-NEXT:    vector.load %{{.*}}[%[[AT]]]
// CHECK-NEXT:    vector.load %{{.*}}[%c0]
// So do the axes before the one that a slice is picked from.
// CHECK-LABEL: func.func @picked_v4
// CHECK:       arith.minsi %{{.*}}, %c32
// CHECK:       scf.for %{{.*}} step %c16
// CHECK:       arith.negf
kernel.func @merged attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x8x16xf32>, %y: tensor<4x8x16xf32>):
  %0 = graph.add %x, %y : (tensor<4x8x16xf32>, tensor<4x8x16xf32>) -> tensor<4x8x16xf32>
  kernel.yield %0 : tensor<4x8x16xf32>
}
kernel.func @row attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x8x16xf32>, %y: tensor<16xf32>):
  %0 = graph.add %x, %y : (tensor<4x8x16xf32>, tensor<16xf32>) -> tensor<4x8x16xf32>
  kernel.yield %0 : tensor<4x8x16xf32>
}
kernel.func @picked attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x8x2xf32>):
  %0 = graph.constant dense<1> : tensor<i64>
  %1 = graph.gather %x, %0 {axis = 2 : i64} : (tensor<4x8x2xf32>, tensor<i64>) -> tensor<4x8xf32>
  %2 = graph.neg %1 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  kernel.yield %2 : tensor<4x8xf32>
}
