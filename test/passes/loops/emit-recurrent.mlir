// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// One task per row of the batch walks all steps: the state times the recurrence weights, added to the projected input,
// then the gates.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "2"
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for %{{.*}} = %c0 to %c7
// CHECK:         scf.for %{{.*}} = %c0 to %c16 step %c1 iter_args(%[[ACC:.*]] =
// CHECK:           %[[H:.*]] = vector.broadcast
// CHECK:           %[[R:.*]] = vector.load
// CHECK:         arith.divf
// CHECK:         vector.store
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"recurrent", {}, "test">} {
^bb0(%p: tensor<1x7x2x64xf32>, %r: tensor<1x4x16x16xf32>):
  %y, %h, %c = graph.rnn %p, %r {activations = ["Sigmoid", "Tanh", "Tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind lstm>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (tensor<1x7x2x64xf32>, tensor<1x4x16x16xf32>) -> (tensor<7x1x2x16xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>)
  kernel.yield %y, %h, %c : tensor<7x1x2x16xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>
}
