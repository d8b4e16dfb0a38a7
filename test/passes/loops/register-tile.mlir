// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s
// RUN: quern-opt %s --quern-emit-kernels=target=aarch64 --canonicalize --cse | FileCheck %s --check-prefix=APART

// Rows x vectors of accumulators: a vector of B serves every row, a scalar of A is broadcast once and serves every vector.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for
// CHECK:         %[[B0:.*]] = vector.load
// CHECK:         %[[B1:.*]] = vector.load
// CHECK:         %[[A0:.*]] = vector.broadcast
// CHECK-NEXT:    vector.fma %[[A0]], %[[B0]]
// CHECK-NEXT:    vector.fma %[[A0]], %[[B1]]
// CHECK:         %[[A1:.*]] = vector.broadcast
// CHECK-NEXT:    vector.fma %[[A1]], %[[B0]]
// CHECK-NEXT:    vector.fma %[[A1]], %[[B1]]
// CHECK:         scf.yield

// Where loads of neighbouring scalars would be joined, the second step's place in A is hidden; of one row they may be.
// APART-LABEL: func.func @k_neon
// APART:       scf.for {{.*}} step %c2 iter_args(
// APART-COUNT-5: memref.load
// APART:         llvm.inline_asm "", "=r,0"
// APART-COUNT-5: memref.load
// APART:         scf.yield
// APART-LABEL: func.func @row_neon
// APART-NOT:     llvm.inline_asm "", "=r,0"
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<14x64xf32>, %w: tensor<2x64x16xf32>, %b: tensor<32xf32>):
  %0 = graph.matmul %x, %w {columns = 32 : i64} : (tensor<14x64xf32>, tensor<2x64x16xf32>) -> tensor<14x32xf32>
  %1 = graph.add %0, %b : (tensor<14x32xf32>, tensor<32xf32>) -> tensor<14x32xf32>
  kernel.yield %1 : tensor<14x32xf32>
}

// One row has few accumulators: each is split in two sums that take turns, step by step, and are added at the end.
// CHECK-LABEL: func.func @row_v4
// CHECK:       %[[SUMS:.*]]:8 = scf.for %{{.*}} = %c0 to %c64 step %c2 iter_args(
// CHECK:         scf.yield
// CHECK:       arith.addf %[[SUMS]]#0, %[[SUMS]]#4
// CHECK:       arith.addf %[[SUMS]]#3, %[[SUMS]]#7
kernel.func @row attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 128 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<1x64xf32>, %w: tensor<8x64x16xf32>):
  %0 = graph.matmul %x, %w {columns = 128 : i64} : (tensor<1x64xf32>, tensor<8x64x16xf32>) -> tensor<1x128xf32>
  kernel.yield %0 : tensor<1x128xf32>
}
