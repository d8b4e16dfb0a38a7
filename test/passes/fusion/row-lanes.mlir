// RUN: quern-opt %s --split-input-file --quern-form-kernels --quern-select-schedule=target=x86-64-v4 | FileCheck %s
// RUN: quern-opt %s --split-input-file --quern-form-kernels=row-lanes=false | FileCheck %s --check-prefix=OFF

// A product that rows are reduced behind, a view of the result, and a table of labels: one kernel.
// CHECK-LABEL: func.func @main
// CHECK:         kernel.region {{.*}}row_lanes{{.*}}schedule = #kernel.schedule<"row_lanes", {task_rows = {{[0-9]+}} : i64}
// CHECK:           graph.matmul
// CHECK:           graph.sub
// CHECK:           graph.arg_reduce
// CHECK:           graph.reshape
// CHECK:           graph.gather
// CHECK:           kernel.yield
// CHECK-NOT:     kernel.region
// CHECK:         return
// OFF-NOT: row_lanes
func.func @main(%x: tensor<?x20xf32, #graph.dims<["rows", ""]>>) -> tensor<?xi64, #graph.dims<["rows"]>> {
  %w = graph.constant dense<1.0> : tensor<2x20x16xf32>
  %c = graph.constant dense<2.0> : tensor<32xf32>
  %t = graph.constant dense<[7, 8, 9, 7, 8, 9, 7, 8, 9, 7, 8, 9, 7, 8, 9, 7, 7, 8, 9, 7, 8, 9, 7, 8, 9, 7, 8, 9, 7, 8, 9, 7]> : tensor<32xi64>
  %0 = graph.matmul %x, %w {columns = 32 : i64} : (tensor<?x20xf32, #graph.dims<["rows", ""]>>, tensor<2x20x16xf32>) -> tensor<?x32xf32, #graph.dims<["rows", ""]>>
  %1 = graph.sub %c, %0 : (tensor<32xf32>, tensor<?x32xf32, #graph.dims<["rows", ""]>>) -> tensor<?x32xf32, #graph.dims<["rows", ""]>>
  %2 = graph.arg_reduce %1 {axis = 1 : i64, largest = false, last = false} : (tensor<?x32xf32, #graph.dims<["rows", ""]>>) -> tensor<?x1xi64, #graph.dims<["rows", ""]>>
  %3 = graph.reshape %2 : (tensor<?x1xi64, #graph.dims<["rows", ""]>>) -> tensor<?xi64, #graph.dims<["rows"]>>
  %4 = graph.gather %t, %3 {axis = 0 : i64} : (tensor<32xi64>, tensor<?xi64, #graph.dims<["rows"]>>) -> tensor<?xi64, #graph.dims<["rows"]>>
  return %4 : tensor<?xi64, #graph.dims<["rows"]>>
}

// -----

// Few rows do not fill the lanes.
// CHECK-LABEL: func.func @main
// CHECK-NOT:     row_lanes
func.func @main(%x: tensor<8x20xf32>) -> tensor<8x1xf32> {
  %0 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<8x20xf32>) -> tensor<8x1xf32>
  return %0 : tensor<8x1xf32>
}

// -----

// Vectors along a long row are full.
// CHECK-LABEL: func.func @main
// CHECK-NOT:     row_lanes
func.func @main(%x: tensor<64x100xf32>) -> tensor<64x1xf32> {
  %0 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<64x100xf32>) -> tensor<64x1xf32>
  return %0 : tensor<64x1xf32>
}

// -----

// What follows a wide product stays with it; the narrow one behind has lanes of rows, and its softmax.
// CHECK-LABEL: func.func @main
// CHECK:         kernel.region
// CHECK-SAME:      #kernel.schedule<"gemm"
// CHECK:           graph.matmul
// CHECK:           graph.max
// CHECK:           kernel.yield
// CHECK:         kernel.region
// CHECK-SAME:      its rows are short: each has a lane of its own, which that kernel's have not
// CHECK-SAME:      row_lanes
// CHECK:           graph.matmul
// CHECK:           graph.softmax
// CHECK:           kernel.yield
// CHECK-NOT:     kernel.region
// CHECK:         return
func.func @main(%x: tensor<64x32xf32>) -> tensor<64x5xf32> {
  %w = graph.constant dense<1.0> : tensor<8x32x16xf32>
  %v = graph.constant dense<1.0> : tensor<1x128x16xf32>
  %z = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.matmul %x, %w {columns = 128 : i64} : (tensor<64x32xf32>, tensor<8x32x16xf32>) -> tensor<64x128xf32>
  %1 = graph.max %0, %z : (tensor<64x128xf32>, tensor<f32>) -> tensor<64x128xf32>
  %2 = graph.matmul %1, %v {columns = 5 : i64} : (tensor<64x128xf32>, tensor<1x128x16xf32>) -> tensor<64x5xf32>
  %3 = graph.softmax %2 {axis = 1 : i64, log = false} : (tensor<64x5xf32>) -> tensor<64x5xf32>
  return %3 : tensor<64x5xf32>
}

// -----

// The sums are rows of one kernel and the same for all rows of another: the difference is not in the first.
// CHECK-LABEL: func.func @main
// CHECK:         kernel.region {{.*}}row_lanes
// CHECK:           graph.reduce
// CHECK:           graph.reshape
// CHECK:           kernel.yield
// CHECK:         kernel.region
// CHECK-NOT:     row_lanes
// CHECK:           graph.sub
func.func @main(%x: tensor<32x32xf32>, %y: tensor<32x32xf32>) -> tensor<32x32xf32> {
  %0 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<32x32xf32>) -> tensor<32x1xf32>
  %1 = graph.reshape %0 : (tensor<32x1xf32>) -> tensor<32xf32>
  %2 = graph.sub %y, %1 : (tensor<32x32xf32>, tensor<32xf32>) -> tensor<32x32xf32>
  return %2 : tensor<32x32xf32>
}
