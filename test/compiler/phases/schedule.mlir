// RUN: split-file %s %t
// RUN: quern compile %t/good.mlir --start-at=loops --stop-after=loops | FileCheck %t/good.mlir
// RUN: not quern compile %t/unscheduled.mlir --start-at=loops --stop-after=loops 2>&1 | FileCheck %t/unscheduled.mlir

//--- good.mlir
// CHECK: kernel.launch "neg" @k0(%arg0)
// CHECK: kernel.func @k0 attributes {{.*}}"by hand"
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = kernel.region "neg" (%x) {nodes = "n", schedule = #kernel.schedule<"loops", {}, "by hand">} : (tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%0: tensor<2x3xf32>):
    %1 = graph.neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
    kernel.yield %1 : tensor<2x3xf32>
  }
  return %y : tensor<2x3xf32>
}

//--- unscheduled.mlir
// CHECK: error: {{.*}} is not what phase schedule gives: kernel.region has no schedule
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = kernel.region "neg" (%x) {nodes = "n"} : (tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%0: tensor<2x3xf32>):
    %1 = graph.neg %0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
    kernel.yield %1 : tensor<2x3xf32>
  }
  return %y : tensor<2x3xf32>
}
