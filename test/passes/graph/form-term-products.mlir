// RUN: quern-opt %s --quern-simplify-graph --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @product
// CHECK-SAME:    %[[X:[^:]*]]: {{.*}}, %[[T:[^:]*]]: tensor<111xui8>, %[[F:[^:]*]]: tensor<2xf64>
// CHECK:         %[[W:.*]] = graph.constant
// CHECK-NEXT:    text.term_product %[[X]], %[[T]], %[[W]], %[[F]] {analyzer = "word", {{.*}}norm = "l2", {{.*}}} : {{.*}} -> tensor<?x1xf64
// CHECK-NEXT:    return
func.func @product(%x: tensor<?x!text.string, #graph.dims<["N"]>>, %t: tensor<111xui8>, %f: tensor<2xf64>) -> tensor<?x1xf64, #graph.dims<["N", ""]>> {
  %w = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf64>
  %0 = text.terms %x, %t, %f {analyzer = "word", binary = false, least_letters = 2 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 1 : i64, norm = "l2", sublinear = false, terms = 2 : i64} : (tensor<?x!text.string, #graph.dims<["N"]>>, tensor<111xui8>, tensor<2xf64>) -> tensor<?x2xf64, #graph.dims<["N", ""]>>
  %1 = graph.matmul %0, %w : (tensor<?x2xf64, #graph.dims<["N", ""]>>, tensor<2x1xf64>) -> tensor<?x1xf64, #graph.dims<["N", ""]>>
  return %1 : tensor<?x1xf64, #graph.dims<["N", ""]>>
}

// -----

// Counts are the same numbers as integers.
// CHECK-LABEL: func.func @counts
// CHECK:         graph.cast %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf64>
// CHECK-NEXT:    %[[P:.*]] = text.term_product
// CHECK-NEXT:    graph.cast %[[P]] : (tensor<4x3xf64>) -> tensor<4x3xf32>
func.func @counts(%x: tensor<4x!text.string>, %t: tensor<111xui8>) -> tensor<4x3xf32> {
  %w = graph.constant dense<1.5> : tensor<2x3xf32>
  %0 = text.terms %x, %t {analyzer = "char", binary = false, least_letters = 1 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 2 : i64, norm = "none", sublinear = false, terms = 2 : i64} : (tensor<4x!text.string>, tensor<111xui8>) -> tensor<4x2xf64>
  %1 = graph.cast %0 : (tensor<4x2xf64>) -> tensor<4x2xi64>
  %2 = graph.cast %1 : (tensor<4x2xi64>) -> tensor<4x2xf32>
  %3 = graph.matmul %2, %w : (tensor<4x2xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  return %3 : tensor<4x3xf32>
}

// -----

// Other values are cut off as integers.
// CHECK-LABEL: func.func @cut_off
// CHECK-NOT:     text.term_product
// CHECK:         graph.matmul
func.func @cut_off(%x: tensor<4x!text.string>, %t: tensor<111xui8>) -> tensor<4x3xf32> {
  %w = graph.constant dense<1.5> : tensor<2x3xf32>
  %0 = text.terms %x, %t {analyzer = "char", binary = false, least_letters = 1 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 2 : i64, norm = "l1", sublinear = false, terms = 2 : i64} : (tensor<4x!text.string>, tensor<111xui8>) -> tensor<4x2xf64>
  %1 = graph.cast %0 : (tensor<4x2xf64>) -> tensor<4x2xi64>
  %2 = graph.cast %1 : (tensor<4x2xi64>) -> tensor<4x2xf32>
  %3 = graph.matmul %2, %w : (tensor<4x2xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  return %3 : tensor<4x3xf32>
}

// -----

// CHECK-LABEL: func.func @beside_others
// CHECK-NOT:     graph.concat
// CHECK:         graph.slice %{{.*}} {starts = ["0", "0"], {{.*}} -> tensor<2x3xf64>
// CHECK:         text.term_product
// CHECK:         graph.slice %{{.*}} {starts = ["2", "0"], {{.*}} -> tensor<5x3xf64>
// CHECK:         graph.matmul
// CHECK:         graph.add
func.func @beside_others(%x: tensor<4x!text.string>, %t: tensor<111xui8>, %y: tensor<4x5xf64>) -> tensor<4x3xf64> {
  %w = graph.constant dense<1.5> : tensor<7x3xf64>
  %0 = text.terms %x, %t {analyzer = "word", binary = false, least_letters = 1 : i64, least_n = 1 : i64, longest = 4 : i64, lowercase = true, most_n = 2 : i64, norm = "none", sublinear = false, terms = 2 : i64} : (tensor<4x!text.string>, tensor<111xui8>) -> tensor<4x2xf64>
  %1 = graph.concat %0, %y {axis = 1 : i64} : (tensor<4x2xf64>, tensor<4x5xf64>) -> tensor<4x7xf64>
  %2 = graph.matmul %1, %w : (tensor<4x7xf64>, tensor<7x3xf64>) -> tensor<4x3xf64>
  return %2 : tensor<4x3xf64>
}
