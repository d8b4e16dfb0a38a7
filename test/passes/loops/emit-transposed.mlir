// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// A square is read along the axis where the operand lies, turned, and written along the result's; of the
// last square only the columns that are there are stored; the rows that fill no square follow.
// CHECK:       kernel.func @square attributes {{{.*}}tasks = "32"
// CHECK-LABEL: func.func @square_v4
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK-COUNT-16:    vector.load {{.*}} : memref<?xf32>, vector<16xf32>
// CHECK:             vector.shuffle
// CHECK-NOT:         vector.load
// CHECK-COUNT-16:    vector.store {{.*}} : memref<?xf32>, vector<16xf32>
// CHECK:             vector.create_mask
// CHECK:             arith.minui
// CHECK:             vector.shuffle
// CHECK-COUNT-16:    vector.maskedstore
// CHECK:         vector.gather
kernel.func @square attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<1000x1000xf32>):
  %0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<1000x1000xf32>) -> tensor<1000x1000xf32>
  %1 = graph.neg %0 : (tensor<1000x1000xf32>) -> tensor<1000x1000xf32>
  kernel.yield %1 : tensor<1000x1000xf32>
}

// -----

// Squares have as many lines as a vector has elements.
// CHECK-LABEL: func.func @wide_v4
// CHECK-COUNT-8: vector.load {{.*}} : memref<?xf64>, vector<8xf64>
// CHECK:         vector.shuffle
kernel.func @wide attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x32x64xf64>):
  %0 = graph.transpose %x {permutation = array<i64: 0, 2, 1>} : (tensor<4x32x64xf64>) -> tensor<4x64x32xf64>
  kernel.yield %0 : tensor<4x64x32xf64>
}
