// RUN: quern-opt %s --quern-simplify-graph --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @transposed_data
// CHECK-SAME:    %[[X:.*]]: tensor<3x4x8xf32>, %[[Y:.*]]: tensor<5x8xf32>
// CHECK-NEXT:    graph.matmul %[[X]], %[[Y]] {transpose_rhs}
func.func @transposed_data(%x: tensor<3x4x8xf32>, %y: tensor<5x8xf32>) -> tensor<3x4x5xf32> {
  %0 = graph.transpose %y {permutation = array<i64: 1, 0>} : (tensor<5x8xf32>) -> tensor<8x5xf32>
  %1 = graph.matmul %x, %0 : (tensor<3x4x8xf32>, tensor<8x5xf32>) -> tensor<3x4x5xf32>
  return %1 : tensor<3x4x5xf32>
}

// -----

// CHECK-LABEL: func.func @other_transposes
// CHECK-NEXT:    graph.transpose
// CHECK-NEXT:    graph.matmul
// CHECK-NOT:     transpose_rhs
func.func @other_transposes(%x: tensor<4x8xf32>, %y: tensor<5x8x3xf32>) -> tensor<3x4x5xf32> {
  %0 = graph.transpose %y {permutation = array<i64: 2, 1, 0>} : (tensor<5x8x3xf32>) -> tensor<3x8x5xf32>
  %1 = graph.matmul %x, %0 : (tensor<4x8xf32>, tensor<3x8x5xf32>) -> tensor<3x4x5xf32>
  return %1 : tensor<3x4x5xf32>
}

// -----

// CHECK-LABEL: func.func @one_column
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf64, {{.*}}>, %[[Y:.*]]: tensor<8x1xf64>
// CHECK-NEXT:    %[[ROW:.*]] = graph.reshape %[[Y]] : (tensor<8x1xf64>) -> tensor<1x8xf64>
// CHECK-NEXT:    %[[TERMS:.*]] = graph.mul %[[X]], %[[ROW]]
// CHECK-NEXT:    %[[SUMS:.*]] = graph.reduce %[[TERMS]] {axes = array<i64: 1>, kind = #graph<reduction sum>}
// CHECK-NEXT:    return %[[SUMS]]
func.func @one_column(%x: tensor<?x8xf64, #graph.dims<["n", ""]>>, %y: tensor<8x1xf64>) -> tensor<?x1xf64, #graph.dims<["n", ""]>> {
  %0 = graph.matmul %x, %y : (tensor<?x8xf64, #graph.dims<["n", ""]>>, tensor<8x1xf64>) -> tensor<?x1xf64, #graph.dims<["n", ""]>>
  return %0 : tensor<?x1xf64, #graph.dims<["n", ""]>>
}

// -----

// CHECK-LABEL: func.func @one_column_of_columns
// CHECK-SAME:    %[[X:.*]]: tensor<100x8xf32>, %[[Y:.*]]: tensor<100x1xf32>
// CHECK-NEXT:    %[[TERMS:.*]] = graph.mul %[[X]], %[[Y]]
// CHECK-NEXT:    %[[SUMS:.*]] = graph.reduce %[[TERMS]] {axes = array<i64: 0>, kind = #graph<reduction sum>}
// CHECK-NEXT:    %[[TURNED:.*]] = graph.reshape %[[SUMS]] : (tensor<1x8xf32>) -> tensor<8x1xf32>
// CHECK-NEXT:    return %[[TURNED]]
func.func @one_column_of_columns(%x: tensor<100x8xf32>, %y: tensor<100x1xf32>) -> tensor<8x1xf32> {
  %0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<100x8xf32>) -> tensor<8x100xf32>
  %1 = graph.matmul %0, %y : (tensor<8x100xf32>, tensor<100x1xf32>) -> tensor<8x1xf32>
  return %1 : tensor<8x1xf32>
}

// -----

// Narrow floats add up in f32, which a reduction of products would not.
// CHECK-LABEL: func.func @one_narrow_column
// CHECK-NEXT:    graph.matmul
func.func @one_narrow_column(%x: tensor<4x8xf16>, %y: tensor<8x1xf16>) -> tensor<4x1xf16> {
  %0 = graph.matmul %x, %y : (tensor<4x8xf16>, tensor<8x1xf16>) -> tensor<4x1xf16>
  return %0 : tensor<4x1xf16>
}

// -----

// CHECK-LABEL: func.func @one_term
// CHECK-SAME:    %[[X:.*]]: tensor<4x1xi32>, %[[Y:.*]]: tensor<1x5xi32>
// CHECK-NEXT:    graph.mul %[[X]], %[[Y]]
func.func @one_term(%x: tensor<4x1xi32>, %y: tensor<1x5xi32>) -> tensor<4x5xi32> {
  %0 = graph.matmul %x, %y : (tensor<4x1xi32>, tensor<1x5xi32>) -> tensor<4x5xi32>
  return %0 : tensor<4x5xi32>
}
