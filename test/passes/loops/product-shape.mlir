// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --split-input-file --canonicalize --cse | FileCheck %s

// The right side differs from batch to batch, of which the left side has one: its rows are read again for each batch,
// from their own beginning. 3 batches of 8 columns and 64 values of depth.
// CHECK-LABEL: func.func @batches_v4
// CHECK:         arith.remui %{{.*}}, %c3
// CHECK:         arith.muli %{{.*}}, %c512
kernel.func @batches attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<2x1x4x64xf32>, %w: tensor<2x3x64x8xf32>):
  %0 = graph.matmul %x, %w : (tensor<2x1x4x64xf32>, tensor<2x3x64x8xf32>) -> tensor<2x3x4x8xf32>
  kernel.yield %0 : tensor<2x3x4x8xf32>
}

// -----

// One right side for all: 2 * 3 * 4 rows of one product, which are not taken apart.
// CHECK-LABEL: func.func @rows_v4
// CHECK-NOT:     arith.remui
// CHECK-NOT:     arith.divui
// CHECK:         return
kernel.func @rows attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<2x3x4x64xf32>, %w: tensor<1x64x16xf32>):
  %0 = graph.matmul %x, %w {columns = 16 : i64} : (tensor<2x3x4x64xf32>, tensor<1x64x16xf32>) -> tensor<2x3x4x16xf32>
  kernel.yield %0 : tensor<2x3x4x16xf32>
}
