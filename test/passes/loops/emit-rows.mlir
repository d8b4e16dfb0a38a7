// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// A softmax row: the maximum in vectors, the exponentials kept in scratch while they are summed, one reciprocal, one pass
// that scales.
// CHECK:       kernel.func @k attributes {{{.*}}scratch = "256"
// CHECK-LABEL: func.func @k_v4
// CHECK:       arith.maximumf
// CHECK:       vector.store %{{.*}}, %[[SCRATCH:.*]][%{{.*}}]
// CHECK:       arith.divf %{{.*}} : f32
// CHECK:       scf.for
// CHECK-NEXT:    %[[E:.*]] = vector.load %[[SCRATCH]]
// CHECK:         arith.mulf %[[E]]
// CHECK-NOT:   arith.divf {{.*}} : vector
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x64xf32>):
  %0 = graph.softmax %x {axis = 1 : i64, log = false} : (tensor<4x64xf32>) -> tensor<4x64xf32>
  kernel.yield %0 : tensor<4x64xf32>
}

// Reductions that need none of each other's results share a pass; one that does has its own.
// CHECK-LABEL: func.func @one_pass_v4
// CHECK:       scf.for {{.*}} step %c64 iter_args
// CHECK:         arith.maximumf
// CHECK:         arith.minimumf
// CHECK:         scf.yield
// CHECK:       scf.for {{.*}} step %c64 iter_args
// CHECK-NOT:     arith.maximumf
// CHECK:         arith.divf
// CHECK-NEXT:    arith.addf
kernel.func @one_pass attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x640xf32>):
  %0 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction max>} : (tensor<4x640xf32>) -> tensor<4x1xf32>
  %1 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction min>} : (tensor<4x640xf32>) -> tensor<4x1xf32>
  %2 = graph.sub %0, %1 : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %3 = graph.div %x, %2 : (tensor<4x640xf32>, tensor<4x1xf32>) -> tensor<4x640xf32>
  %4 = graph.reduce %3 {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<4x640xf32>) -> tensor<4x1xf32>
  kernel.yield %4 : tensor<4x1xf32>
}
