// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// 16 vectors of 16 are transposed in four rounds of shuffles, of neighbours 8, 4, 2 and 1 apart: here keys on their way
// into panels.
// CHECK-LABEL: func.func @k_v4
// CHECK:         vector.shuffle %{{.*}} [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]
// CHECK:         vector.shuffle %{{.*}} [4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31]
// CHECK:         vector.shuffle %{{.*}} [2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31]
// CHECK:         vector.shuffle %{{.*}} [1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31]
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"attention", {}, "test">} {
^bb0(%q: tensor<1x2x32x64xf32>, %k: tensor<1x2x48x64xf32>, %v: tensor<1x2x48x64xf32>):
  %0 = graph.attention %q, %k, %v {scale = 0.125 : f64} : (tensor<1x2x32x64xf32>, tensor<1x2x48x64xf32>, tensor<1x2x48x64xf32>) -> tensor<1x2x32x64xf32>
  kernel.yield %0 : tensor<1x2x32x64xf32>
}
