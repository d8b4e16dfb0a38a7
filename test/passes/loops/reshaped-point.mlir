// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// The element (row, 0, c) of the reshape is (row, c) of its operand, without a division; the vector stays along the rows.
// CHECK-LABEL: func.func @k_v4
// CHECK-NOT:     arith.remui
// CHECK:         vector.load {{.*}} vector<32xf32>
// CHECK-NOT:     arith.remui
// CHECK:         return
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"row_lanes", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x6xf32, #graph.dims<["d0", ""]>>):
  %0 = graph.reshape %x : (tensor<?x6xf32, #graph.dims<["d0", ""]>>) -> tensor<?x1x6xf32, #graph.dims<["d0", "", ""]>>
  %1 = graph.reduce %0 {axes = array<i64: 2>, kind = #graph<reduction max>} : (tensor<?x1x6xf32, #graph.dims<["d0", "", ""]>>) -> tensor<?x1x1xf32, #graph.dims<["d0", "", ""]>>
  kernel.yield %1 : tensor<?x1x1xf32, #graph.dims<["d0", "", ""]>>
}
