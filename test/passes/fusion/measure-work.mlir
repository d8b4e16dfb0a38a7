// RUN: quern-opt %s --quern-form-kernels --quern-measure-work --split-input-file | FileCheck %s

// 2 * 4 * 8 * 16 operations of the matmul, one for each element of the sum. The operands and the bias are read and
// the result is written once; of these the bias is the model's own.
// CHECK-LABEL: func.func @main
// CHECK: kernel.region "matmul" {{.*}}kernel.boundary = "no kernel before it makes what it reads"
// CHECK-SAME: kernel.bytes = "960", kernel.flops = "1088", kernel.multiply_adds = "1024", kernel.weight_bytes = "64"
// CHECK: kernel.region "transpose" {{.*}}kernel.boundary = "transpose after matmul: only elementwise operators are computed on the results of a contraction or pooling"
// CHECK-SAME: kernel.bytes = "512", kernel.flops = "0", kernel.multiply_adds = "0", kernel.weight_bytes = "0"
func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>) -> tensor<16x4xf32> {
  %b = graph.constant dense<[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0]> : tensor<16xf32>
  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %1 = graph.add %0, %b : (tensor<4x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
  %2 = graph.transpose %1 {permutation = array<i64: 1, 0>} : (tensor<4x16xf32>) -> tensor<16x4xf32>
  return %2 : tensor<16x4xf32>
}

// -----

// Amounts are expressions over the symbols.
// CHECK-LABEL: func.func @main
// CHECK: kernel.bytes = "64*batch", kernel.flops = "8*batch", kernel.multiply_adds = "0", kernel.weight_bytes = "0"
func.func @main(%x: tensor<?x8xf32, #graph.dims<["batch", ""]>>) -> tensor<?x8xf32, #graph.dims<["batch", ""]>> {
  %0 = graph.exp %x : (tensor<?x8xf32, #graph.dims<["batch", ""]>>) -> tensor<?x8xf32, #graph.dims<["batch", ""]>>
  return %0 : tensor<?x8xf32, #graph.dims<["batch", ""]>>
}

// -----

// A gather reads the rows that it picks, not the table; channels that fill up a block do not count in a convolution.
// CHECK-LABEL: func.func @main
// CHECK: kernel.region "gather" {{.*}}kernel.bytes = "272", kernel.flops = "0"
// CHECK: kernel.region "conv" {{.*}}kernel.flops = "98304"
func.func @main(%table: tensor<1000x16xf32>, %rows: tensor<2xi64>, %x: tensor<1x2x8x8x16xf32>, %w: tensor<2x2x1x1x16x16xf32>) -> (tensor<2x16xf32>, tensor<1x2x8x8x16xf32>) {
  %0 = graph.gather %table, %rows {axis = 0} : (tensor<1000x16xf32>, tensor<2xi64>) -> tensor<2x16xf32>
  %1 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1, blocked_input, blocked_output,
                          channels = 32, kernel = array<i64: 1, 1>, input_channels = 24 : i64} : (tensor<1x2x8x8x16xf32>, tensor<2x2x1x1x16x16xf32>) -> tensor<1x2x8x8x16xf32>
  return %0, %1 : tensor<2x16xf32>, tensor<1x2x8x8x16xf32>
}

// -----

// Taps on padding belong to the definition, but no kernel needs them: along each axis 24 taps, two of them outside.
// CHECK-LABEL: func.func @main
// CHECK: kernel.flops = "4608", kernel.multiply_adds = "3872"
func.func @main(%x: tensor<1x2x8x8xf32>, %w: tensor<2x2x3x3xf32>) -> tensor<1x2x8x8xf32> {
  %0 = graph.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, group = 1} : (tensor<1x2x8x8xf32>, tensor<2x2x3x3xf32>) -> tensor<1x2x8x8xf32>
  return %0 : tensor<1x2x8x8xf32>
}

// -----

// A transform of n complex numbers counts 5 n log2 n operations, whatever its passes do; of real numbers half of that.
// CHECK-LABEL: func.func @main
// CHECK: kernel.region "fourier" {{.*}}kernel.flops = "800*N"
// CHECK: kernel.region "fourier_from_real" {{.*}}kernel.flops = "960"
func.func @main(%x: tensor<?x32x2xf32, #graph.dims<["N", "", ""]>>, %y: tensor<64xf32>) -> (tensor<?x32x2xf32, #graph.dims<["N", "", ""]>>, tensor<33x2xf32>) {
  %0 = graph.fourier %x {axis = 1 : i64, inverse = false, scale = 1.0 : f64} : (tensor<?x32x2xf32, #graph.dims<["N", "", ""]>>) -> tensor<?x32x2xf32, #graph.dims<["N", "", ""]>>
  %1 = graph.fourier_from_real %y {scale = 1.0 : f64} : (tensor<64xf32>) -> tensor<33x2xf32>
  return %0, %1 : tensor<?x32x2xf32, #graph.dims<["N", "", ""]>>, tensor<33x2xf32>
}

// -----

// Two thirds of n^3 for the factors of each matrix, n^2 for each column of a right side.
// CHECK-LABEL: func.func @main
// CHECK: kernel.region "lu" {{.*}}kernel.flops = "2000", kernel.multiply_adds = "2000"
// CHECK: kernel.region "triangular_solve" {{.*}}kernel.flops = "400"
// CHECK: kernel.region "cholesky" {{.*}}kernel.flops = "1333"
func.func @main(%a: tensor<3x10x10xf32>, %b: tensor<1x10x4xf32>, %c: tensor<10x10xf32>, %d: tensor<10x10xf32>) -> (tensor<3x10x10xf32>, tensor<1x10x4xf32>, tensor<10x10xf32>, tensor<10x10xf32>) {
  %0, %e, %o = graph.lu %a : (tensor<3x10x10xf32>) -> (tensor<3x10x10xf32>, tensor<3x10xi64>, tensor<3x10xi64>)
  %c3 = graph.reshape %c : (tensor<10x10xf32>) -> tensor<1x10x10xf32>
  %1 = graph.triangular_solve %c3, %b {lower = true, transpose = false, unit = false} : (tensor<1x10x10xf32>, tensor<1x10x4xf32>) -> tensor<1x10x4xf32>
  %2, %3 = graph.cholesky %c, %d : (tensor<10x10xf32>, tensor<10x10xf32>) -> (tensor<10x10xf32>, tensor<10x10xf32>)
  return %0, %1, %2, %3 : tensor<3x10x10xf32>, tensor<1x10x4xf32>, tensor<10x10xf32>, tensor<10x10xf32>
}
