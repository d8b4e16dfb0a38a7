// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s

// A launch for the initial state and one for each step. 2 blocks have 8 units each; of 256 threads each has one of 32
// columns (4 gates of 8 units) and an eighth of the depth, whose sums are added up in order by those that compute cells.
// CHECK:       kernel.func @k attributes {{{.*}}kernel.block_memory = 2160 : i64, phases = "d0 + 1"{{.*}}shared = "384"{{.*}}tasks = "2", threads = 256 : i64}
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-SAME:    %[[PHASE:[a-z0-9]*]]: i64)
// CHECK:         scf.for
// CHECK:           scf.if
// CHECK:           else
// CHECK:             memref.store
// CHECK:             gpu.barrier
// CHECK:             %{{.*}}:3 = scf.for %{{.*}} to %c0 step %c32
// CHECK-COUNT-8:       math.fma
// CHECK:             %{{.*}}:2 = scf.for %{{.*}} to %c13 step %c8
// CHECK-COUNT-2:       math.fma
// CHECK:             gpu.barrier
// CHECK:             scf.for
// CHECK:               arith.cmpi slt
// CHECK-COUNT-28:      arith.addf
// CHECK:             gpu.barrier
!p = tensor<1x?x2x1x4x16xf32, #graph.dims<["", "d0", "", "", "", ""]>>
!y = tensor<?x1x2x13xf32, #graph.dims<["d0", "", "", ""]>>
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"recurrent_steps", {task_rows = 2 : i64, task_units = 8 : i64}, "test">} {
^bb0(%p: !p, %r: tensor<1x1x13x4x16xf32>):
  %y, %h, %c = graph.rnn %p, %r {activations = ["Sigmoid", "Tanh", "Tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind lstm>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (!p, tensor<1x1x13x4x16xf32>) -> (!y, tensor<1x2x13xf32>, tensor<1x2x13xf32>)
  kernel.yield %y, %h, %c : !y, tensor<1x2x13xf32>, tensor<1x2x13xf32>
}

// -----

// A GRU that resets before its product: two launches for a step.
// CHECK: kernel.func @k attributes {{{.*}}phases = "15"{{.*}}tasks = "1", threads = 256 : i64}
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"recurrent_steps", {task_rows = 1 : i64, task_units = 16 : i64}, "test">} {
^bb0(%p: tensor<1x7x1x1x3x16xf32>, %r: tensor<1x1x16x3x16xf32>):
  %y, %h, %c = graph.rnn %p, %r {activations = ["Sigmoid", "Tanh"], alphas = array<f64: 0.0, 0.0>, betas = array<f64: 0.0, 0.0>, clip = 0.0 : f64, direction = "reverse", input_forget = false, kind = #graph<rnn_kind gru>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (tensor<1x7x1x1x3x16xf32>, tensor<1x1x16x3x16xf32>) -> (tensor<7x1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>)
  kernel.yield %y, %h, %c : tensor<7x1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>
}
