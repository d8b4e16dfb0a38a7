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
