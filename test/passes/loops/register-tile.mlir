// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s
// RUN: quern-opt %s --quern-emit-kernels=target=aarch64 --canonicalize --cse | FileCheck %s --check-prefix=LANES

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

// Where scalars come from lanes, a vector of each row of A serves four steps, and LLVM does not know of a panel of B where it
// lies: it gets a register.
// LANES-LABEL: func.func @k_neon
// LANES:       llvm.inline_asm "", "=r,0"
// LANES:       scf.for {{.*}} step %c8 iter_args(
// LANES-NOT:     memref.load
// LANES-COUNT-9: vector.load {{.*}} vector<4xf32>
// LANES:         %[[A0:.*]] = vector.extract %{{.*}}[0] : f32 from vector<4xf32>
// LANES-NEXT:    vector.broadcast %[[A0]]
// LANES-NOT:     memref.load
// LANES:         vector.extract %{{.*}}[3] : f32 from vector<4xf32>
// LANES:         scf.yield
// LANES-LABEL: func.func @short_neon
// LANES:       scf.for {{.*}} = %c0 to %c16 step %c4 iter_args(
// LANES-LABEL: func.func @row_neon
// LANES-COUNT-2: llvm.inline_asm "", "=r,0"
// LANES:         scf.yield
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<14x64xf32>, %w: tensor<2x64x16xf32>, %b: tensor<32xf32>):
  %0 = graph.matmul %x, %w {columns = 32 : i64} : (tensor<14x64xf32>, tensor<2x64x16xf32>) -> tensor<14x32xf32>
  %1 = graph.add %0, %b : (tensor<14x32xf32>, tensor<32xf32>) -> tensor<14x32xf32>
  kernel.yield %1 : tensor<14x32xf32>
}

// A short loop takes fewer steps at a time, so that four iterations are left.
kernel.func @short attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<15x16xf32>, %w: tensor<1x16x16xf32>):
  %0 = graph.matmul %x, %w {columns = 16 : i64} : (tensor<15x16xf32>, tensor<1x16x16xf32>) -> tensor<15x16xf32>
  kernel.yield %0 : tensor<15x16xf32>
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
