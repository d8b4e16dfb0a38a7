// RUN: quern-opt %s --quern-form-kernels=fuse=false --quern-select-schedule=target=sm_80 | FileCheck %s

// A layer of few blocks divides those of its weights; rows of the batch that share them are a block's, up to four.
// CHECK-LABEL: @recurrent
// CHECK: kernel.region "rnn"{{.*}}#kernel.schedule<"recurrent_steps", {task_rows = 2 : i64, task_units = 8 : i64}
// CHECK: kernel.region "rnn#2"{{.*}}#kernel.schedule<"recurrent_steps", {task_rows = 4 : i64, task_units = 16 : i64}
func.func @recurrent(%p: tensor<1x7x2x1x1x16xf32>, %r: tensor<1x1x16x1x16xf32>, %q: tensor<1x7x64x64x1x16xf32>, %s: tensor<1x64x1024x1x16xf32>) -> (tensor<7x1x2x16xf32>, tensor<7x1x64x1024xf32>) {
  %0:3 = graph.rnn %p, %r {activations = ["Tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind rnn>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (tensor<1x7x2x1x1x16xf32>, tensor<1x1x16x1x16xf32>) -> (tensor<7x1x2x16xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>)
  %1:3 = graph.rnn %q, %s {activations = ["Tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind rnn>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (tensor<1x7x64x64x1x16xf32>, tensor<1x64x1024x1x16xf32>) -> (tensor<7x1x64x1024xf32>, tensor<1x64x1024xf32>, tensor<1x64x1024xf32>)
  return %0#0, %1#0 : tensor<7x1x2x16xf32>, tensor<7x1x64x1024xf32>
}
