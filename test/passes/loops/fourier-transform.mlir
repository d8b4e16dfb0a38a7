// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// 4 elements in registers: sums and differences, and no product with i.
// CHECK-LABEL: func.func @four_v4
// CHECK-NOT:     arith.mulf
// CHECK-NOT:     vector.fma
// CHECK:         return
kernel.func @four attributes {dims = 0 : i64, schedule = #kernel.schedule<"fourier", {}, "test">} {
^bb0(%x: tensor<4x16x2xf32>):
  %0 = graph.fourier %x {axis = 0 : i64, inverse = false, scale = 1.0 : f64} : (tensor<4x16x2xf32>) -> tensor<4x16x2xf32>
  kernel.yield %0 : tensor<4x16x2xf32>
}

// -----

// By rows of 225 = 9 * 5 * 5, the elements of 16 transforms of 9 are brought together in 16 places each, and stored one after
// another: what the last places hold is written over by the next. The last vector has some elements again.
// CHECK-LABEL: func.func @together_v4
// CHECK:         scf.for %[[P:.*]] = %c0 to %c25 step %c16
// CHECK:           %[[FIRST:.*]] = arith.minsi %[[P]], %c9
// CHECK:           vector.shuffle %{{.*}}, %{{.*}} [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23] : vector<16xf32>, vector<16xf32>
// CHECK-COUNT-32:  vector.store %{{.*}} : memref<?xf32>, vector<16xf32>
// CHECK:         scf.for
kernel.func @together attributes {dims = 0 : i64, schedule = #kernel.schedule<"fourier", {}, "test">} {
^bb0(%x: tensor<225x2xf32>):
  %0 = graph.fourier %x {axis = 0 : i64, inverse = false, scale = 1.0 : f64} : (tensor<225x2xf32>) -> tensor<225x2xf32>
  kernel.yield %0 : tensor<225x2xf32>
}

// -----

// By columns all lanes have the same root, which is spread, and elements are moved by whole vectors.
// CHECK-LABEL: func.func @columns_v4
// CHECK:         scf.for %{{.*}} = %c0 to %c8 step %c1
// CHECK:           %[[ROOT:.*]] = memref.load
// CHECK:           vector.broadcast %[[ROOT]] : f64 to vector<8xf64>
// CHECK:           vector.fma
// CHECK:           vector.store
kernel.func @columns attributes {dims = 0 : i64, schedule = #kernel.schedule<"fourier", {}, "test">} {
^bb0(%x: tensor<64x8x2xf64>):
  %0 = graph.fourier %x {axis = 0 : i64, inverse = false, scale = 1.0 : f64} : (tensor<64x8x2xf64>) -> tensor<64x8x2xf64>
  kernel.yield %0 : tensor<64x8x2xf64>
}
