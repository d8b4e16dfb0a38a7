// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// One tile: the whole of K with its accumulators in registers, then the bias and the results.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for %[[K:.*]] = %c0 to %c64 step %c1 iter_args(
// CHECK:         %[[B:.*]] = vector.load
// CHECK:         memref.load
// CHECK-NOT:     vector.store
// CHECK:         scf.yield
// CHECK:       %[[BIAS:.*]] = vector.load
// CHECK-NEXT:  %[[Y:.*]] = arith.addf %{{.*}}, %[[BIAS]]
// CHECK-NEXT:  vector.store %[[Y]]
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"gemm", {task_columns = 64 : i64, task_rows = 126 : i64}, "test">} {
^bb0(%x: tensor<14x64xf32>, %w: tensor<2x64x16xf32>, %b: tensor<32xf32>):
  %0 = graph.matmul %x, %w {columns = 32 : i64} : (tensor<14x64xf32>, tensor<2x64x16xf32>) -> tensor<14x32xf32>
  %1 = graph.add %0, %b : (tensor<14x32xf32>, tensor<32xf32>) -> tensor<14x32xf32>
  kernel.yield %1 : tensor<14x32xf32>
}
