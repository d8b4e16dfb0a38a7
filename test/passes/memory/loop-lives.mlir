// RUN: quern-opt %s --quern-form-kernels=fuse=false --quern-select-schedule --quern-outline-kernels --quern-emit-kernels --quern-plan-memory | FileCheck %s

// Every iteration reads a value from outside, also by a view that the body takes of it: nothing in the body may lie there,
// however early the view's last reader is.
// CHECK: func.func @host
// CHECK: rt.slot {index = [[OUTSIDE:[0-9]+]] : i64}
// CHECK: rt.launch
// CHECK: rt.loop
// CHECK: rt.slot {index = [[FIRST:[0-9]+]] : i64}
// CHECK: rt.launch
// CHECK-NOT: rt.slot {index = [[OUTSIDE]] : i64}
// CHECK: rt.yield
!n = tensor<?x3xf32, #graph.dims<["N", ""]>>
!view = tensor<?x3x1xf32, #graph.dims<["N", "", ""]>>
func.func @main(%x: !n) -> !view {
  %outside = graph.neg %x : (!n) -> !n
  %start = graph.reshape %x : (!n) -> !view
  %trips = graph.constant dense<5> : tensor<i64>
  %again = graph.constant dense<true> : tensor<i1>
  %last = graph.loop %trips, %again, %start {symbols = []} : (tensor<i64>, tensor<i1>, !view) -> (!view) {
  ^bb0(%i: tensor<i64>, %condition: tensor<i1>, %state: !view):
    %view = graph.reshape %outside : (!n) -> !view
    %0 = graph.add %view, %state : (!view, !view) -> !view
    %1 = graph.exp %0 : (!view) -> !view
    %2 = graph.abs %1 : (!view) -> !view
    graph.yield %again, %2 : tensor<i1>, !view
  }
  return %last : !view
}
