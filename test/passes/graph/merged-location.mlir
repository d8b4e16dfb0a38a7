// RUN: quern-opt %s --quern-simplify-graph --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

// One op that takes the place of several carries the names of all of them, so that errors and profiles still find the
// model's nodes.
// CHECK: graph.layer_norm {{.*}} loc(fused["ReduceMean_1", "Sub_2", "Mul_3", "ReduceMean_4", "Add_5", "Sqrt_6", "Div_7"])
func.func @main(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %eps = graph.constant dense<1.0e-05> : tensor<f32>
  %0 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction mean>} : (tensor<2x8xf32>) -> tensor<2x1xf32> loc("ReduceMean_1")
  %1 = graph.sub %x, %0 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32> loc("Sub_2")
  %2 = graph.mul %1, %1 : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32> loc("Mul_3")
  %3 = graph.reduce %2 {axes = array<i64: 1>, kind = #graph<reduction mean>} : (tensor<2x8xf32>) -> tensor<2x1xf32> loc("ReduceMean_4")
  %4 = graph.add %3, %eps : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32> loc("Add_5")
  %5 = graph.sqrt %4 : (tensor<2x1xf32>) -> tensor<2x1xf32> loc("Sqrt_6")
  %6 = graph.div %1, %5 : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32> loc("Div_7")
  return %6 : tensor<2x8xf32>
}
