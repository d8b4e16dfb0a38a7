// RUN: split-file %s %t
// RUN: quern compile %t/good.mlir --target x86-64-v4 --start-at=host --stop-after=host | FileCheck %t/good.mlir
// RUN: not quern compile %t/slot.mlir --target x86-64-v4 --start-at=host --stop-after=host 2>&1 | FileCheck %t/slot.mlir
// RUN: not quern compile %t/kernel.mlir --target x86-64-v4 --start-at=host --stop-after=host 2>&1 | FileCheck %t/kernel.mlir
// RUN: not quern compile %t/input.mlir --target x86-64-v4 --start-at=host --stop-after=host 2>&1 | FileCheck %t/input.mlir
// RUN: not quern compile %t/weight.mlir --target x86-64-v4 --start-at=host --stop-after=host 2>&1 | FileCheck %t/weight.mlir
// RUN: not quern compile %t/outside.mlir --target x86-64-v4 --start-at=host --stop-after=host 2>&1 | FileCheck %t/outside.mlir
// RUN: not quern compile %t/attributes.mlir --target x86-64-v4 --start-at=host --stop-after=host 2>&1 | FileCheck %t/attributes.mlir
// RUN: not quern compile %t/nothing.mlir --target x86-64-v4 --start-at=host --stop-after=host 2>&1 | FileCheck %t/nothing.mlir

//--- good.mlir
// CHECK: llvm.func @quern_host_main
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

//--- slot.mlir
// CHECK: error: {{.*}} is not what phase memory gives: rt.slot names something that is not there
module attributes {quern.symbols = [], quern.weight_bytes = 0 : i64, quern.weight_offsets = array<i64>} {
func.func @host() {
  rt.arena {slots = ["64"]} : () -> ()
  %0 = rt.input {index = 0 : i64} : () -> !rt.buffer
  %1 = rt.slot {index = 1 : i64} : () -> !rt.buffer
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

//--- kernel.mlir
// CHECK: error: {{.*}} is not what phase memory gives: rt.launch names something that is not there
module attributes {quern.symbols = [], quern.weight_bytes = 0 : i64, quern.weight_offsets = array<i64>} {
func.func @host() {
  rt.arena {slots = ["64"]} : () -> ()
  %0 = rt.input {index = 0 : i64} : () -> !rt.buffer
  %1 = rt.slot {index = 0 : i64} : () -> !rt.buffer
  rt.launch %0, %1 {callee = @k1, dims = [], name = "neg", nodes = "n", scratch = "0", site = 0 : i64, tasks = "1"} : (!rt.buffer, !rt.buffer) -> ()
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

//--- input.mlir
// CHECK: error: {{.*}} is not what phase memory gives: rt.input names something that is not there
module attributes {quern.symbols = [], quern.weight_bytes = 0 : i64, quern.weight_offsets = array<i64>} {
func.func @host() {
  rt.arena {slots = ["64"]} : () -> ()
  %0 = rt.input {index = 3 : i64} : () -> !rt.buffer
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

//--- weight.mlir
// CHECK: error: {{.*}} is not what phase memory gives: rt.constant names something that is not there
module attributes {quern.symbols = [], quern.weight_bytes = 0 : i64, quern.weight_offsets = array<i64>} {
func.func @host() {
  rt.arena {slots = ["64"]} : () -> ()
  %w = rt.constant {segment = 0 : i64, value = dense<0.0> : tensor<f32>} : () -> !rt.buffer
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

//--- outside.mlir
// CHECK: error: {{.*}} is not what phase memory gives: arith.constant has no place in memory
module attributes {quern.symbols = [], quern.weight_bytes = 0 : i64, quern.weight_offsets = array<i64>} {
func.func @host() {
  rt.arena {slots = ["64"]} : () -> ()
  %0 = rt.input {index = 0 : i64} : () -> !rt.buffer
  %1 = rt.slot {index = 0 : i64} : () -> !rt.buffer
  rt.launch %0, %1 {callee = @k0, dims = [], name = "neg", nodes = "n", scratch = "0", site = 0 : i64, tasks = "1"} : (!rt.buffer, !rt.buffer) -> ()
  %2 = rt.output {dims = ["2", "3"], index = 0 : i64} : () -> !rt.buffer
  rt.copy %1, %2 {bytes = "24"} : (!rt.buffer, !rt.buffer) -> ()
  %c = arith.constant 0 : i64
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

//--- attributes.mlir
// CHECK: error: {{.*}} is not what phase memory gives: the module lacks quern.symbols, quern.weight_offsets or quern.weight_bytes
module attributes {quern.symbols = []} {
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

//--- nothing.mlir
// CHECK: error: {{.*}} is not what phase memory gives: there is no function @host
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
