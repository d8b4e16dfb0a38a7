// RUN: quern-opt %s --quern-select-schedule | FileCheck %s

// A launch on a thread costs microseconds: a small product is one task.
// CHECK: kernel.region "small"{{.*}}task_columns = 64 : i64, task_rows = 126 : i64
// A row times a large matrix is cut by columns, in panels of 128.
// CHECK: kernel.region "row"{{.*}}task_columns = 128 : i64, task_rows
func.func @main(%x: tensor<4x8xf32>, %w: tensor<1x8x16xf32>, %r: tensor<1x4096xf32>, %v: tensor<256x4096x16xf32>) -> (tensor<4x16xf32>, tensor<1x4096xf32>) {
  %0 = kernel.region "small" (%x, %w) {nodes = ""} : (tensor<4x8xf32>, tensor<1x8x16xf32>) -> tensor<4x16xf32> {
  ^bb0(%a: tensor<4x8xf32>, %b: tensor<1x8x16xf32>):
    %2 = graph.matmul %a, %b {columns = 16 : i64} : (tensor<4x8xf32>, tensor<1x8x16xf32>) -> tensor<4x16xf32>
    kernel.yield %2 : tensor<4x16xf32>
  }
  %1 = kernel.region "row" (%r, %v) {nodes = ""} : (tensor<1x4096xf32>, tensor<256x4096x16xf32>) -> tensor<1x4096xf32> {
  ^bb0(%a: tensor<1x4096xf32>, %b: tensor<256x4096x16xf32>):
    %2 = graph.matmul %a, %b {columns = 4096 : i64} : (tensor<1x4096xf32>, tensor<256x4096x16xf32>) -> tensor<1x4096xf32>
    kernel.yield %2 : tensor<1x4096xf32>
  }
  return %0, %1 : tensor<4x16xf32>, tensor<1x4096xf32>
}
