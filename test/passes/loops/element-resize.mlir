// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// With extents known, the places and weights of the taps are constants: two gathers and one sum of products.
// CHECK-LABEL: func.func @linear_v4
// CHECK-DAG:   %[[LOW:.*]] = arith.constant dense<[0, 0, 0, 1, 1, 2, 2, 3,
// CHECK-DAG:   %[[HIGH:.*]] = arith.constant dense<[0, 1, 1, 2, 2, 3, 3, 3,
// CHECK:       vector.gather %{{.*}} [%[[LOW]]]
// CHECK:       vector.gather %{{.*}} [%[[HIGH]]]
kernel.func @linear attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<1x4x4xf32>):
  %0 = graph.resize %x {antialias = false, coordinates = "half_pixel", cubic_coeff = -0.75 : f64, exclude_outside = false, extrapolation = 0.0 : f64, mode = "linear", nearest = "floor", scales = array<f64: 1.0, 1.0, 2.0>} : (tensor<1x4x4xf32>) -> tensor<1x4x8xf32>
  kernel.yield %0 : tensor<1x4x8xf32>
}
