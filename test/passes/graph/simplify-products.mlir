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

// -----

// CHECK-LABEL: func.func @leading_axes
// CHECK-SAME:    %[[X:.*]]: tensor<?x?x8xf32, {{.*}}>, %[[W:.*]]: tensor<8x6xf32>, %[[B:.*]]: tensor<6xf32>
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %[[X]], %[[W]] {{.*}} -> tensor<?x?x6xf32, #graph.dims<["b", "s", ""]>>
// CHECK-NEXT:    %[[Y:.*]] = graph.add %[[P]], %[[B]]
// CHECK-NEXT:    return %[[Y]]
func.func @leading_axes(%x: tensor<?x?x8xf32, #graph.dims<["b", "s", ""]>>, %w: tensor<8x6xf32>, %b: tensor<6xf32>)
    -> tensor<?x?x6xf32, #graph.dims<["b", "s", ""]>> {
  %0 = graph.reshape %x : (tensor<?x?x8xf32, #graph.dims<["b", "s", ""]>>) -> tensor<?x8xf32, #graph.dims<["b*s", ""]>>
  %1 = graph.matmul %0, %w : (tensor<?x8xf32, #graph.dims<["b*s", ""]>>, tensor<8x6xf32>) -> tensor<?x6xf32, #graph.dims<["b*s", ""]>>
  %2 = graph.add %1, %b : (tensor<?x6xf32, #graph.dims<["b*s", ""]>>, tensor<6xf32>) -> tensor<?x6xf32, #graph.dims<["b*s", ""]>>
  %3 = graph.reshape %2 : (tensor<?x6xf32, #graph.dims<["b*s", ""]>>) -> tensor<?x?x6xf32, #graph.dims<["b", "s", ""]>>
  return %3 : tensor<?x?x6xf32, #graph.dims<["b", "s", ""]>>
}

// -----

// The result has other axes: one reshape stays.
// CHECK-LABEL: func.func @heads
// CHECK-SAME:    %[[X:.*]]: tensor<2x3x8xf32>, %[[W:.*]]: tensor<8x6xf32>
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %[[X]], %[[W]] : (tensor<2x3x8xf32>, tensor<8x6xf32>) -> tensor<2x3x6xf32>
// CHECK-NEXT:    graph.reshape %[[P]] : (tensor<2x3x6xf32>) -> tensor<2x3x2x3xf32>
func.func @heads(%x: tensor<2x3x8xf32>, %w: tensor<8x6xf32>) -> tensor<2x3x2x3xf32> {
  %0 = graph.reshape %x : (tensor<2x3x8xf32>) -> tensor<6x8xf32>
  %1 = graph.matmul %0, %w : (tensor<6x8xf32>, tensor<8x6xf32>) -> tensor<6x6xf32>
  %2 = graph.reshape %1 : (tensor<6x6xf32>) -> tensor<2x3x2x3xf32>
  return %2 : tensor<2x3x2x3xf32>
}

// -----

// A matrix is added: its rows have no such axes.
// CHECK-LABEL: func.func @matrix_added
// CHECK:         graph.matmul {{.*}} -> tensor<6x6xf32>
func.func @matrix_added(%x: tensor<2x3x8xf32>, %w: tensor<8x6xf32>, %b: tensor<6x6xf32>) -> tensor<2x3x6xf32> {
  %0 = graph.reshape %x : (tensor<2x3x8xf32>) -> tensor<6x8xf32>
  %1 = graph.matmul %0, %w : (tensor<6x8xf32>, tensor<8x6xf32>) -> tensor<6x6xf32>
  %2 = graph.add %1, %b : (tensor<6x6xf32>, tensor<6x6xf32>) -> tensor<6x6xf32>
  %3 = graph.reshape %2 : (tensor<6x6xf32>) -> tensor<2x3x6xf32>
  return %3 : tensor<2x3x6xf32>
}

// -----

// PyTorch's matmul makes one axis of batch and heads.
// CHECK-LABEL: func.func @batch_axes
// CHECK-SAME:    %[[X:.*]]: tensor<?x2x4x8xf32, {{.*}}>, %[[Y:.*]]: tensor<?x2x8x6xf32, {{.*}}>
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %[[X]], %[[Y]] {{.*}} -> tensor<?x2x4x6xf32, #graph.dims<["b", "", "", ""]>>
// CHECK-NEXT:    return %[[P]]
func.func @batch_axes(%x: tensor<?x2x4x8xf32, #graph.dims<["b", "", "", ""]>>, %y: tensor<?x2x8x6xf32, #graph.dims<["b", "", "", ""]>>)
    -> tensor<?x2x4x6xf32, #graph.dims<["b", "", "", ""]>> {
  %0 = graph.reshape %x : (tensor<?x2x4x8xf32, #graph.dims<["b", "", "", ""]>>) -> tensor<?x4x8xf32, #graph.dims<["2*b", "", ""]>>
  %1 = graph.reshape %y : (tensor<?x2x8x6xf32, #graph.dims<["b", "", "", ""]>>) -> tensor<?x8x6xf32, #graph.dims<["2*b", "", ""]>>
  %2 = graph.matmul %0, %1 : (tensor<?x4x8xf32, #graph.dims<["2*b", "", ""]>>, tensor<?x8x6xf32, #graph.dims<["2*b", "", ""]>>) -> tensor<?x4x6xf32, #graph.dims<["2*b", "", ""]>>
  %3 = graph.reshape %2 : (tensor<?x4x6xf32, #graph.dims<["2*b", "", ""]>>) -> tensor<?x2x4x6xf32, #graph.dims<["b", "", "", ""]>>
  return %3 : tensor<?x2x4x6xf32, #graph.dims<["b", "", "", ""]>>
}

// -----

// The result goes on with other axes; the transposition joins the product.
// CHECK-LABEL: func.func @batch_axes_then_others
// CHECK-SAME:    %[[X:.*]]: tensor<1x2x4x8xf32>, %[[Y:.*]]: tensor<1x2x6x8xf32>
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %[[X]], %[[Y]] {transpose_rhs} : {{.*}} -> tensor<1x2x4x6xf32>
// CHECK-NEXT:    graph.reshape %[[P]] : (tensor<1x2x4x6xf32>) -> tensor<1x8x3x2xf32>
func.func @batch_axes_then_others(%x: tensor<1x2x4x8xf32>, %y: tensor<1x2x6x8xf32>) -> tensor<1x8x3x2xf32> {
  %t = graph.transpose %y {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x2x6x8xf32>) -> tensor<1x2x8x6xf32>
  %0 = graph.reshape %x : (tensor<1x2x4x8xf32>) -> tensor<2x4x8xf32>
  %1 = graph.reshape %t : (tensor<1x2x8x6xf32>) -> tensor<2x8x6xf32>
  %2 = graph.matmul %0, %1 : (tensor<2x4x8xf32>, tensor<2x8x6xf32>) -> tensor<2x4x6xf32>
  %3 = graph.reshape %2 : (tensor<2x4x6xf32>) -> tensor<1x8x3x2xf32>
  return %3 : tensor<1x8x3x2xf32>
}

// -----

// The batches had other axes, or parts of their matrices went into the batch.
// CHECK-LABEL: func.func @other_batch_axes
// CHECK-COUNT-2: graph.matmul {{.*}} -> tensor<6x4x6xf32>
func.func @other_batch_axes(%x: tensor<2x3x4x8xf32>, %y: tensor<3x2x8x6xf32>, %z: tensor<2x3x8x4xf32>)
    -> (tensor<2x3x4x6xf32>, tensor<2x3x4x6xf32>) {
  %0 = graph.reshape %x : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %1 = graph.reshape %y : (tensor<3x2x8x6xf32>) -> tensor<6x8x6xf32>
  %2 = graph.matmul %0, %1 : (tensor<6x4x8xf32>, tensor<6x8x6xf32>) -> tensor<6x4x6xf32>
  %3 = graph.reshape %2 : (tensor<6x4x6xf32>) -> tensor<2x3x4x6xf32>
  %4 = graph.reshape %z : (tensor<2x3x8x4xf32>) -> tensor<6x4x8xf32>
  %5 = graph.matmul %4, %1 : (tensor<6x4x8xf32>, tensor<6x8x6xf32>) -> tensor<6x4x6xf32>
  %6 = graph.reshape %5 : (tensor<6x4x6xf32>) -> tensor<2x3x4x6xf32>
  return %3, %6 : tensor<2x3x4x6xf32>, tensor<2x3x4x6xf32>
}

// -----

// A power of two scales the product as well as an operand that is given; other numbers would round otherwise.
// CHECK-LABEL: func.func @scale_behind
// CHECK-SAME:    %[[X:.*]]: tensor<4x8xf64>, %[[Y:.*]]: tensor<8x6xf64>
// CHECK:         %[[P:.*]] = graph.matmul %[[X]], %[[Y]]
// CHECK-NEXT:    %[[TWICE:.*]] = graph.mul %[[P]], %{{.*}} : (tensor<4x6xf64>, tensor<f64>)
// CHECK:         %[[Z:.*]] = graph.mul %{{.*}}, %[[X]]
// CHECK-NEXT:    graph.matmul %[[Z]], %[[Y]]
func.func @scale_behind(%x: tensor<4x8xf64>, %y: tensor<8x6xf64>) -> (tensor<4x6xf64>, tensor<4x6xf64>) {
  %two = graph.constant dense<2.0> : tensor<f64>
  %three = graph.constant dense<3.0> : tensor<f64>
  %0 = graph.mul %two, %x : (tensor<f64>, tensor<4x8xf64>) -> tensor<4x8xf64>
  %1 = graph.matmul %0, %y : (tensor<4x8xf64>, tensor<8x6xf64>) -> tensor<4x6xf64>
  %2 = graph.mul %three, %x : (tensor<f64>, tensor<4x8xf64>) -> tensor<4x8xf64>
  %3 = graph.matmul %2, %y : (tensor<4x8xf64>, tensor<8x6xf64>) -> tensor<4x6xf64>
  return %1, %3 : tensor<4x6xf64>, tensor<4x6xf64>
}

// -----

// One row times data is a sum down its columns, of which a kernel adds up several vectors at a time.
// CHECK-LABEL: func.func @row
// CHECK:         %[[COLUMN:.*]] = graph.reshape %{{.*}} : (tensor<1x64xf32>) -> tensor<64x1xf32>
// CHECK-NEXT:    %[[TERMS:.*]] = graph.mul %{{.*}}, %[[COLUMN]]
// CHECK-NEXT:    graph.reduce %[[TERMS]] {axes = array<i64: 0>, kind = #graph<reduction sum>} : (tensor<64x48xf32>) -> tensor<1x48xf32>
func.func @row(%x: tensor<1x64xf32>, %y: tensor<64x48xf32>) -> tensor<1x48xf32> {
  %0 = graph.matmul %x, %y : (tensor<1x64xf32>, tensor<64x48xf32>) -> tensor<1x48xf32>
  return %0 : tensor<1x48xf32>
}

// -----

// Turned data is summed along its rows.
// CHECK-LABEL: func.func @row_of_turned
// CHECK:         %[[TERMS:.*]] = graph.mul %{{.*}}, %{{.*}} : (tensor<48x64xf32>, tensor<1x64xf32>) -> tensor<48x64xf32>
// CHECK-NEXT:    %[[SUMS:.*]] = graph.reduce %[[TERMS]] {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<48x64xf32>) -> tensor<48x1xf32>
// CHECK-NEXT:    graph.reshape %[[SUMS]] : (tensor<48x1xf32>) -> tensor<1x48xf32>
func.func @row_of_turned(%x: tensor<1x64xf32>, %y: tensor<48x64xf32>) -> tensor<1x48xf32> {
  %0 = graph.transpose %y {permutation = array<i64: 1, 0>} : (tensor<48x64xf32>) -> tensor<64x48xf32>
  %1 = graph.matmul %x, %0 : (tensor<1x64xf32>, tensor<64x48xf32>) -> tensor<1x48xf32>
  return %1 : tensor<1x48xf32>
}

// -----

// A weight stays a product's: it is packed when the model is compiled.
// CHECK-LABEL: func.func @row_of_weight
// CHECK:         graph.matmul
func.func @row_of_weight(%x: tensor<1x64xf32>) -> tensor<1x48xf32> {
  %0 = graph.constant dense<1.0> : tensor<64x48xf32>
  %1 = graph.matmul %x, %0 : (tensor<1x64xf32>, tensor<64x48xf32>) -> tensor<1x48xf32>
  return %1 : tensor<1x48xf32>
}

// -----

// Of two factors, the one with few columns is turned, and so is the product: the other is read as it lies.
// CHECK-LABEL: func.func @few_columns
// CHECK-SAME:    %[[X:.*]]: tensor<?x?xf32, {{.*}}>, %[[Y:.*]]: tensor<?x2xf32, {{.*}}>
// CHECK-NEXT:    %[[ROWS:.*]] = graph.transpose %[[Y]]
// CHECK-NEXT:    %[[PRODUCT:.*]] = graph.matmul %[[ROWS]], %[[X]] : {{.*}} -> tensor<2x?xf32
// CHECK-NEXT:    graph.transpose %[[PRODUCT]]
// CHECK-NOT:     graph.transpose
func.func @few_columns(%x: tensor<?x?xf32, #graph.dims<["n", "m"]>>, %y: tensor<?x2xf32, #graph.dims<["n", ""]>>)
    -> tensor<?x2xf32, #graph.dims<["m", ""]>> {
  %0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<?x?xf32, #graph.dims<["n", "m"]>>) -> tensor<?x?xf32, #graph.dims<["m", "n"]>>
  %1 = graph.matmul %0, %y : (tensor<?x?xf32, #graph.dims<["m", "n"]>>, tensor<?x2xf32, #graph.dims<["n", ""]>>) -> tensor<?x2xf32, #graph.dims<["m", ""]>>
  return %1 : tensor<?x2xf32, #graph.dims<["m", ""]>>
}

// -----

// CHECK-LABEL: func.func @many_columns
// CHECK-NEXT:    graph.transpose
// CHECK-NEXT:    graph.matmul
// CHECK-NEXT:    return
func.func @many_columns(%x: tensor<30x20xf32>, %y: tensor<30x40xf32>) -> tensor<20x40xf32> {
  %0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<30x20xf32>) -> tensor<20x30xf32>
  %1 = graph.matmul %0, %y : (tensor<20x30xf32>, tensor<30x40xf32>) -> tensor<20x40xf32>
  return %1 : tensor<20x40xf32>
}

// -----

// Of two with few columns neither is turned sooner.
// CHECK-LABEL: func.func @few_of_both
// CHECK-NEXT:    graph.transpose
// CHECK-NEXT:    graph.matmul
// CHECK-NEXT:    return
func.func @few_of_both(%x: tensor<30x3xf32>, %y: tensor<30x2xf32>) -> tensor<3x2xf32> {
  %0 = graph.transpose %x {permutation = array<i64: 1, 0>} : (tensor<30x3xf32>) -> tensor<3x30xf32>
  %1 = graph.matmul %0, %y : (tensor<3x30xf32>, tensor<30x2xf32>) -> tensor<3x2xf32>
  return %1 : tensor<3x2xf32>
}
