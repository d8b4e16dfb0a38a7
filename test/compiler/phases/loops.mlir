// RUN: split-file %s %t
// RUN: quern compile %t/good.mlir --target x86-64-v4 --start-at=memory --stop-after=memory | FileCheck %t/good.mlir
// RUN: not quern compile %t/good.mlir --target x86-64-v3 --start-at=memory --stop-after=memory 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not quern compile %t/level.mlir --target x86-64-v4 --start-at=memory --stop-after=memory 2>&1 | FileCheck %t/level.mlir
// RUN: not quern compile %t/tasks.mlir --target x86-64-v4 --start-at=memory --stop-after=memory 2>&1 | FileCheck %t/tasks.mlir
// RUN: not quern compile %t/region.mlir --target x86-64-v4 --start-at=memory --stop-after=memory 2>&1 | FileCheck %t/region.mlir
// RUN: not quern compile %t/rank.mlir --target x86-64-v4 --start-at=memory --stop-after=memory 2>&1 | FileCheck %t/rank.mlir

// The text must have been made for the target that goes on.
// TARGET: error: {{.*}} is not what phase loops gives: 'k0_v4' is for level x86-64-v4, which target x86-64-v3 has no such kernel of

//--- good.mlir
// CHECK: func.func @host()
// CHECK: rt.launch {{.*}}callee = @k0
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = kernel.launch "neg" @k0(%x) {dims = [], nodes = "n"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
kernel.func @k0 attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "by hand">, scratch = "0", tasks = "1"} {
^bb0(%0: tensor<2x3xf32>):
  %1 = graph.neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  kernel.yield %1 : tensor<2x3xf32>
}
module @k0_v4 attributes {quern.level = "x86-64-v4"} {
  func.func @k0_v4(%task: !llvm.ptr) -> i32 {
    %ok = arith.constant 0 : i32
    return %ok : i32
  }
}

//--- level.mlir
// CHECK: error: {{.*}} is not what phase loops gives: target x86-64-v4 needs 1 kernels of all levels, but 0 are there
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = kernel.launch "neg" @k0(%x) {dims = [], nodes = "n"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
kernel.func @k0 attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "by hand">, scratch = "0", tasks = "1"} {
^bb0(%0: tensor<2x3xf32>):
  %1 = graph.neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  kernel.yield %1 : tensor<2x3xf32>
}

//--- tasks.mlir
// CHECK: error: {{.*}} is not what phase loops gives: kernel k0 does not say its tasks and scratch
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = kernel.launch "neg" @k0(%x) {dims = [], nodes = "n"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
kernel.func @k0 attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "by hand">} {
^bb0(%0: tensor<2x3xf32>):
  %1 = graph.neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  kernel.yield %1 : tensor<2x3xf32>
}
module @k0_v4 attributes {quern.level = "x86-64-v4"} {
  func.func @k0_v4(%task: !llvm.ptr) -> i32 {
    %ok = arith.constant 0 : i32
    return %ok : i32
  }
}

//--- region.mlir
// CHECK: error: {{.*}} is not what phase loops gives: kernel.region is left after loops were made
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = kernel.region "neg" (%x) {nodes = "n", schedule = #kernel.schedule<"loops", {}, "by hand">} : (tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%0: tensor<2x3xf32>):
    %1 = graph.neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
    kernel.yield %1 : tensor<2x3xf32>
  }
  return %y : tensor<2x3xf32>
}

//--- rank.mlir
// CHECK: error: {{.*}} is not what phase loops gives: arith.constant is left after loops were made
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = kernel.launch "neg" @k0(%x) {dims = [], nodes = "n"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
kernel.func @k0 attributes {dims = 0 : i64, schedule = #kernel.schedule<"loops", {}, "by hand">, scratch = "0", tasks = "1"} {
^bb0(%0: tensor<2x3xf32>):
  %1 = graph.neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  kernel.yield %1 : tensor<2x3xf32>
}
module @k0_v4 attributes {quern.level = "x86-64-v4"} {
  func.func @k0_v4(%task: !llvm.ptr) -> i32 {
    %ok = arith.constant 0 : i32
    %square = arith.constant dense<0.0> : vector<4x4xf32>
    return %ok : i32
  }
}
