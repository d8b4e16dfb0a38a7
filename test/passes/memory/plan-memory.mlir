// RUN: quern-opt %s --quern-form-kernels=fuse=false --quern-select-schedule --quern-outline-kernels --quern-emit-kernels --quern-plan-memory | FileCheck %s

// Three values in a chain need two slots: the first is free when the third is made. The last is written in place.
// CHECK: func.func @host
// CHECK: rt.arena {slots = ["12*N", "12*N"]}
// CHECK: rt.input {index = 0 : i64}
// CHECK: rt.slot {index = 0 : i64}
// CHECK: rt.launch
// CHECK: rt.slot {index = 1 : i64}
// CHECK: rt.launch
// CHECK: rt.slot {index = 0 : i64}
// CHECK: rt.launch
// CHECK: rt.output {dims = ["N", "3"], index = 0 : i64}
// CHECK: rt.launch
// CHECK-NOT: rt.copy
!n = tensor<?x3xf32, #graph.dims<["N", ""]>>
func.func @main(%x: !n) -> !n {
  %0 = graph.neg %x : (!n) -> !n
  %1 = graph.exp %0 : (!n) -> !n
  %2 = graph.abs %1 : (!n) -> !n
  %3 = graph.sqrt %2 : (!n) -> !n
  return %3 : !n
}
