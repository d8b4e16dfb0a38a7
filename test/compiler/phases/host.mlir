// RUN: split-file %s %t
// RUN: quern compile %t/good.mlir --target x86-64-v4 --start-at=emit --stop-after=emit | FileCheck %t/good.mlir
// RUN: not quern compile %t/missing.mlir --target x86-64-v4 --start-at=emit --stop-after=emit 2>&1 | FileCheck %t/missing.mlir
// RUN: not quern compile %t/native.mlir --target x86-64-v4 --start-at=emit --stop-after=emit 2>&1 | FileCheck %t/native.mlir

//--- good.mlir
// CHECK: quern_host_main:
// CHECK: xorl %eax, %eax
// CHECK: k0_v4:
module attributes {quern.symbols = [], quern.weight_bytes = 0 : i64, quern.weight_offsets = array<i64>} {
func.func @host() {
  rt.arena {slots = ["64"]} : () -> ()
  %0 = rt.input {index = 0 : i64} : () -> !rt.buffer
  %1 = rt.slot {index = 0 : i64} : () -> !rt.buffer
  rt.launch %0, %1 {callee = @k0, dims = [], name = "neg", nodes = "n", scratch = "0", site = 0 : i64, tasks = "1"} : (!rt.buffer, !rt.buffer) -> ()
  %2 = rt.output {dims = ["2", "3"], index = 0 : i64} : () -> !rt.buffer
  rt.copy %1, %2 {bytes = "24"} : (!rt.buffer, !rt.buffer) -> ()
  return
}
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
module @host_main {
  llvm.func @quern_host_main(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}
}

//--- missing.mlir
// CHECK: error: {{.*}} is not what phase host gives: the native host function is missing
module attributes {quern.symbols = [], quern.weight_bytes = 0 : i64, quern.weight_offsets = array<i64>} {
func.func @host() {
  rt.arena {slots = ["64"]} : () -> ()
  %0 = rt.input {index = 0 : i64} : () -> !rt.buffer
  %1 = rt.slot {index = 0 : i64} : () -> !rt.buffer
  rt.launch %0, %1 {callee = @k0, dims = [], name = "neg", nodes = "n", scratch = "0", site = 0 : i64, tasks = "1"} : (!rt.buffer, !rt.buffer) -> ()
  %2 = rt.output {dims = ["2", "3"], index = 0 : i64} : () -> !rt.buffer
  rt.copy %1, %2 {bytes = "24"} : (!rt.buffer, !rt.buffer) -> ()
  return
}
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
}

//--- native.mlir
// CHECK: error: {{.*}} is not what phase host gives: arith.constant is not native
module attributes {quern.symbols = [], quern.weight_bytes = 0 : i64, quern.weight_offsets = array<i64>} {
func.func @host() {
  rt.arena {slots = ["64"]} : () -> ()
  %0 = rt.input {index = 0 : i64} : () -> !rt.buffer
  %1 = rt.slot {index = 0 : i64} : () -> !rt.buffer
  rt.launch %0, %1 {callee = @k0, dims = [], name = "neg", nodes = "n", scratch = "0", site = 0 : i64, tasks = "1"} : (!rt.buffer, !rt.buffer) -> ()
  %2 = rt.output {dims = ["2", "3"], index = 0 : i64} : () -> !rt.buffer
  rt.copy %1, %2 {bytes = "24"} : (!rt.buffer, !rt.buffer) -> ()
  return
}
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
module @host_main {
  llvm.func @quern_host_main() -> i32 {
    %ok = arith.constant 0 : i32
    llvm.return %ok : i32
  }
}
}

