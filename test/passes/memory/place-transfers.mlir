// RUN: quern-opt %s --quern-place-transfers | FileCheck %s
// RUN: quern-opt %s --quern-place-transfers --quern-plan-memory | FileCheck %s --check-prefix=PLAN

// An input goes over once, however many kernels read it; a weight is in both memories; what the processor's kernel reads
// and the caller gets comes back.
// CHECK-LABEL: func.func @main
// CHECK:      %[[W:.*]] = graph.constant
// CHECK-NEXT: %[[X:.*]] = kernel.transfer %arg0 {to_device} : tensor<64xf32>
// CHECK-NEXT: %[[A:.*]] = kernel.launch "a" @device(%[[X]], %[[W]])
// CHECK-NEXT: %[[B:.*]] = kernel.launch "b" @device(%[[X]], %[[A]])
// CHECK-NEXT: %[[H:.*]] = kernel.transfer %[[B]] : tensor<64xf32>
// CHECK-NEXT: %[[C:.*]] = kernel.launch "c" @processor(%[[H]])
// CHECK-NEXT: return %[[C]], %[[H]]

// Each memory has its own arena. What comes back goes where the caller wants it, no slot between.
// PLAN-LABEL: func.func @host
// PLAN:      rt.arena {slots = []}
// PLAN-NEXT: rt.arena {device, slots = ["256", "256", "256"]}
// PLAN:      %[[IN:.*]] = rt.input
// PLAN-NEXT: %[[S:.*]] = rt.slot {device, index = 0 : i64}
// PLAN-NEXT: rt.copy %[[IN]], %[[S]] {bytes = "256", to_device}
// PLAN-NEXT: rt.constant {device,
// PLAN:      rt.launch {{.*}}name = "a"{{.*}}threads = 256
// PLAN:      %[[OUT:.*]] = rt.output {dims = ["64"], index = 1 : i64}
// PLAN-NEXT: rt.copy %{{.*}}, %[[OUT]] {bytes = "256", from_device}
// PLAN:      rt.launch %[[OUT]], %{{.*}}name = "c"
// PLAN-NOT:  threads
// PLAN:      return
func.func @main(%x: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %w = graph.constant dense<[1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0]> : tensor<64xf32>
  %a = kernel.launch "a" @device(%x, %w) {dims = [], nodes = "a"} : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %b = kernel.launch "b" @device(%x, %a) {dims = [], nodes = "b"} : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
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
