// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// A GRU that resets first: the gates of the first phase are clipped, then a hard sigmoid of its own slope and offset; the
// reset scales the state. The candidate is a leaky ramp; the state moves from it toward the old one by the update.
// CHECK-DAG:   %[[SLOPE:.*]] = arith.constant dense<2.500000e-01>
// CHECK-DAG:   %[[OFFSET:.*]] = arith.constant dense<7.500000e-01>
// CHECK-DAG:   %[[MOST:.*]] = arith.constant dense<3.000000e+00>
// CHECK-DAG:   %[[LEAST:.*]] = arith.constant dense<-3.000000e+00>
// CHECK-DAG:   %[[LEAK:.*]] = arith.constant dense<1.250000e-01>
// CHECK-DAG:   %[[ONE:.*]] = arith.constant dense<1.000000e+00>
// CHECK-DAG:   %[[ZERO:.*]] = arith.constant dense<0.000000e+00>
// CHECK-COUNT-2: arith.minimumf %{{.*}}, %[[MOST]]
// CHECK-NEXT:  %[[CLIPPED:.*]] = arith.maximumf %{{.*}}, %[[LEAST]]
// CHECK-NEXT:  %[[LINE:.*]] = math.fma %[[SLOPE]], %[[CLIPPED]], %[[OFFSET]]
// CHECK-NEXT:  %[[LOW:.*]] = arith.minimumf %[[LINE]], %[[ONE]]
// CHECK-NEXT:  %[[RESET:.*]] = arith.maximumf %[[LOW]], %[[ZERO]]
// CHECK:       arith.mulf %[[RESET]], %{{.*}}
// CHECK:       %[[CANDIDATE:.*]] = arith.maximumf %{{.*}}, %[[LEAST]]
// CHECK-NEXT:  %[[LEAKED:.*]] = arith.mulf %[[CANDIDATE]], %[[LEAK]]
// CHECK-NEXT:  %[[POSITIVE:.*]] = arith.cmpf ogt, %[[CANDIDATE]], %[[ZERO]]
// CHECK-NEXT:  %[[NEW:.*]] = arith.select %[[POSITIVE]], %[[CANDIDATE]], %[[LEAKED]]
// CHECK:       %[[WAY:.*]] = arith.subf %{{.*}}, %[[NEW]]
// CHECK-NEXT:  math.fma %{{.*}}, %[[WAY]], %[[NEW]]
!p = tensor<1x7x1x1x3x16xf32>
kernel.func @gru attributes {dims = 0 : i64, schedule = #kernel.schedule<"recurrent", {task_units = 16 : i64}, "">} {
^bb0(%p: !p, %r: tensor<1x1x16x3x16xf32>):
  %y, %h, %c = graph.rnn %p, %r {activations = ["HardSigmoid", "LeakyRelu"], alphas = array<f64: 0.25, 0.125>, betas = array<f64: 0.75, 0.0>, clip = 3.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind gru>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (!p, tensor<1x1x16x3x16xf32>) -> (tensor<7x1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>)
  kernel.yield %y, %h, %c : tensor<7x1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>
}
