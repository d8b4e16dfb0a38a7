// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse | FileCheck %s

// Parts of the keys for blocks of their own: each leaves its maximum, sum and result in memory that all blocks see,
// and a second launch, which the last parameter tells apart, combines them. Two heads of queries share one of keys.
// CHECK:       kernel.func @k attributes {{{.*}}phases = "2"{{.*}}shared = "16896"{{.*}}tasks = "16"
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-SAME:    %arg4: !llvm.ptr {llvm.noalias}, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: i64, %{{.*}}: !llvm.ptr, %[[PHASE:.*]]: i64)
// CHECK:         %[[NUMBER:.*]] = arith.index_cast %[[PHASE]]
// CHECK:         scf.for
// CHECK:           %[[FIRST:.*]] = arith.cmpi eq, %[[NUMBER]], %c0
// CHECK:           scf.if %[[FIRST]] {
// CHECK:             gpu.barrier
// CHECK:           } else {
// CHECK-NOT:         gpu.barrier
// CHECK:             arith.divf
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_attention", {tile_queries = 4 : i64, tile_keys = 32 : i64, thread_queries = 1 : i64, thread_keys = 1 : i64, key_splits = 4 : i64}, "test">} {
^bb0(%q: tensor<1x4x1x64xf32>, %k: tensor<1x2x257x64xf32>, %v: tensor<1x2x257x64xf32>):
  %0 = graph.attention %q, %k, %v {scale = 0.125 : f64} : (tensor<1x4x1x64xf32>, tensor<1x2x257x64xf32>, tensor<1x2x257x64xf32>) -> tensor<1x4x1x64xf32>
  kernel.yield %0 : tensor<1x4x1x64xf32>
}
