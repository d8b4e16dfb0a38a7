// RUN: quern-opt %s --quern-form-kernels=fuse=false --quern-select-schedule --quern-outline-kernels | FileCheck %s

// Two ops on different dims share one function, whose dim is a parameter.
// CHECK: kernel.launch "neg" @k0(%arg0) {dims = ["N"]
// CHECK: kernel.launch "neg#2" @k0(%arg1) {dims = ["2*M"]
// CHECK: kernel.func @k0 attributes {dims = 1 : i64
// CHECK: ^bb0(%{{.*}}: tensor<?x3xf32, #graph.dims<["d0", ""]>>)
// CHECK-NOT: kernel.func
!n = tensor<?x3xf32, #graph.dims<["N", ""]>>
!m = tensor<?x3xf32, #graph.dims<["2*M", ""]>>
func.func @main(%x: !n, %y: !m) -> (!n, !m) {
  %0 = graph.neg %x : (!n) -> !n
  %1 = graph.neg %y : (!m) -> !m
  return %0, %1 : !n, !m
}
