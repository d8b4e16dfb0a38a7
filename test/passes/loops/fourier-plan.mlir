// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// As many passes as there are radices but the last one have roots, two numbers for each but the first of `rest` transforms:
// of 512 = 8 * 8 * 8 these are (7 * 64 + 7 * 8) * 2.
// CHECK: llvm.mlir.global internal constant @doubles_v4_table0({{.*}} : tensor<1008xf64>)
kernel.func @doubles attributes {dims = 0 : i64, schedule = #kernel.schedule<"fourier", {}, "test">} {
^bb0(%x: tensor<512x2xf64>):
  %0 = graph.fourier %x {axis = 0 : i64, inverse = false, scale = 1.0 : f64} : (tensor<512x2xf64>) -> tensor<512x2xf64>
  kernel.yield %0 : tensor<512x2xf64>
}

// -----

// A vector has 16 floats: the first radix is 16, which makes the second pass as wide as that.
// CHECK: llvm.mlir.global internal constant @floats_v4_table0({{.*}} : tensor<480xf32>)
kernel.func @floats attributes {dims = 0 : i64, schedule = #kernel.schedule<"fourier", {}, "test">} {
^bb0(%x: tensor<256x2xf32>):
  %0 = graph.fourier %x {axis = 0 : i64, inverse = false, scale = 1.0 : f64} : (tensor<256x2xf32>) -> tensor<256x2xf32>
  kernel.yield %0 : tensor<256x2xf32>
}

// -----

// A prime is one pass, without roots.
// CHECK-NOT: llvm.mlir.global
// CHECK-LABEL: func.func @prime_v4
kernel.func @prime attributes {dims = 0 : i64, schedule = #kernel.schedule<"fourier", {}, "test">} {
^bb0(%x: tensor<31x2xf32>):
  %0 = graph.fourier %x {axis = 0 : i64, inverse = false, scale = 1.0 : f64} : (tensor<31x2xf32>) -> tensor<31x2xf32>
  kernel.yield %0 : tensor<31x2xf32>
}
