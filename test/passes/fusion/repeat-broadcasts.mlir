// RUN: quern-opt %s --quern-form-kernels | FileCheck %s

// The differences of all pairs are larger than both of their operands: each kernel computes its own, none is stored.
// CHECK-LABEL: func.func @pairs
// CHECK:         kernel.region
// CHECK:           graph.sub
// CHECK:           graph.exp
// CHECK:         kernel.region
// CHECK:           graph.sub
// CHECK:           graph.reduce
func.func @pairs(%a: tensor<64x1xf32>, %b: tensor<1x64xf32>) -> (tensor<64x64xf32>, tensor<1x64xf32>) {
  %d = graph.sub %a, %b : (tensor<64x1xf32>, tensor<1x64xf32>) -> tensor<64x64xf32>
  %0 = graph.exp %d : (tensor<64x64xf32>) -> tensor<64x64xf32>
  %1 = graph.reduce %d {axes = array<i64: 0>, kind = #graph<reduction sum>} : (tensor<64x64xf32>) -> tensor<1x64xf32>
  return %0, %1 : tensor<64x64xf32>, tensor<1x64xf32>
}

// An operand that is as large as the result is read once.
// CHECK-LABEL: func.func @shifted
// CHECK-COUNT-1: graph.add
// CHECK-NOT:     graph.add
func.func @shifted(%a: tensor<64x64xf32>, %b: tensor<1x64xf32>) -> (tensor<64x64xf32>, tensor<1x64xf32>) {
  %d = graph.add %a, %b : (tensor<64x64xf32>, tensor<1x64xf32>) -> tensor<64x64xf32>
  %0 = graph.exp %d : (tensor<64x64xf32>) -> tensor<64x64xf32>
  %1 = graph.reduce %d {axes = array<i64: 0>, kind = #graph<reduction sum>} : (tensor<64x64xf32>) -> tensor<1x64xf32>
  return %0, %1 : tensor<64x64xf32>, tensor<1x64xf32>
}
