// RUN: quern-opt %s --quern-simplify-graph --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @first_few
// CHECK-NEXT:    %{{.*}}, %[[I:.*]] = graph.top_k %{{.*}} {{{.*}}} : (tensor<2x100xf32>) -> (tensor<2x10xf32>, tensor<2x10xi64>)
// CHECK-NEXT:    return %[[I]]
func.func @first_few(%x: tensor<2x100xf32>) -> tensor<2x10xi64> {
  %v, %i = graph.top_k %x {axis = 1 : i64, largest = true, sorted = true} : (tensor<2x100xf32>) -> (tensor<2x100xf32>, tensor<2x100xi64>)
  %0 = graph.slice %i {starts = ["0", "0"], steps = array<i64: 1, 1>} : (tensor<2x100xi64>) -> tensor<2x10xi64>
  return %0 : tensor<2x10xi64>
}

// -----

// CHECK-LABEL: func.func @values_and_indices
// CHECK-NEXT:    %[[V:.*]], %[[I:.*]] = graph.top_k {{.*}} -> (tensor<2x10xf32>, tensor<2x10xi64>)
// CHECK-NEXT:    return %[[V]], %[[I]]
func.func @values_and_indices(%x: tensor<2x100xf32>) -> (tensor<2x10xf32>, tensor<2x10xi64>) {
  %v, %i = graph.top_k %x {axis = 1 : i64, largest = false, sorted = true} : (tensor<2x100xf32>) -> (tensor<2x100xf32>, tensor<2x100xi64>)
  %0 = graph.slice %v {starts = ["0", "0"], steps = array<i64: 1, 1>} : (tensor<2x100xf32>) -> tensor<2x10xf32>
  %1 = graph.slice %i {starts = ["0", "0"], steps = array<i64: 1, 1>} : (tensor<2x100xi64>) -> tensor<2x10xi64>
  return %0, %1 : tensor<2x10xf32>, tensor<2x10xi64>
}

// -----

// Others than the first, rows that are left out, or two different counts: all of it is needed.
// CHECK-LABEL: func.func @others
// CHECK-COUNT-3: -> (tensor<2x100xf32>, tensor<2x100xi64>)
func.func @others(%x: tensor<2x100xf32>) -> (tensor<2x10xf32>, tensor<1x10xf32>, tensor<2x10xf32>, tensor<2x20xi64>) {
  %v, %i = graph.top_k %x {axis = 1 : i64, largest = true, sorted = true} : (tensor<2x100xf32>) -> (tensor<2x100xf32>, tensor<2x100xi64>)
  %0 = graph.slice %v {starts = ["0", "90"], steps = array<i64: 1, 1>} : (tensor<2x100xf32>) -> tensor<2x10xf32>
  %v1, %i1 = graph.top_k %0 {axis = 0 : i64, largest = true, sorted = true} : (tensor<2x10xf32>) -> (tensor<2x10xf32>, tensor<2x10xi64>)
  %v2, %i2 = graph.top_k %x {axis = 1 : i64, largest = false, sorted = true} : (tensor<2x100xf32>) -> (tensor<2x100xf32>, tensor<2x100xi64>)
  %1 = graph.slice %v2 {starts = ["0", "0"], steps = array<i64: 1, 1>} : (tensor<2x100xf32>) -> tensor<1x10xf32>
  %v3, %i3 = graph.top_k %x {axis = 1 : i64, largest = true, sorted = false} : (tensor<2x100xf32>) -> (tensor<2x100xf32>, tensor<2x100xi64>)
  %2 = graph.slice %v3 {starts = ["0", "0"], steps = array<i64: 1, 1>} : (tensor<2x100xf32>) -> tensor<2x10xf32>
  %3 = graph.slice %i3 {starts = ["0", "0"], steps = array<i64: 1, 1>} : (tensor<2x100xi64>) -> tensor<2x20xi64>
  return %v1, %1, %2, %3 : tensor<2x10xf32>, tensor<1x10xf32>, tensor<2x10xf32>, tensor<2x20xi64>
}
