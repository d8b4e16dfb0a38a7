// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Two operands that lie along the same axis, and one that lies as the results do.
// CHECK-LABEL: func.func @same_v4
// CHECK:         vector.shuffle
kernel.func @same attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<64x32xf32>, %y: tensor<64x32xf32>, %z: tensor<32x64xf32>):
  %0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<64x32xf32>) -> tensor<32x64xf32>
  %1 = graph.transpose %y {permutation = array<i64: 1, 0>} : (tensor<64x32xf32>) -> tensor<32x64xf32>
  %2 = graph.add %0, %1 : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
  %3 = graph.mul %2, %z : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
  kernel.yield %3 : tensor<32x64xf32>
}

// -----

// Operands that lie along different axes have no square in common.
// CHECK-LABEL: func.func @different_v4
// CHECK-NOT:     vector.shuffle
// CHECK:         vector.gather
kernel.func @different attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<32x32x32xf32>, %y: tensor<32x32x32xf32>):
  %0 = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<32x32x32xf32>) -> tensor<32x32x32xf32>
  %1 = graph.transpose %y {permutation = array<i64: 2, 1, 0>} : (tensor<32x32x32xf32>) -> tensor<32x32x32xf32>
  %2 = graph.add %0, %1 : (tensor<32x32x32xf32>, tensor<32x32x32xf32>) -> tensor<32x32x32xf32>
  kernel.yield %2 : tensor<32x32x32xf32>
}

// -----

// A short axis would leave a square mostly empty.
// CHECK-LABEL: func.func @short_v4
// CHECK-NOT:     vector.shuffle
// CHECK:         vector.gather
kernel.func @short attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<64x6xf32>):
  %0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<64x6xf32>) -> tensor<6x64xf32>
  %1 = graph.neg %0 : (tensor<6x64xf32>) -> tensor<6x64xf32>
  kernel.yield %1 : tensor<6x64xf32>
}

// -----

// What is not elementwise needs other elements than those of its place.
// CHECK-LABEL: func.func @moved_v4
// CHECK-NOT:     vector.shuffle
kernel.func @moved attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<64x32xf32>):
  %0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<64x32xf32>) -> tensor<32x64xf32>
  %1 = graph.slice %0 {starts = ["0", "0"], steps = array<i64: 1, 1>} : (tensor<32x64xf32>) -> tensor<32x48xf32>
  kernel.yield %1 : tensor<32x48xf32>
}
