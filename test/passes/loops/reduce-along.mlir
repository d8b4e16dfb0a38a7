// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Four accumulators hide the latency of a sum; they, the masked tail and the lanes are combined in an order that only the
// extent decides.
// CHECK-LABEL: func.func @k_v4
// CHECK:       %[[S:.*]]:4 = scf.for %{{.*}} = %c0 to %c192 step %c64
// CHECK:       arith.addf %[[S]]#0, %[[S]]#1
// CHECK:       vector.maskedload
// CHECK:       vector.shuffle %{{.*}} [8, 9, 10, 11, 12, 13, 14, 15]
// CHECK-NOT:   vector.reduction
// CHECK:       memref.store
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">} {
^bb0(%x: tensor<4x200xf32>):
  %0 = graph.reduce %x {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<4x200xf32>) -> tensor<4x1xf32>
  kernel.yield %0 : tensor<4x1xf32>
}
