// RUN: quern-opt %s --quern-pack-weights | FileCheck %s

// CHECK: %[[B:.*]] = graph.block %{{.*}} {axis = 1 : i64, size = 16 : i64} : (tensor<2x20xf32>) -> tensor<2x2x16xf32>
// CHECK: %[[P:.*]] = graph.transpose %[[B]] {permutation = array<i64: 1, 0, 2>}
// CHECK: graph.matmul %{{.*}}, %[[P]] {columns = 20 : i64}
// What is data is not packed.
// CHECK: graph.matmul %{{.*}}, %{{.*}} : (tensor<4x2xf32>, tensor<2x20xf32>)
func.func @main(%x: tensor<4x2xf32>, %d: tensor<2x20xf32>) -> (tensor<4x20xf32>, tensor<4x20xf32>) {
  %w = graph.constant dense<1.0> : tensor<2x20xf32>
  %0 = graph.matmul %x, %w : (tensor<4x2xf32>, tensor<2x20xf32>) -> tensor<4x20xf32>
  %1 = graph.matmul %x, %d : (tensor<4x2xf32>, tensor<2x20xf32>) -> tensor<4x20xf32>
  return %0, %1 : tensor<4x20xf32>, tensor<4x20xf32>
}
