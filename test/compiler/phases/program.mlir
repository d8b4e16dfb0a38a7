// A program of graph ops, as tracers write it: it enters at phase import and has nothing to lower.
// RUN: split-file %s %t
// RUN: quern compile %t/good.mlir --stop-after=fuse | FileCheck %t/good.mlir
// RUN: quern compile %t/good.mlir --stop-after=import -o %t/import.mlir
// RUN: quern compile %t/import.mlir --start-at=graph --stop-after=fuse | FileCheck %t/good.mlir
// RUN: not quern compile %t/good.mlir --shape x=2x3 2>&1 | FileCheck %t/good.mlir --check-prefix=SHAPE
// RUN: not quern compile %t/foreign.mlir 2>&1 | FileCheck %t/foreign.mlir
// RUN: not quern compile %t/nameless.mlir 2>&1 | FileCheck %t/nameless.mlir
// RUN: not quern compile %t/solve.mlir 2>&1 | FileCheck %t/solve.mlir
// RUN: not quern compile %t/broken.mlir 2>&1 | FileCheck %t/broken.mlir

//--- good.mlir
// CHECK: kernel.region "f:3"
// CHECK-SAME: nodes = "f:3 (neg), f:4 (exp)"
// SHAPE: quern: error: --shape: '{{.*}}good.mlir' is a program, whose shapes are in its text
func.func @main(%x: tensor<?x3xf32, #graph.dims<["n", ""]>> {graph.name = "x"})
    -> (tensor<?x3xf32, #graph.dims<["n", ""]>> {graph.name = "y"}) {
  %0 = graph.neg %x : (tensor<?x3xf32, #graph.dims<["n", ""]>>) -> tensor<?x3xf32, #graph.dims<["n", ""]>> loc("f:3"("neg"))
  %1 = graph.exp %0 : (tensor<?x3xf32, #graph.dims<["n", ""]>>) -> tensor<?x3xf32, #graph.dims<["n", ""]>> loc("f:4"("exp"))
  return %1 : tensor<?x3xf32, #graph.dims<["n", ""]>>
}

//--- foreign.mlir
// CHECK: quern: error: '{{.*}}foreign.mlir' is no program of graph ops: {{.*}}does not belong in a graph
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = "arith.negf"(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

//--- nameless.mlir
// CHECK: quern: error: '{{.*}}nameless.mlir' is no program of graph ops: argument 0 of @main has no graph.name
func.func @main(%x: tensor<2x3xf32>) -> (tensor<2x3xf32> {graph.name = "y"}) {
  return %x : tensor<2x3xf32>
}

//--- solve.mlir
// CHECK: quern: error: '{{.*}}solve.mlir' is no program of graph ops: argument 0 of @main has the extent "n - 1": those of inputs are numbers or symbols
func.func @main(%x: tensor<?xf32, #graph.dims<["n - 1"]>> {graph.name = "x"}, %y: tensor<?xf32, #graph.dims<["n"]>> {graph.name = "y"})
    -> (tensor<?xf32, #graph.dims<["n - 1"]>> {graph.name = "z"}) {
  return %x : tensor<?xf32, #graph.dims<["n - 1"]>>
}

//--- broken.mlir
// CHECK: quern: error: '{{.*}}broken.mlir' is not the text of a phase: line {{[0-9]+}}, column {{[0-9]+}}: {{.*}}
func.func @main(%x: tensor<2x3xf32> {graph.name = "x"}) -> (tensor<2x3xf32> {graph.name = "y"}) {
  %y = graph.nothing %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
