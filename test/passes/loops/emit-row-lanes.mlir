// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Rows become columns in squares of 16; a tile is columns of the product times rows, the weights are its scalars; the
// extremum is a loop over columns, of 32 rows at a time, and nothing is reduced within a vector.
// CHECK:       kernel.func @k attributes {{{.*}}kernel.tile.v4 = "32x{{[0-9]+}}"
// CHECK-LABEL: func.func @k_v4
// CHECK-NOT:     vector.reduction
// CHECK:         vector.shuffle
// CHECK:         vector.broadcast %{{.*}} : f32 to vector<16xf32>
// CHECK:         vector.fma
// CHECK:         scf.for
// CHECK:           arith.cmpf {{.*}} : vector<32xf32>
// CHECK:           arith.select {{.*}} : vector<32xi1>, vector<32xf32>
// CHECK-NOT:     vector.reduction
// CHECK:         return
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"row_lanes", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x20xf32, #graph.dims<["d0", ""]>>, %w: tensor<1x20x16xf32>):
  %0 = graph.matmul %x, %w {columns = 5 : i64} : (tensor<?x20xf32, #graph.dims<["d0", ""]>>, tensor<1x20x16xf32>) -> tensor<?x5xf32, #graph.dims<["d0", ""]>>
  %1 = graph.arg_reduce %0 {axis = 1 : i64, largest = true, last = false} : (tensor<?x5xf32, #graph.dims<["d0", ""]>>) -> tensor<?x1xi64, #graph.dims<["d0", ""]>>
  kernel.yield %1 : tensor<?x1xi64, #graph.dims<["d0", ""]>>
}

// An element that other columns need is computed once.
// CHECK-LABEL: func.func @once_v4
// CHECK:         math.absf
// CHECK-NOT:     math.absf
// CHECK:         return
kernel.func @once attributes {dims = 1 : i64, schedule = #kernel.schedule<"row_lanes", {task_rows = 64 : i64}, "test">} {
^bb0(%x: tensor<?x4xf32, #graph.dims<["d0", ""]>>, %y: tensor<?x1xf32, #graph.dims<["d0", ""]>>):
  %0 = graph.abs %y : (tensor<?x1xf32, #graph.dims<["d0", ""]>>) -> tensor<?x1xf32, #graph.dims<["d0", ""]>>
  %1 = graph.mul %x, %0 : (tensor<?x4xf32, #graph.dims<["d0", ""]>>, tensor<?x1xf32, #graph.dims<["d0", ""]>>) -> tensor<?x4xf32, #graph.dims<["d0", ""]>>
  %2 = graph.reduce %1 {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<?x4xf32, #graph.dims<["d0", ""]>>) -> tensor<?x1xf32, #graph.dims<["d0", ""]>>
  kernel.yield %2 : tensor<?x1xf32, #graph.dims<["d0", ""]>>
}
