// Ops on constants become constants; what only grows them stays.
// RUN: quern-opt --quern-fold-constants %s | FileCheck %s

// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<3x2xi32>, tensor<1xi64>, tensor<128x128xf32>, tensor<i64>) {
  // Chains fold from their beginning.
  // CHECK-DAG: %[[SUM:.+]] = graph.constant dense<{{\[\[}}3.000000e+00, 5.000000e+00, 7.000000e+00], [6.000000e+00, 8.000000e+00, 1.000000e+01]]> : tensor<2x3xf32>
  %a = graph.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %b = graph.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %c = graph.add %b, %one : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  %sum = graph.add %a, %c : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %y = graph.mul %x, %sum : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>

  // Floats are truncated on their way to integers.
  // CHECK-DAG: %[[TRANSPOSED:.+]] = graph.constant dense<{{\[\[}}1, 4], [2, 5], [3, 6]]> : tensor<3x2xi32>
  %t = graph.transpose %a {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %i = graph.cast %t : (tensor<3x2xf32>) -> tensor<3x2xi32>

  // CHECK-DAG: %[[LAST:.+]] = graph.constant dense<9> : tensor<1xi64>
  %list = graph.constant dense<[7, 8, 9]> : tensor<3xi64>
  %last = graph.slice %list {starts = ["2"], steps = array<i64: 1>} : (tensor<3xi64>) -> tensor<1xi64>

  // A matrix of one number is cheaper to make than to load.
  // CHECK-DAG: %[[WIDE:.+]] = graph.broadcast %{{.+}} : (tensor<f32>) -> tensor<128x128xf32>
  %wide = graph.broadcast %one : (tensor<f32>) -> tensor<128x128xf32>

  // A division by zero is left to the run, which reports it.
  // CHECK-DAG: %[[QUOTIENT:.+]] = graph.div
  %n = graph.constant dense<4> : tensor<i64>
  %zero = graph.constant dense<0> : tensor<i64>
  %quotient = graph.div %n, %zero : (tensor<i64>, tensor<i64>) -> tensor<i64>

  // CHECK-DAG: %[[Y:.+]] = graph.mul %{{.+}}, %[[SUM]]
  // CHECK: return %[[Y]], %[[TRANSPOSED]], %[[LAST]], %[[WIDE]], %[[QUOTIENT]]
  return %y, %i, %last, %wide, %quotient : tensor<2x3xf32>, tensor<3x2xi32>, tensor<1xi64>, tensor<128x128xf32>, tensor<i64>
}

// Products of constants in either orientation of the right side, and of stacks.
// CHECK-LABEL: func.func @products
func.func @products() -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x1x1xf32>) {
  // CHECK-DAG: graph.constant dense<{{\[\[}}9.000000e+00, 1.200000e+01, 1.500000e+01], [1.900000e+01, 2.600000e+01, 3.300000e+01]]> : tensor<2x3xf32>
  // CHECK-DAG: graph.constant dense<{{\[\[}}5.000000e+00, 1.100000e+01, 1.700000e+01], [1.100000e+01, 2.500000e+01, 3.900000e+01]]> : tensor<2x3xf32>
  // CHECK-DAG: graph.constant dense<{{\[\[}}[1.100000e+01]], {{\[\[}}2.500000e+01]]]> : tensor<2x1x1xf32>
  // CHECK-NOT: graph.matmul
  %a = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %b = graph.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %c = graph.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %d = graph.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  %e = graph.constant dense<[[3.0], [4.0]]> : tensor<2x1xf32>
  %0 = graph.matmul %a, %b : (tensor<2x2xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = graph.matmul %a, %c {transpose_rhs} : (tensor<2x2xf32>, tensor<3x2xf32>) -> tensor<2x3xf32>
  %2 = graph.matmul %d, %e : (tensor<2x1x2xf32>, tensor<2x1xf32>) -> tensor<2x1x1xf32>
  return %0, %1, %2 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x1x1xf32>
}
