// RUN: split-file %s %t
// RUN: quern compile %t/good.mlir --start-at=schedule --stop-after=schedule | FileCheck %t/good.mlir
// RUN: not quern compile %t/outside.mlir --start-at=schedule --stop-after=schedule 2>&1 | FileCheck %t/outside.mlir

//--- good.mlir
// CHECK: kernel.region "neg" (%arg0) {nodes = "n", schedule = #kernel.schedule<"loops",
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = kernel.region "neg" (%x) {nodes = "n"} : (tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%0: tensor<2x3xf32>):
    %1 = graph.neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
    kernel.yield %1 : tensor<2x3xf32>
  }
  return %y : tensor<2x3xf32>
}

//--- outside.mlir
// CHECK: error: {{.*}} is not what phase fuse gives: graph.exp is in no kernel
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = kernel.region "neg" (%x) {nodes = "n"} : (tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%0: tensor<2x3xf32>):
    %1 = graph.neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
    kernel.yield %1 : tensor<2x3xf32>
  }
  %z = graph.exp %y : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}
