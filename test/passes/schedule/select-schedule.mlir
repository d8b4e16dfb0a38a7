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
