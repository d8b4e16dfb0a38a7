// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Each lane of a row keeps the least of its columns and where that was, from tile to tile; the product is not stored. The
// columns behind the 24th are no elements.
// CHECK-LABEL: func.func @nearest_v4
// CHECK-DAG:     %[[NONE:.*]] = arith.constant dense<0x7F800000> : vector<16xf32>
// CHECK-DAG:     %[[LANES:.*]] = arith.constant dense<[0, 1, 2, {{.*}}]> : vector<16xi32>
// CHECK:         scf.for
// CHECK:           vector.store %[[NONE]], %[[BEST:.*]][
// CHECK:           vector.store %[[LANES]], %[[PLACE:.*]][
// CHECK:         vector.fma
// CHECK:         %[[BEFORE:.*]] = vector.load %[[BEST]]
// CHECK:         arith.cmpf ult, %[[VALUE:.*]], %[[BEFORE]]
// CHECK:         %[[BETTER:.*]] = arith.andi
// CHECK:         %[[NEXT:.*]] = arith.select %{{.*}}, %[[VALUE]], %[[BEFORE]]
// CHECK-NEXT:    vector.store %[[NEXT]], %[[BEST]]
// CHECK:         memref.store %{{.*}} : memref<?xi64>
kernel.func @nearest attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<600x8xf32>, %y: tensor<24x8xf32>):
  %0 = graph.matmul %x, %y {transpose_rhs} : (tensor<600x8xf32>, tensor<24x8xf32>) -> tensor<600x24xf32>
  %1 = graph.arg_reduce %0 {axis = 1 : i64, largest = false, last = false} : (tensor<600x24xf32>) -> tensor<600x1xi64>
  kernel.yield %1 : tensor<600x1xi64>
}

// CHECK-LABEL: func.func @sums_v4
// CHECK:         vector.fma
// CHECK:         %[[SUM:.*]] = arith.addf %{{.*}}, %{{.*}} : vector<8xf64>
// CHECK:         vector.store %[[SUM]]
kernel.func @sums attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<600x8xf64>, %y: tensor<8x32xf64>):
  %0 = graph.matmul %x, %y : (tensor<600x8xf64>, tensor<8x32xf64>) -> tensor<600x32xf64>
  %1 = graph.reduce %0 {axes = array<i64: 1>, kind = #graph<reduction sum>} : (tensor<600x32xf64>) -> tensor<600x1xf64>
  kernel.yield %1 : tensor<600x1xf64>
}
