// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s

// One warp needs no shared memory: five exchanges combine its threads' sums.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         %[[THREAD:.*]] = gpu.thread_id x
// CHECK:         %[[FIRST:.*]] = arith.muli %[[THREAD]], %c4
// CHECK:         %[[SUM:.*]] = scf.for %{{.*}} = %[[FIRST]] to %c100 step %c128
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK-NOT:     gpu.shuffle
// CHECK-NOT:     gpu.barrier
// The row's one result is the first thread's to write.
// CHECK:         scf.for %{{.*}} = %{{.*}} to %c1 step %c32
// CHECK:           memref.store
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<5x100xf32>):
  %0 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<5x100xf32>) -> tensor<5x1xf32>
  kernel.yield %0 : tensor<5x1xf32>
}

// -----

// Warps meet in shared memory, whose barriers all threads pass: none stands inside the loop along the row. Words of 64
// bits are exchanged in halves.
// CHECK:         llvm.mlir.global internal @k_sm_80_tile0() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<8 x i64>
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-COUNT-10: gpu.shuffle xor
// CHECK-NOT:     gpu.shuffle
// CHECK:         scf.if
// CHECK:           memref.store
// CHECK:         gpu.barrier
// CHECK-COUNT-8: memref.load
// CHECK:         gpu.barrier
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<5x1000xi64>):
  %0 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<5x1000xi64>) -> tensor<5x1xi64>
  kernel.yield %0 : tensor<5x1xi64>
}
