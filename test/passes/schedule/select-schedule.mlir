// RUN: quern-opt %s --quern-form-kernels --quern-select-schedule | FileCheck %s

// CHECK: kernel.region "matmul"{{.*}}schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "both operands are data">
// CHECK: kernel.region "softmax"{{.*}}schedule = #kernel.schedule<"loops"
func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>) -> tensor<4x16xf32> {
  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %1 = graph.softmax %0 {axis = 1, log = false} : (tensor<4x16xf32>) -> tensor<4x16xf32>
  return %1 : tensor<4x16xf32>
}
