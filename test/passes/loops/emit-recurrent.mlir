// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 | FileCheck %s

// A shared step: two blocks of 16 units to a task, the state and the cells in memory that all tasks see, one phase for
// the start and one for each step. The product has two blocks of four gates in registers, from one stream of weights.
// CHECK: kernel.func @shared attributes {{.*}}phases = "d0 + 1", {{.*}}scratch = "8192", shared = "3072", tasks = "8"
// A short step: one task walks all phases.
// CHECK: kernel.func @alone attributes {dims = 0 : i64, schedule = {{.*}}, scratch = "1024", shared = "128", tasks = "1"}
// CHECK: module @shared_v4
// CHECK: scf.for
// CHECK: scf.for
// CHECK: scf.if
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
!p = tensor<1x?x1x16x4x16xf32, #graph.dims<["", "d0", "", "", "", ""]>>
!y = tensor<?x1x1x256xf32, #graph.dims<["d0", "", "", ""]>>
kernel.func @shared attributes {dims = 1 : i64, schedule = #kernel.schedule<"recurrent", {task_units = 32 : i64}, "">} {
^bb0(%p: !p, %r: tensor<1x16x256x4x16xf32>):
  %y, %h, %c = graph.rnn %p, %r {activations = ["Sigmoid", "Tanh", "Tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind lstm>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (!p, tensor<1x16x256x4x16xf32>) -> (!y, tensor<1x1x256xf32>, tensor<1x1x256xf32>)
  kernel.yield %y, %h, %c : !y, tensor<1x1x256xf32>, tensor<1x1x256xf32>
}

!q = tensor<1x7x1x1x1x16xf32>
kernel.func @alone attributes {dims = 0 : i64, schedule = #kernel.schedule<"recurrent", {task_units = 16 : i64}, "">} {
^bb0(%p: !q, %r: tensor<1x1x16x1x16xf32>):
  %y, %h, %c = graph.rnn %p, %r {activations = ["Tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind rnn>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (!q, tensor<1x1x16x1x16xf32>) -> (tensor<7x1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>)
  kernel.yield %y, %h, %c : tensor<7x1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>
}
