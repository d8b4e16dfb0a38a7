// RUN: quern-opt %s --split-input-file --verify-diagnostics --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// The rows of the one side become columns, step by step; a register tile holds rows x vectors of sums, of whose terms the
// squares are added by multiply-adds. What follows the sums is computed on them.
// CHECK-LABEL: func.func @distances_v4
// CHECK:         scf.for %[[K:.*]] = %c0 to %c32
// CHECK:           vector.store %{{.*}}, %[[PANEL:.*]][%{{.*}}] : memref<?xf64>
// CHECK:         scf.for
// CHECK:           %[[B:.*]] = vector.load %[[PANEL]]
// CHECK:           %[[A:.*]] = vector.broadcast %{{.*}} : f64 to vector<8xf64>
// CHECK:           %[[D:.*]] = arith.subf %[[A]], %[[B]]
// CHECK:           vector.fma %[[D]], %[[D]], %{{.*}} : vector<8xf64>
// CHECK:         %[[ROOT:.*]] = math.sqrt %{{.*}} : vector<8xf64>
// CHECK:         vector.store %[[ROOT]]
kernel.func @distances attributes {dims = 0 : i64, schedule = #kernel.schedule<"pairs", {task_columns = 256 : i64, task_rows = 64 : i64}, "test">} {
^bb0(%a: tensor<64x1x32xf64>, %b: tensor<1x48x32xf64>):
  %0 = graph.sub %a, %b : (tensor<64x1x32xf64>, tensor<1x48x32xf64>) -> tensor<64x48x32xf64>
  %1 = graph.mul %0, %0 : (tensor<64x48x32xf64>, tensor<64x48x32xf64>) -> tensor<64x48x32xf64>
  %2 = graph.reduce %1 {axes = array<i64: 2>, kind = #graph<reduction sum>} : (tensor<64x48x32xf64>) -> tensor<64x48x1xf64>
  %3 = graph.sqrt %2 : (tensor<64x48x1xf64>) -> tensor<64x48x1xf64>
  kernel.yield %3 : tensor<64x48x1xf64>
}

// -----

// Every element is used once.
// expected-error @below {{is no reduction over pairs of rows}}
kernel.func @rows attributes {dims = 0 : i64, schedule = #kernel.schedule<"pairs", {}, "test">} {
^bb0(%a: tensor<64x1x32xf64>, %b: tensor<64x48x32xf64>):
  %0 = graph.sub %a, %b : (tensor<64x1x32xf64>, tensor<64x48x32xf64>) -> tensor<64x48x32xf64>
  %1 = graph.reduce %0 {axes = array<i64: 2>, kind = #graph<reduction max>} : (tensor<64x48x32xf64>) -> tensor<64x48x1xf64>
  kernel.yield %1 : tensor<64x48x1xf64>
}
