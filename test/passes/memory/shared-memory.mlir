// RUN: quern-opt %s --quern-plan-memory | FileCheck %s

// What the tasks of a launch share lies in a slot behind the results, which others may have before and after; the phases
// of a kernel become those of its launch.
// CHECK: rt.arena {slots = ["4*N", "64*N"]}
// CHECK: %[[IN:.*]] = rt.input
// CHECK: %[[RESULT:.*]] = rt.slot {index = 0 : i64}
// CHECK: %[[SHARED:.*]] = rt.slot {index = 1 : i64}
// CHECK: rt.launch %[[IN]], %[[RESULT]], %[[SHARED]] {callee = @k0, {{.*}}phases = "T + 1"
// CHECK: rt.launch
// CHECK-NOT: phases
// CHECK: return
!n = tensor<?xf32, #graph.dims<["N"]>>
!t = tensor<?xf32, #graph.dims<["T"]>>
!d = tensor<?xf32, #graph.dims<["d0"]>>
kernel.func @k0 attributes {dims = 2 : i64, phases = "d1 + 1", schedule = #kernel.schedule<"recurrent", {}, "">, scratch = "0", shared = "64*d0", tasks = "2"} {
^bb0(%x: !d):
  kernel.yield %x : !d
}
kernel.func @k1 attributes {dims = 1 : i64, schedule = #kernel.schedule<"loops", {}, "">, scratch = "0", tasks = "1"} {
^bb0(%x: !d):
  kernel.yield %x : !d
}
func.func @main(%x: !n, %t: !t) -> !n {
  %0 = kernel.launch "first" @k0(%x) {dims = ["N", "T"], nodes = ""} : (!n) -> !n
  %1 = kernel.launch "second" @k1(%0) {dims = ["N"], nodes = ""} : (!n) -> !n
  return %1 : !n
}

// RUN: sed 's/tasks = "2"}/tasks = "2", threads = 128 : i64}/' %s | quern-opt --quern-place-transfers --quern-plan-memory | FileCheck %s --check-prefix=DEVICE
// Of a kernel on the device it lies there, behind the result.
// DEVICE: rt.arena {device, slots = ["4*N", "4*N", "64*N"]}
// DEVICE: %[[IN:.*]] = rt.input
// DEVICE: %[[RESULT:.*]] = rt.slot {device, index = 1 : i64}
// DEVICE: %[[SHARED:.*]] = rt.slot {device, index = 2 : i64}
// DEVICE: rt.launch %[[IN]], %[[RESULT]], %[[SHARED]] {callee = @k0, {{.*}}phases = "T + 1"{{.*}}threads = 128
