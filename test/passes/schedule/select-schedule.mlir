// RUN: quern-opt %s --quern-form-kernels --quern-select-schedule | FileCheck %s

// CHECK: kernel.region "matmul"{{.*}}schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "both operands are data">
// CHECK: kernel.region "softmax"{{.*}}schedule = #kernel.schedule<"loops"
func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>) -> tensor<4x16xf32> {
  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %1 = graph.softmax %0 {axis = 1, log = false} : (tensor<4x16xf32>) -> tensor<4x16xf32>
  return %1 : tensor<4x16xf32>
}

// A step of 100 units is shared by no tasks, a longer one by tasks of two blocks of 16 units.
// CHECK-LABEL: @recurrent
// CHECK: kernel.region "rnn"{{.*}}schedule = #kernel.schedule<"recurrent", {task_units = 112 : i64}, "short steps: a task walks all of them">
// CHECK: kernel.region "rnn#2"{{.*}}schedule = #kernel.schedule<"recurrent", {task_units = 32 : i64}, "the units of each step are shared by tasks, one phase per step">
func.func @recurrent(%p: tensor<1x7x1x7x4x16xf32>, %r: tensor<1x7x100x4x16xf32>, %q: tensor<1x7x1x16x4x16xf32>, %s: tensor<1x16x256x4x16xf32>) -> (tensor<7x1x1x100xf32>, tensor<7x1x1x256xf32>) {
  %y, %h, %c = graph.rnn %p, %r {activations = ["Sigmoid", "Tanh", "Tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind lstm>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (tensor<1x7x1x7x4x16xf32>, tensor<1x7x100x4x16xf32>) -> (tensor<7x1x1x100xf32>, tensor<1x1x100xf32>, tensor<1x1x100xf32>)
  %y2, %h2, %c2 = graph.rnn %q, %s {activations = ["Sigmoid", "Tanh", "Tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind lstm>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (tensor<1x7x1x16x4x16xf32>, tensor<1x16x256x4x16xf32>) -> (tensor<7x1x1x256xf32>, tensor<1x1x256xf32>, tensor<1x1x256xf32>)
  return %y, %y2 : tensor<7x1x1x100xf32>, tensor<7x1x1x256xf32>
}

// Rows of a product that is not kept are reduced by whoever has them whole, where there are rows enough for all threads.
// CHECK-LABEL: @folds
// CHECK: kernel.region "matmul#2"{{.*}}schedule = #kernel.schedule<"gemm", {task_rows = 126 : i64}, "rows are reduced as their tiles are finished: a task has whole rows">
// CHECK: kernel.region "matmul#3"{{.*}}#kernel.schedule<"gemm", {task_columns = {{[0-9]+}} : i64, task_rows = 126 : i64}
// CHECK: kernel.region "arg_reduce"{{.*}}boundary = "arg_reduce after matmul: so few rows are divided among threads by their columns"
func.func @folds(%x: tensor<600x8xf32>, %y: tensor<7x8xf32>, %w: tensor<8x6400xf32>) -> (tensor<600x1xi64>, tensor<7x1xi64>) {
  %0 = graph.matmul %x, %w : (tensor<600x8xf32>, tensor<8x6400xf32>) -> tensor<600x6400xf32>
  %1 = graph.arg_reduce %0 {axis = 1 : i64, largest = true, last = false} : (tensor<600x6400xf32>) -> tensor<600x1xi64>
  %2 = graph.matmul %y, %w : (tensor<7x8xf32>, tensor<8x6400xf32>) -> tensor<7x6400xf32>
  %3 = graph.arg_reduce %2 {axis = 1 : i64, largest = true, last = false} : (tensor<7x6400xf32>) -> tensor<7x1xi64>
  return %1, %3 : tensor<600x1xi64>, tensor<7x1xi64>
}

// CHECK-LABEL: @pairs
// CHECK: schedule = #kernel.schedule<"pairs", {task_columns = 256 : i64, task_rows = 64 : i64}
// CHECK-LABEL: @few_pairs
// CHECK: schedule = #kernel.schedule<"row_lanes"
func.func @pairs(%a: tensor<64x1x32xf32>, %b: tensor<48x32xf32>) -> tensor<64x48x1xf32> {
  %0 = graph.sub %a, %b : (tensor<64x1x32xf32>, tensor<48x32xf32>) -> tensor<64x48x32xf32>
  %1 = graph.reduce %0 {axes = array<i64: 2>, kind = #graph<reduction max>} : (tensor<64x48x32xf32>) -> tensor<64x48x1xf32>
  return %1 : tensor<64x48x1xf32>
}
func.func @few_pairs(%a: tensor<64x1x32xf32>, %b: tensor<4x32xf32>) -> tensor<64x4x1xf32> {
  %0 = graph.sub %a, %b : (tensor<64x1x32xf32>, tensor<4x32xf32>) -> tensor<64x4x32xf32>
  %1 = graph.reduce %0 {axes = array<i64: 2>, kind = #graph<reduction max>} : (tensor<64x4x32xf32>) -> tensor<64x4x1xf32>
  return %1 : tensor<64x4x1xf32>
}

// CHECK-LABEL: @factors
// CHECK: schedule = #kernel.schedule<"lu", {}
// CHECK: schedule = #kernel.schedule<"triangular_solve", {}
// CHECK: schedule = #kernel.schedule<"cholesky", {}
func.func @factors(%a: tensor<8x8xf32>, %b: tensor<8x2xf32>) -> (tensor<8xi64>, tensor<8x2xf32>, tensor<8x8xf32>) {
  %0, %e, %o = graph.lu %a : (tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8xi64>, tensor<8xi64>)
  %1 = graph.triangular_solve %0, %b {lower = false, transpose = false, unit = false} : (tensor<8x8xf32>, tensor<8x2xf32>) -> tensor<8x2xf32>
  %2 = graph.cholesky %a : (tensor<8x8xf32>) -> tensor<8x8xf32>
  return %o, %1, %2 : tensor<8xi64>, tensor<8x2xf32>, tensor<8x8xf32>
}
