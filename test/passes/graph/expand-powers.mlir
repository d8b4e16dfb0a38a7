// RUN: quern-opt %s --quern-simplify-graph --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @powers
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>
// CHECK:         %[[SQUARE:.*]] = graph.mul %[[X]], %[[X]]
// CHECK:         %[[CUBE:.*]] = graph.mul %[[SQUARE]], %[[X]]
// CHECK:         %[[ROOT:.*]] = graph.sqrt %[[X]]
// CHECK:         return %[[SQUARE]], %[[CUBE]], %[[ROOT]]
func.func @powers(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %two = graph.constant dense<2.0> : tensor<f32>
  %three = graph.constant dense<3.0> : tensor<f32>
  %half = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.pow %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.pow %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = graph.pow %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @half_powers
// CHECK-SAME:    %[[X:.*]]: tensor<4xf32>
// CHECK:         %[[ROOT:.*]] = graph.sqrt %[[X]]
// CHECK:         %[[POWER:.*]] = graph.mul %[[X]], %[[ROOT]]
// CHECK:         %[[END:.*]] = graph.is_inf %[[X]] {negative = true, positive = false}
// CHECK:         graph.select %[[END]], %{{.*}}, %[[POWER]]
// CHECK:         %[[ONE:.*]] = graph.div %{{.*}}, %[[ROOT]]
// CHECK:         %[[POWER:.*]] = graph.div %[[ONE]], %[[X]]
// CHECK:         graph.select %[[END]], %{{.*}}, %[[POWER]]
// CHECK-NOT:     graph.pow
func.func @half_powers(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %up = graph.constant dense<1.5> : tensor<f32>
  %down = graph.constant dense<-1.5> : tensor<f32>
  %0 = graph.pow %x, %up : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.pow %x, %down : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}
