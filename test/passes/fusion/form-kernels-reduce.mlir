// RUN: quern-opt %s --split-input-file --quern-form-kernels | FileCheck %s

// A product along the first axis is computed where it is summed; so is what follows the sum.
// CHECK-LABEL: func.func @main
// CHECK: kernel.region
// CHECK: graph.mul
// CHECK: graph.reduce
// CHECK: graph.sub
// CHECK: kernel.yield
// CHECK-NOT: kernel.region
// CHECK: return
func.func @main(%x: tensor<100x32xf64>, %r: tensor<100x1xf64>, %w: tensor<1x32xf64>) -> tensor<1x32xf64> {
  %0 = graph.mul %x, %r : (tensor<100x32xf64>, tensor<100x1xf64>) -> tensor<100x32xf64>
  %1 = graph.reduce %0 {axes = array<i64: 0>, kind = #graph<reduction sum>} : (tensor<100x32xf64>) -> tensor<1x32xf64>
  %2 = graph.sub %w, %1 : (tensor<1x32xf64>, tensor<1x32xf64>) -> tensor<1x32xf64>
  return %2 : tensor<1x32xf64>
}

// -----

// An exponential is not: the sum has one task, the exponentials have many.
// CHECK-LABEL: func.func @main
// CHECK: kernel.region
// CHECK: graph.exp
// CHECK: kernel.yield
// CHECK: kernel.region "reduce" {{.*}}it has few results: what takes long is computed by more threads than it has tasks
// CHECK: graph.reduce
func.func @main(%x: tensor<100x32xf32>) -> tensor<1x32xf32> {
  %0 = graph.exp %x : (tensor<100x32xf32>) -> tensor<100x32xf32>
  %1 = graph.reduce %0 {axes = array<i64: 0>, kind = #graph<reduction sum>} : (tensor<100x32xf32>) -> tensor<1x32xf32>
  return %1 : tensor<1x32xf32>
}

// -----

// A result that others read too is kept.
// CHECK-LABEL: func.func @main
// CHECK: kernel.region "add"
// CHECK: kernel.region "reduce" {{.*}}others read that result too
func.func @main(%x: tensor<100x32xf32>) -> (tensor<100x32xf32>, tensor<1x32xf32>) {
  %0 = graph.add %x, %x : (tensor<100x32xf32>, tensor<100x32xf32>) -> tensor<100x32xf32>
  %1 = graph.reduce %0 {axes = array<i64: 0>, kind = #graph<reduction sum>} : (tensor<100x32xf32>) -> tensor<1x32xf32>
  return %0, %1 : tensor<100x32xf32>, tensor<1x32xf32>
}
