// RUN: quern-opt %s --quern-place-transfers | FileCheck %s
// RUN: quern-opt %s --quern-place-transfers --quern-plan-memory | FileCheck %s --check-prefix=PLAN

// An input goes over once and first, however many kernels read it or a view of it; a weight is in both memories; what the
// processor's kernel reads comes back. The caller says where it wants the outputs.
// CHECK-LABEL: func.func @main
// CHECK:      %[[X:.*]] = kernel.transfer %arg0 {to_device} : tensor<64xf32>
// CHECK-NEXT: %[[W:.*]] = graph.constant
// CHECK-NEXT: %[[A:.*]] = kernel.launch "a" @device(%[[X]], %[[W]])
// CHECK:      %[[V:.*]] = graph.reshape %[[X]]
// CHECK-NEXT: %[[B:.*]] = kernel.launch "b" @device(%[[V]], %[[A]])
// CHECK-NEXT: %[[H:.*]] = kernel.transfer %[[B]] : tensor<64xf32>
// CHECK-NEXT: %[[C:.*]] = kernel.launch "c" @processor(%[[H]])
// CHECK-NEXT: return %[[C]], %[[B]]

// Each memory has its own arena. The device's last kernel writes where the caller may want it; what the processor makes is
// written there, or staged.
// PLAN-LABEL: func.func @host
// PLAN:      rt.arena {slots = ["256"]}
// PLAN-NEXT: rt.arena {device, slots = ["256", "256", "256"]}
// PLAN-NEXT: %[[S:.*]] = rt.slot {device, index = 0 : i64}
// PLAN-NEXT: %[[IN:.*]] = rt.input %[[S]] {bytes = "256", index = 0 : i64}
// PLAN:      rt.launch %[[IN]], {{.*}}name = "a"{{.*}}threads = 256
// PLAN:      %[[T:.*]] = rt.slot {device, index = 2 : i64}
// PLAN-NEXT: %[[OUT:.*]] = rt.output %[[T]] {bytes = "256", dims = ["64"], index = 1 : i64}
// PLAN-NEXT: rt.launch {{.*}}, %[[OUT]] {{.*}}name = "b"
// PLAN:      %[[H:.*]] = rt.slot {index = 0 : i64}
// PLAN-NEXT: rt.copy %[[OUT]], %[[H]] {bytes = "256", from_device}
// PLAN-NEXT: %[[C:.*]] = rt.output {bytes = "256", dims = ["64"], index = 0 : i64}
// PLAN-NEXT: rt.launch %[[H]], %[[C]] {{.*}}name = "c"
// PLAN-NOT:  threads
// PLAN:      rt.deliver %[[OUT]] {bytes = "256", dims = ["64"], index = 1 : i64}
// PLAN-NEXT: return
func.func @main(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %w = graph.constant dense<[1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0]> : tensor<64xf32>
  %a = kernel.launch "a" @device(%x, %w) {dims = [], nodes = "a"} : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %v = graph.reshape %x : (tensor<64xf32>) -> tensor<64xf32>
  %b = kernel.launch "b" @device(%v, %a) {dims = [], nodes = "b"} : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %c = kernel.launch "c" @processor(%b) {dims = [], nodes = "c"} : (tensor<64xf32>) -> tensor<64xf32>
  return %c, %b : tensor<64xf32>, tensor<64xf32>
}
kernel.func @device attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">, scratch = "0", tasks = "1", threads = 256 : i64} {
^bb0(%0: tensor<64xf32>, %1: tensor<64xf32>):
  %2 = graph.add %0, %1 : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  kernel.yield %2 : tensor<64xf32>
}
kernel.func @processor attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "test">, scratch = "0", tasks = "1"} {
^bb0(%0: tensor<64xf32>):
  %1 = graph.neg %0 : (tensor<64xf32>) -> tensor<64xf32>
  kernel.yield %1 : tensor<64xf32>
}
