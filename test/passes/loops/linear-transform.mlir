// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// The input's matrix of F(2, 3), applied to four registers: its coefficients are 0, 1 and -1, so there is no product, and
// the two rows that differ in signs alone are the difference and the sum of the same two registers.
//   -1  0  1  0
//    0  1  1  0
//    0 -1  1  0
//    0 -1  0  1
// CHECK-LABEL: func.func @k_v4
// CHECK:     %[[X0:.*]] = vector.load
// CHECK:     %[[X1:.*]] = vector.load
// CHECK:     %[[X2:.*]] = vector.load
// CHECK:     %[[X3:.*]] = vector.load
// CHECK-NOT: arith.mulf
// CHECK:     arith.subf %[[X2]], %[[X0]]
// CHECK-NEXT: arith.addf %[[X2]], %[[X1]]
// CHECK-NEXT: arith.subf %[[X2]], %[[X1]]
// CHECK-NEXT: arith.subf %[[X3]], %[[X1]]
// And the output's, where two columns differ in signs: they are added and subtracted once for both rows.
//    1  1  1  0
//    0  1 -1  1
// CHECK:     vector.fma
// CHECK:     %[[Y0:.*]] = vector.load
// CHECK:     %[[Y1:.*]] = vector.load
// CHECK:     %[[Y2:.*]] = vector.load
// CHECK:     %[[Y3:.*]] = vector.load
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[Y1]], %[[Y2]]
// CHECK-NEXT: %[[DIFFERENCE:.*]] = arith.subf %[[Y1]], %[[Y2]]
// CHECK-NEXT: arith.addf %[[SUM]], %[[Y0]]
// CHECK-NEXT: arith.addf %[[Y3]], %[[DIFFERENCE]]
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"winograd", {task_blocks = 1 : i64, task_rows = 8 : i64}, "test">} {
^bb0(%x: tensor<1x1x8x8x16xf32>, %w: tensor<16x1x16x16xf32>):
  %0 = graph.conv %x, %w {blocked_input, blocked_output, channels = 16 : i64, dilations = array<i64: 1, 1>, group = 1 : i64, kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>, winograd = 2 : i64} : (tensor<1x1x8x8x16xf32>, tensor<16x1x16x16xf32>) -> tensor<1x1x8x8x16xf32>
  kernel.yield %0 : tensor<1x1x8x8x16xf32>
}
