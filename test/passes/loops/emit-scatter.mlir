// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// The data is copied first, then the updates are added one after another at their places.
// CHECK-LABEL: func.func @k_v4
// CHECK:       vector.maskedstore
// CHECK:       scf.for %[[I:.*]] = %c0 to %c3
// CHECK:         memref.load %{{.*}}[%[[I]]] : memref<?xi64>
// CHECK:         %[[U:.*]] = memref.load %{{.*}}[%[[I]]] : memref<?xf32>
// CHECK-NEXT:    %[[BEFORE:.*]] = memref.load %[[RESULT:.*]][%[[AT:.*]]] : memref<?xf32>
// CHECK-NEXT:    %[[AFTER:.*]] = arith.addf %[[BEFORE]], %[[U]]
// CHECK-NEXT:    memref.store %[[AFTER]], %[[RESULT]][%[[AT]]]
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"scatter", {}, "test">} {
^bb0(%x: tensor<10xf32>, %i: tensor<3xi64>, %u: tensor<3xf32>):
  %0 = graph.scatter_elements %x, %i, %u {axis = 0 : i64, kind = #graph<scatter add>} : (tensor<10xf32>, tensor<3xi64>, tensor<3xf32>) -> tensor<10xf32>
  kernel.yield %0 : tensor<10xf32>
}
