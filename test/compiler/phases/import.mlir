// What is not the text of phase import: the door in front of phase graph says why.
// RUN: split-file %s %t
// RUN: quern compile %t/good.mlir --start-at=graph --stop-after=graph | FileCheck %t/good.mlir
// RUN: not quern compile %t/lowered.mlir --start-at=graph --stop-after=graph 2>&1 | FileCheck %t/lowered.mlir
// RUN: not quern compile %t/nothing.mlir --start-at=graph --stop-after=graph 2>&1 | FileCheck %t/nothing.mlir
// RUN: not quern compile %t/unnamed.mlir --start-at=graph --stop-after=graph 2>&1 | FileCheck %t/unnamed.mlir
// RUN: not quern compile %t/unparsed.mlir --start-at=graph --stop-after=graph 2>&1 | FileCheck %t/unparsed.mlir

//--- good.mlir
// CHECK: func.func @main(%arg0: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"})
// CHECK: graph.neg %arg0
func.func @main(%x: tensor<2x3xf32> {onnx.name = "x"}) -> (!onnx.value {onnx.name = "y"}) {
  %y = onnx.node "Neg"(%x) {name = "n", opset = 13 : i64} : (tensor<2x3xf32>) -> !onnx.value
  return %y : !onnx.value
}

//--- lowered.mlir
// CHECK: error: '{{.*}}lowered.mlir' is not what phase import gives: graph.neg is no op of the file
func.func @main(%x: tensor<2x3xf32> {onnx.name = "x"}) -> (tensor<2x3xf32> {onnx.name = "y"}) {
  %y = graph.neg %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

//--- nothing.mlir
// CHECK: error: {{.*}} is not what phase import gives: there is no function @main
module {}

//--- unnamed.mlir
// CHECK: error: {{.*}} is not what phase import gives: result 0 of @main has no onnx.name
func.func @main(%x: tensor<2x3xf32> {onnx.name = "x"}) -> tensor<2x3xf32> {
  return %x : tensor<2x3xf32>
}

//--- unparsed.mlir
// CHECK: error: '{{.*}}unparsed.mlir' is not the text of a phase: line 2, column {{[0-9]+}}: {{.}}
func.func @main(
