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

// -----

// What leads to a product reaches its rows in 2^40 ways, and is looked at once.
// CHECK-LABEL: func.func @many_ways
// CHECK:         kernel.region {{.*}}row_lanes
func.func @many_ways(%x: tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x1xi64, #graph.dims<["rows", ""]>> {
  %0 = graph.add %x, %x : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %1 = graph.add %0, %0 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %2 = graph.add %1, %1 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %3 = graph.add %2, %2 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %4 = graph.add %3, %3 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %5 = graph.add %4, %4 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %6 = graph.add %5, %5 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %7 = graph.add %6, %6 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %8 = graph.add %7, %7 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %9 = graph.add %8, %8 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %10 = graph.add %9, %9 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %11 = graph.add %10, %10 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %12 = graph.add %11, %11 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %13 = graph.add %12, %12 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %14 = graph.add %13, %13 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %15 = graph.add %14, %14 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %16 = graph.add %15, %15 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %17 = graph.add %16, %16 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %18 = graph.add %17, %17 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %19 = graph.add %18, %18 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %20 = graph.add %19, %19 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %21 = graph.add %20, %20 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %22 = graph.add %21, %21 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %23 = graph.add %22, %22 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %24 = graph.add %23, %23 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %25 = graph.add %24, %24 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %26 = graph.add %25, %25 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %27 = graph.add %26, %26 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %28 = graph.add %27, %27 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %29 = graph.add %28, %28 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %30 = graph.add %29, %29 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %31 = graph.add %30, %30 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %32 = graph.add %31, %31 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %33 = graph.add %32, %32 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %34 = graph.add %33, %33 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %35 = graph.add %34, %34 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %36 = graph.add %35, %35 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %37 = graph.add %36, %36 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %38 = graph.add %37, %37 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %39 = graph.add %38, %38 : (tensor<?x4xf32, #graph.dims<["rows", ""]>>, tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x4xf32, #graph.dims<["rows", ""]>>
  %40 = graph.arg_reduce %39 {axis = 1 : i64, largest = true, last = false} : (tensor<?x4xf32, #graph.dims<["rows", ""]>>) -> tensor<?x1xi64, #graph.dims<["rows", ""]>>
  return %40 : tensor<?x1xi64, #graph.dims<["rows", ""]>>
}
