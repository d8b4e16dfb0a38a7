// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s

// Squares of 32 x 32, in shared memory with one element more for each line: read along the tensor's last axis, written
// along the result's. 3 x 2 squares of each of 5 images; each of 256 threads has 4 elements.
// CHECK:       kernel.func @k attributes {{{.*}}kernel.block_memory = 4224 : i64{{.*}}tasks = "30", threads = 256 : i64}
// CHECK:       llvm.mlir.global internal @k_sm_80_tile0() {{.*}} : !llvm.array<1056 x f32>
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-COUNT-4: scf.if
// CHECK:         gpu.barrier
// CHECK:         math.absf
// CHECK:         arith.addf
// CHECK:         gpu.barrier
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<5x90x40xf32>, %y: tensor<5x40x90xf32>):
  %0 = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<5x90x40xf32>) -> tensor<5x40x90xf32>
  %1 = graph.abs %0 : (tensor<5x40x90xf32>) -> tensor<5x40x90xf32>
  %2 = graph.add %1, %y : (tensor<5x40x90xf32>, tensor<5x40x90xf32>) -> tensor<5x40x90xf32>
  kernel.yield %2 : tensor<5x40x90xf32>
}

// -----

// The last axis stays the last: vectors, no squares.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-NOT:     gpu.barrier
// CHECK:         llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK:         llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xf32>
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<5x90x40xf32>):
  %0 = graph.transpose %x {permutation = array<i64: 1, 0, 2>} : (tensor<5x90x40xf32>) -> tensor<90x5x40xf32>
  kernel.yield %0 : tensor<90x5x40xf32>
}

// -----

// A short axis would leave a square empty: a thread for each element.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-NOT:     gpu.barrier
// CHECK:         memref.load
// CHECK:         memref.store
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<90x3xf32>):
  %0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<90x3xf32>) -> tensor<3x90xf32>
  kernel.yield %0 : tensor<3x90xf32>
}

// -----

// What is transposed twice is at another place than the result: no squares.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-NOT:     gpu.barrier
// CHECK:         return
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<40x40x40xf32>):
  %0 = graph.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<40x40x40xf32>) -> tensor<40x40x40xf32>
  %1 = graph.transpose %0 {permutation = array<i64: 2, 0, 1>} : (tensor<40x40x40xf32>) -> tensor<40x40x40xf32>
  kernel.yield %1 : tensor<40x40x40xf32>
}
