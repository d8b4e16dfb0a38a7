// RUN: quern-opt %s --quern-form-kernels | FileCheck %s --check-prefix=FORM
// RUN: quern-opt %s --quern-form-kernels --quern-select-schedule --quern-outline-kernels --quern-emit-kernels --quern-plan-memory | FileCheck %s --check-prefix=PLAN

// Each part is written into its place; the smaller concatenation is the first stretch of the larger one.
// FORM-LABEL: func.func @main
// FORM: graph.concat
// FORM: graph.concat
// PLAN-LABEL: func.func @host
// PLAN: rt.arena {slots = ["16*N + 16", "8"]}
// PLAN: %[[WHOLE:.*]] = rt.slot {index = 0 : i64}
// PLAN: rt.launch {{.*}}%[[WHOLE]]
// PLAN: rt.slot {index = 0 : i64}
// PLAN: rt.offset {{.*}}bytes = "16"
// PLAN: rt.launch
// PLAN: rt.slot {index = 0 : i64}
// PLAN: rt.offset {{.*}}bytes = "8*N + 16"
// PLAN: rt.launch
// PLAN-NOT: rt.copy
// PLAN: rt.output
!two = tensor<1x2x4xf32>
!n = tensor<1x?x4xf32, #graph.dims<["", "N", ""]>>
func.func @main(%x: !two, %y: tensor<1x?x2xf32, #graph.dims<["", "N", ""]>>) -> tensor<1x?x2xf32, #graph.dims<["", "2*N + 2", ""]>> {
  %z = graph.constant dense<1.0> : tensor<4x2xf32>
  %0 = graph.matmul %x, %z : (!two, tensor<4x2xf32>) -> tensor<1x2x2xf32>
  %1 = graph.exp %y : (tensor<1x?x2xf32, #graph.dims<["", "N", ""]>>) -> tensor<1x?x2xf32, #graph.dims<["", "N", ""]>>
  %2 = graph.concat %0, %1 {axis = 1} : (tensor<1x2x2xf32>, tensor<1x?x2xf32, #graph.dims<["", "N", ""]>>) -> tensor<1x?x2xf32, #graph.dims<["", "N + 2", ""]>>
  %3 = graph.reduce %2 {axes = array<i64: 1>, kind = #graph<reduction max>} : (tensor<1x?x2xf32, #graph.dims<["", "N + 2", ""]>>) -> tensor<1x1x2xf32>
  %4 = graph.add %1, %3 : (tensor<1x?x2xf32, #graph.dims<["", "N", ""]>>, tensor<1x1x2xf32>) -> tensor<1x?x2xf32, #graph.dims<["", "N", ""]>>
  %5 = graph.concat %0, %1, %4 {axis = 1} : (tensor<1x2x2xf32>, tensor<1x?x2xf32, #graph.dims<["", "N", ""]>>, tensor<1x?x2xf32, #graph.dims<["", "N", ""]>>) -> tensor<1x?x2xf32, #graph.dims<["", "2*N + 2", ""]>>
  %6 = graph.sqrt %5 : (tensor<1x?x2xf32, #graph.dims<["", "2*N + 2", ""]>>) -> tensor<1x?x2xf32, #graph.dims<["", "2*N + 2", ""]>>
  return %6 : tensor<1x?x2xf32, #graph.dims<["", "2*N + 2", ""]>>
}
