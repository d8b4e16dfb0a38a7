// The door of phase graph; each of its messages is in test/passes/graph/verify-graph.mlir.
// RUN: split-file %s %t
// RUN: quern compile %t/good.mlir --start-at=fuse --stop-after=fuse | FileCheck %t/good.mlir
// RUN: not quern compile %t/foreign.mlir --start-at=fuse --stop-after=fuse 2>&1 | FileCheck %t/foreign.mlir
// RUN: not quern compile %t/weight.mlir --start-at=fuse --stop-after=fuse 2>&1 | FileCheck %t/weight.mlir
// RUN: not quern compile %t/short.mlir --start-at=fuse --stop-after=fuse 2>&1 | FileCheck %t/short.mlir

//--- good.mlir
// CHECK: kernel.region "neg"
// CHECK: graph.neg
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = graph.neg %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

//--- foreign.mlir
// CHECK: error: {{.*}} is not what phase graph gives: {{.*}}'arith.negf' op does not belong in a graph
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = arith.negf %x : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

//--- weight.mlir
// CHECK: error: '{{.*}}weight.mlir' names the weight 'w' but does not hold it: write the text with --stop-after=PHASE -o FILE, which keeps weights
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %w = graph.constant dense_resource<w> : tensor<2x3xf32>
  %y = graph.add %x, %w : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

//--- short.mlir
// CHECK: error: '{{.*}}short.mlir' holds 4 bytes of the weight 'w', which do not fit its type
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %w = graph.constant dense_resource<w> : tensor<2x3xf32>
  %y = graph.add %x, %w : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
{-#
  dialect_resources: { builtin: { w: "0x040000000000803F" } }
#-}
