// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s
// RUN: quern-opt %s --quern-emit-kernels=target=aarch64 --canonicalize --cse | FileCheck %s --check-prefix=NARROW

// What is fused behind a product works on its accumulators; reshapes and transposes only move the store: head 1 begins
// at 4 * 16.
// CHECK-LABEL: func.func @heads_v4
// CHECK:       %[[ACC:.*]]:8 = scf.for
// CHECK:       %[[Y0:.*]] = arith.select %{{.*}}, %{{.*}}, %[[ACC]]#0
// CHECK-NEXT:  vector.store %[[Y0]], %[[RESULT:.*]][%c0]
// CHECK:       %[[Y1:.*]] = arith.select %{{.*}}, %{{.*}}, %[[ACC]]#1
// CHECK-NEXT:  vector.store %[[Y1]], %[[RESULT]][%c64]
// CHECK:       %[[Y2:.*]] = arith.select %{{.*}}, %{{.*}}, %[[ACC]]#2
// CHECK-NEXT:  vector.store %[[Y2]], %[[RESULT]][%c16]
kernel.func @heads attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<4x64xf32>, %w: tensor<2x64x16xf32>):
  %zero = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.matmul %x, %w {columns = 32 : i64} : (tensor<4x64xf32>, tensor<2x64x16xf32>) -> tensor<4x32xf32>
  %1 = graph.max %0, %zero : (tensor<4x32xf32>, tensor<f32>) -> tensor<4x32xf32>
  %2 = graph.reshape %1 : (tensor<4x32xf32>) -> tensor<4x2x16xf32>
  %3 = graph.transpose %2 {permutation = array<i64: 1, 0, 2>} : (tensor<4x2x16xf32>) -> tensor<2x4x16xf32>
  kernel.yield %3 : tensor<2x4x16xf32>
}

// An epilogue that computes a function has code for two vectors: the sums wait in scratch memory.
// CHECK-LABEL: func.func @silu_v4
// CHECK:         %[[ACC:.*]]:8 = scf.for
// CHECK:         vector.store %[[ACC]]#7, %[[WAITING:.*]][%c112]
// CHECK-NEXT:    scf.for %[[VECTOR:.*]] = %c0 to %c8 step %c2
// CHECK-NOT:       arith.remui
// CHECK:           %[[AT:.*]] = arith.muli %[[VECTOR]], %c16
// CHECK:           %[[SUM:.*]] = vector.load %[[WAITING]][%[[AT]]]
// CHECK-COUNT-2:   math.absf
// CHECK-NOT:       math.absf
// NARROW-LABEL: func.func @silu_neon
// NARROW:         scf.for %[[VECTOR:.*]] = %c0 to %c16 step %c2
// NARROW:           arith.divui %[[VECTOR]], %c4
// NARROW:           arith.remui %[[VECTOR]], %c4
// NARROW-COUNT-2:   math.absf
// NARROW-NOT:       math.absf
kernel.func @silu attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<4x64xf32>, %w: tensor<2x64x16xf32>):
  %0 = graph.matmul %x, %w {columns = 32 : i64} : (tensor<4x64xf32>, tensor<2x64x16xf32>) -> tensor<4x32xf32>
  %1 = graph.sigmoid %0 : (tensor<4x32xf32>) -> tensor<4x32xf32>
  %2 = graph.mul %0, %1 : (tensor<4x32xf32>, tensor<4x32xf32>) -> tensor<4x32xf32>
  kernel.yield %2 : tensor<4x32xf32>
}
