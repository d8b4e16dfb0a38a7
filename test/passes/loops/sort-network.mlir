// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v3 --canonicalize --cse | FileCheck %s

// Eight numbers in two registers of four lanes. First the elements of each lane are put in order; then the upper of two lists
// is mirrored and brought into a register of its own, which is compared with that of the lower. At the end bits stand as in
// memory.
// CHECK-LABEL: func.func @eight_v3
// CHECK:       arith.minsi %[[A:.*]], %[[B:.*]] : vector<4xi64>
// CHECK-NEXT:  arith.maxsi %[[A]], %[[B]] : vector<4xi64>
// CHECK-NEXT:  %[[L0:.*]] = vector.shuffle %{{.*}}, %{{.*}} [0, 4, 2, 6]
// CHECK-NEXT:  %[[H0:.*]] = vector.shuffle %{{.*}}, %{{.*}} [1, 5, 3, 7]
// CHECK-NEXT:  arith.minsi %[[L0]], %[[H0]]
// CHECK-NEXT:  arith.maxsi %[[L0]], %[[H0]]
// CHECK-COUNT-4: arith.minsi
// CHECK-NOT:   arith.minsi
// CHECK:       vector.shuffle %{{.*}}, %{{.*}} [0, 4, 2, 6]
// CHECK-NEXT:  vector.shuffle %{{.*}}, %{{.*}} [1, 5, 3, 7]
// CHECK-NEXT:  vector.store
kernel.func @eight attributes {dims = 0 : i64, schedule = #kernel.schedule<"sort", {}, "test">} {
^bb0(%x: tensor<4x8xi64>):
  %0, %1 = graph.top_k %x {axis = 1 : i64, largest = false, sorted = true} : (tensor<4x8xi64>) -> (tensor<4x8xi64>, tensor<4x8xi64>)
  kernel.yield %0 : tensor<4x8xi64>
}
