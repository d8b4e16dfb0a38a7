// RUN: quern-opt %s --split-input-file --quern-split-fourier | FileCheck %s

// A long one becomes rows and columns, of the divisors nearest to its root.
// CHECK-LABEL: func.func @long
// CHECK:         graph.reshape %{{.*}} -> tensor<?x200x250x2xf64
// CHECK:         graph.fourier %{{.*}} {axis = 1 : i64, inverse = true, scale = 1.000000e+00 : f64, turned}
// CHECK:         graph.fourier %{{.*}} {axis = 2 : i64, inverse = true, scale = 5.000000e-01 : f64, transposed} {{.*}} -> tensor<?x250x200x2xf64
// CHECK:         graph.reshape %{{.*}} -> tensor<?x50000x2xf64
func.func @long(%x: tensor<?x50000x2xf64, #graph.dims<["N", "", ""]>>) -> tensor<?x50000x2xf64, #graph.dims<["N", "", ""]>> {
  %0 = graph.fourier %x {axis = 1 : i64, inverse = true, scale = 0.5 : f64} : (tensor<?x50000x2xf64, #graph.dims<["N", "", ""]>>) -> tensor<?x50000x2xf64, #graph.dims<["N", "", ""]>>
  return %0 : tensor<?x50000x2xf64, #graph.dims<["N", "", ""]>>
}

// -----

// A large prime becomes a convolution: the spectrum of its filter is made of a constant.
// CHECK-LABEL: func.func @prime
// CHECK:         %[[FILTER:.*]] = graph.constant dense_resource<{{.*}}> : tensor<128x2xf32>
// CHECK:         graph.fourier %[[FILTER]] {axis = 0
// CHECK:         graph.concat
// CHECK:         graph.fourier %{{.*}} {axis = 1 : i64, inverse = false, {{.*}} -> tensor<3x128x2xf32>
// CHECK:         graph.fourier %{{.*}} {axis = 1 : i64, inverse = true, scale = 7.812500e-03 : f64} {{.*}} -> tensor<3x128x2xf32>
// CHECK:         graph.slice %{{.*}} -> tensor<3x37x2xf32>
func.func @prime(%x: tensor<3x37x2xf32>) -> tensor<3x37x2xf32> {
  %0 = graph.fourier %x {axis = 1 : i64, inverse = false, scale = 1.0 : f64} : (tensor<3x37x2xf32>) -> tensor<3x37x2xf32>
  return %0 : tensor<3x37x2xf32>
}

// -----

// An axis with others behind it is moved to the end where it has no kernel.
// CHECK-LABEL: func.func @front
// CHECK:         graph.transpose %{{.*}} {permutation = array<i64: 1, 0, 2>}
// CHECK:         graph.transpose %{{.*}} {permutation = array<i64: 1, 0, 2>} {{.*}} -> tensor<37x3x2xf32>
func.func @front(%x: tensor<37x3x2xf32>) -> tensor<37x3x2xf32> {
  %0 = graph.fourier %x {axis = 0 : i64, inverse = false, scale = 1.0 : f64} : (tensor<37x3x2xf32>) -> tensor<37x3x2xf32>
  return %0 : tensor<37x3x2xf32>
}

// -----

// Real numbers count as pairs, which are transformed and taken apart.
// CHECK-LABEL: func.func @real
// CHECK:         graph.reshape %{{.*}} -> tensor<32768x2xf32>
// CHECK:         graph.fourier_from_real %{{.*}} {packed, scale = 1.000000e+00 : f64} {{.*}} -> tensor<32769x2xf32>
// CHECK:         graph.fourier_to_real %{{.*}} {packed, scale = 5.000000e-01 : f64} {{.*}} -> tensor<32768x2xf32>
// CHECK:         graph.reshape %{{.*}} -> tensor<65536xf32>
func.func @real(%x: tensor<65536xf32>) -> tensor<65536xf32> {
  %0 = graph.fourier_from_real %x {scale = 1.0 : f64} : (tensor<65536xf32>) -> tensor<32769x2xf32>
  %1 = graph.fourier_to_real %0 {scale = 0.5 : f64} : (tensor<32769x2xf32>) -> tensor<65536xf32>
  return %1 : tensor<65536xf32>
}

// -----

// An odd number of real ones is transformed as complex ones.
// CHECK-LABEL: func.func @odd
// CHECK:         graph.broadcast
// CHECK-NOT:     fourier_from_real
// CHECK:         graph.slice %{{.*}} -> tensor<3x19x2xf32>
// CHECK-NOT:     fourier_to_real
// CHECK:         graph.gather %{{.*}} -> tensor<3x37xf32>
func.func @odd(%x: tensor<3x37xf32>) -> tensor<3x37xf32> {
  %0 = graph.fourier_from_real %x {scale = 1.0 : f64} : (tensor<3x37xf32>) -> tensor<3x19x2xf32>
  %1 = graph.fourier_to_real %0 {scale = 1.0 : f64} : (tensor<3x19x2xf32>) -> tensor<3x37xf32>
  return %1 : tensor<3x37xf32>
}

// -----

// What has a kernel stays.
// CHECK-LABEL: func.func @kernels
// CHECK-NEXT:    graph.fourier %{{.*}} {axis = 0
// CHECK-NEXT:    return
func.func @kernels(%x: tensor<1024x6x2xf32>) -> tensor<1024x6x2xf32> {
  %0 = graph.fourier %x {axis = 0 : i64, inverse = false, scale = 1.0 : f64} : (tensor<1024x6x2xf32>) -> tensor<1024x6x2xf32>
  return %0 : tensor<1024x6x2xf32>
}
