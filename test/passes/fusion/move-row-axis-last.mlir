// RUN: quern-opt %s --quern-move-row-axis-last | FileCheck %s

// CHECK: %[[T:.*]] = graph.transpose %{{.*}} {permutation = array<i64: 0, 3, 2, 1>}
// CHECK: %[[S:.*]] = graph.softmax %[[T]] {axis = 3 : i64, log = false}
// CHECK: graph.transpose %[[S]] {permutation = array<i64: 0, 3, 2, 1>}
func.func @main(%x: tensor<1x5x7x9xf32>) -> tensor<1x5x7x9xf32> {
  %0 = graph.softmax %x {axis = 1, log = false} : (tensor<1x5x7x9xf32>) -> tensor<1x5x7x9xf32>
  return %0 : tensor<1x5x7x9xf32>
}
