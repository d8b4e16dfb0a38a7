// What is known at compile time is folded while it is built: the static product divides nothing, the one with rows that
// are counted at run time does.
// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 | FileCheck %s

// CHECK-LABEL: func.func @static_v4
// CHECK-NOT:   arith.{{(divui|divsi|remui|remsi|cmpi)}}
// CHECK-LABEL: func.func @dynamic_v4
// CHECK:       arith.remui
kernel.func @static attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<14x64xf32>, %w: tensor<2x64x16xf32>, %b: tensor<32xf32>):
  %0 = graph.matmul %x, %w {columns = 32 : i64} : (tensor<14x64xf32>, tensor<2x64x16xf32>) -> tensor<14x32xf32>
  %1 = graph.add %0, %b : (tensor<14x32xf32>, tensor<32xf32>) -> tensor<14x32xf32>
  kernel.yield %1 : tensor<14x32xf32>
}
kernel.func @dynamic attributes {dims = 1 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<?x64xf32, #graph.dims<["d0", ""]>>, %w: tensor<1x64x16xf32>):
  %0 = graph.matmul %x, %w {columns = 16 : i64} : (tensor<?x64xf32, #graph.dims<["d0", ""]>>, tensor<1x64x16xf32>) -> tensor<?x16xf32, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x16xf32, #graph.dims<["d0", ""]>>
}
