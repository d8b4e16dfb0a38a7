// A text holds no machine code: phase link cannot go on from one.
// RUN: not quern compile %s --target x86-64-v4 --start-at=link -o %t.so 2>&1 | FileCheck %s
// CHECK: error: {{.*}} is not what phase emit gives: 0 modules have machine code, not 2
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

