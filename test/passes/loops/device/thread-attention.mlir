// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse | FileCheck %s

// A thread has 2 queries and 1 key of each tile; 16 threads share a row, whose maximum they find in four exchanges.
// Keys and values have a tile each: three barriers for a tile of keys. Past the last key the scores are masked.
// CHECK:       kernel.func @k attributes {{{.*}}kernel.block_memory = 8448 : i64{{.*}}tasks = "10", threads = 128 : i64}
// CHECK-COUNT-4: llvm.mlir.global internal @k_sm_80_tile
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         %{{.*}}:8 = scf.for %{{.*}} = %c0 to %c45 step %c16
// CHECK:           gpu.barrier
// CHECK:           scf.for %{{.*}} = %c0 to %c32 step %c4
// CHECK-COUNT-8:     math.fma
// CHECK:           arith.select
// CHECK-COUNT-4:   gpu.shuffle xor
// CHECK:           gpu.barrier
// CHECK:           scf.for %{{.*}} = %c0 to %c16 step %c4
// CHECK-COUNT-16:    math.fma
// CHECK:           gpu.barrier
// CHECK-NOT:       gpu.barrier
// CHECK:         gpu.shuffle xor
// CHECK:         arith.divf
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_attention", {tile_queries = 16 : i64, tile_keys = 16 : i64, thread_queries = 2 : i64, thread_keys = 1 : i64}, "test">} {
^bb0(%q: tensor<1x2x70x32xf32>, %k: tensor<1x2x45x32xf32>, %v: tensor<1x2x45x32xf32>):
  %0 = graph.attention %q, %k, %v {scale = 0.125 : f64} : (tensor<1x2x70x32xf32>, tensor<1x2x45x32xf32>, tensor<1x2x45x32xf32>) -> tensor<1x2x70x32xf32>
  kernel.yield %0 : tensor<1x2x70x32xf32>
}
