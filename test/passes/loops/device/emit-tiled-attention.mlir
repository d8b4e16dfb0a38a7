// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file --verify-diagnostics | FileCheck %s

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

// -----

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

// -----

// expected-error @+1 {{has tiles of attention that do not fit the memory of a block}}
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_attention", {}, "test">} {
^bb0(%q: tensor<1x1x70x256xf32>, %k: tensor<1x1x45x256xf32>, %v: tensor<1x1x45x256xf32>):
  %0 = graph.attention %q, %k, %v {scale = 0.125 : f64} : (tensor<1x1x70x256xf32>, tensor<1x1x45x256xf32>, tensor<1x1x45x256xf32>) -> tensor<1x1x70x256xf32>
  kernel.yield %0 : tensor<1x1x70x256xf32>
}
