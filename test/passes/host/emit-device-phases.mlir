// RUN: quern-opt %s --quern-place-transfers --quern-plan-memory --quern-emit-host | FileCheck %s

// Each phase of a kernel of the device is a launch, with its number behind the kernel's dims, until one fails.
// CHECK-LABEL: llvm.func @quern_host_main(
// CHECK:         llvm.alloca %{{.*}} x i64
// CHECK:         llvm.call @quern_device_input(
// CHECK:         llvm.br ^[[HEADER:.*]](%{{.*}} : i64)
// CHECK:       ^[[HEADER]](%[[PHASE:.*]]: i64):
// CHECK:         %[[THERE:.*]] = llvm.icmp "slt" %[[PHASE]], %{{.*}} : i64
// CHECK:         llvm.cond_br %[[THERE]], ^[[BODY:.*]], ^[[DONE:.*]]
// CHECK:       ^[[BODY]]:
// CHECK:         %[[PLACE:.*]] = llvm.getelementptr %{{.*}}[16] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK:         llvm.store %[[PHASE]], %[[PLACE]] : i64, !llvm.ptr
// CHECK:         %[[STATUS:.*]] = llvm.call @quern_device_launch(
// CHECK:         llvm.icmp "ne" %[[STATUS]]
// CHECK:         llvm.add %[[PHASE]]
// CHECK:         llvm.br ^[[HEADER]](
// CHECK:       ^[[DONE]]:
// CHECK:         llvm.call @quern_device_deliver(
!n = tensor<?xf32, #graph.dims<["N"]>>
!t = tensor<?xf32, #graph.dims<["T"]>>
!d = tensor<?xf32, #graph.dims<["d0"]>>
kernel.func @k0 attributes {dims = 2 : i64, phases = "d1 + 1", schedule = #kernel.schedule<"tiled_attention", {}, "">, scratch = "0", shared = "64*d0", tasks = "2", threads = 128 : i64} {
^bb0(%x: !d):
  kernel.yield %x : !d
}
func.func @main(%x: !n, %t: !t) -> !n {
  %0 = kernel.launch "first" @k0(%x) {dims = ["N", "T"], nodes = ""} : (!n) -> !n
  return %0 : !n
}
