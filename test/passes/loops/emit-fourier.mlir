// RUN: quern-opt %s --split-input-file --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Rows of complex numbers: the roots are a table beside the code. The first pass of 64 = 8 * 8 has vectors along the line;
// pairs are taken apart as they are read and put together as they are written.
// CHECK-LABEL: kernel.func @rows attributes {{.*}}tasks = "floordiv(d0 + 255, 256)"
// CHECK:       llvm.mlir.global internal constant @rows_v4_table0({{.*}} : tensor<112xf64>)
// CHECK-LABEL: func.func @rows_v4
// CHECK:         vector.shuffle %{{.*}}, %{{.*}} [0, 2, 4, 6, 8, 10, 12, 14] : vector<8xf64>, vector<8xf64>
// CHECK:         vector.fma
// CHECK:         vector.shuffle %{{.*}}, %{{.*}} [0, 8, 1, 9, 2, 10, 3, 11] : vector<8xf64>, vector<8xf64>
kernel.func @rows attributes {dims = 1 : i64, schedule = #kernel.schedule<"fourier", {}, "test">} {
^bb0(%x: tensor<?x64x2xf64, #graph.dims<["d0", "", ""]>>):
  %0 = graph.fourier %x {axis = 1 : i64, inverse = false, scale = 1.0 : f64} : (tensor<?x64x2xf64, #graph.dims<["d0", "", ""]>>) -> tensor<?x64x2xf64, #graph.dims<["d0", "", ""]>>
  kernel.yield %0 : tensor<?x64x2xf64, #graph.dims<["d0", "", ""]>>
}

// -----

// Columns: a lane has one of its own; the last vectors are masked.
// CHECK-LABEL: func.func @columns_v4
// CHECK:         vector.create_mask
// CHECK:         vector.maskedload
// CHECK:         vector.maskedstore
kernel.func @columns attributes {dims = 0 : i64, schedule = #kernel.schedule<"fourier", {}, "test">} {
^bb0(%x: tensor<64x10x2xf64>):
  %0 = graph.fourier %x {axis = 0 : i64, inverse = true, scale = 1.0 : f64} : (tensor<64x10x2xf64>) -> tensor<64x10x2xf64>
  kernel.yield %0 : tensor<64x10x2xf64>
}

// -----

// Whole vectors of columns need no mask.
// CHECK-LABEL: func.func @whole_v4
// CHECK-NOT:     create_mask
// CHECK:         return
kernel.func @whole attributes {dims = 0 : i64, schedule = #kernel.schedule<"fourier", {}, "test">} {
^bb0(%x: tensor<64x16x2xf64>):
  %0 = graph.fourier %x {axis = 0 : i64, inverse = true, scale = 1.0 : f64} : (tensor<64x16x2xf64>) -> tensor<64x16x2xf64>
  kernel.yield %0 : tensor<64x16x2xf64>
}

// -----

// 512 real numbers are 256 complex ones: two passes of 16, and one over the bins that reads them from both ends.
// CHECK-LABEL: func.func @real_v4
// CHECK:         vector.shuffle %{{.*}}, %{{.*}} [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0] : vector<16xf32>, vector<16xf32>
kernel.func @real attributes {dims = 0 : i64, schedule = #kernel.schedule<"fourier", {}, "test">} {
^bb0(%x: tensor<10x512xf32>):
  %0 = graph.fourier_from_real %x {scale = 1.0 : f64} : (tensor<10x512xf32>) -> tensor<10x257x2xf32>
  kernel.yield %0 : tensor<10x257x2xf32>
}
