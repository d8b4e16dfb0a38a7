// RUN: quern-opt %s --quern-form-kernels=fuse=false --quern-select-schedule=target=sm_80 | FileCheck %s

// Attention has as many queries for each block as leave no multiprocessor idle. One query has blocks for parts of its
// keys. Heads too large for the memory of a block are the processor's.
// CHECK-LABEL: @attention
// CHECK: kernel.region "attention"{{.*}}#kernel.schedule<"tiled_attention", {key_splits = 1 : i64, thread_keys = 4 : i64, thread_queries = 4 : i64, tile_keys = 32 : i64, tile_queries = 64 : i64}
// CHECK: kernel.region "attention#2"{{.*}}#kernel.schedule<"tiled_attention", {key_splits = 13 : i64, thread_keys = 1 : i64, thread_queries = 1 : i64, tile_keys = 32 : i64, tile_queries = 4 : i64}, "few queries: blocks share the keys, and their parts are combined">
// CHECK: kernel.region "attention#3"{{.*}}#kernel.schedule<"attention", {}, "on the processor: the device has no tiles for heads of this size;
func.func @attention(%q: tensor<8x12x128x64xf32>, %k: tensor<8x12x128x64xf32>, %a: tensor<1x8x1x64xf32>, %b: tensor<1x8x?x64xf32, #graph.dims<["", "", "T", ""]>>, %c: tensor<1x1x64x2048xf32>) -> (tensor<8x12x128x64xf32>, tensor<1x8x1x64xf32>, tensor<1x1x64x2048xf32>) {
  %0 = graph.attention %q, %k, %k {scale = 0.125 : f64} : (tensor<8x12x128x64xf32>, tensor<8x12x128x64xf32>, tensor<8x12x128x64xf32>) -> tensor<8x12x128x64xf32>
  %1 = graph.attention %a, %b, %b {scale = 0.125 : f64} : (tensor<1x8x1x64xf32>, tensor<1x8x?x64xf32, #graph.dims<["", "", "T", ""]>>, tensor<1x8x?x64xf32, #graph.dims<["", "", "T", ""]>>) -> tensor<1x8x1x64xf32>
  %2 = graph.attention %c, %c, %c {scale = 0.125 : f64} : (tensor<1x1x64x2048xf32>, tensor<1x1x64x2048xf32>, tensor<1x1x64x2048xf32>) -> tensor<1x1x64x2048xf32>
  return %0, %1, %2 : tensor<8x12x128x64xf32>, tensor<1x8x1x64xf32>, tensor<1x1x64x2048xf32>
}

// Narrow floats are the matrix units': 32 queries for each of four warps where there are enough blocks, else 16 for a warp
// alone, of which a multiprocessor runs four at a time. Heads that share their keys are together. Where their results do not fit
// the registers, threads have them.
// CHECK-LABEL: @narrow
// CHECK: kernel.region "attention#4"{{.*}}#kernel.schedule<"tiled_attention", {key_splits = 1 : i64, stages = 2 : i64, tile_keys = 64 : i64, tile_queries = 128 : i64, warp_queries = 32 : i64}, "scores stay in registers, multiplied by matrix units">
// CHECK: kernel.region "attention#5"{{.*}}#kernel.schedule<"tiled_attention", {heads_together = 4 : i64, key_splits = 32 : i64, stages = 2 : i64, tile_keys = 32 : i64, tile_queries = 16 : i64, warp_queries = 16 : i64}, "few queries: blocks share the keys, and their parts are combined">
// CHECK: kernel.region "attention#6"{{.*}}#kernel.schedule<"tiled_attention", {key_splits = 8 : i64, thread_keys = 1 : i64, thread_queries = 2 : i64, tile_keys = 16 : i64, tile_queries = 16 : i64}
func.func @narrow(%q: tensor<8x16x128x64xf16>, %a: tensor<1x16x1x128xbf16>, %b: tensor<1x4x4096x128xbf16>, %c: tensor<1x1x64x256xf16>, %d: tensor<1x1x512x256xf16>, %e: tensor<1x1x512x320xf16>) -> (tensor<8x16x128x64xf16>, tensor<1x16x1x128xbf16>, tensor<1x1x64x320xf16>) {
  %0 = graph.attention %q, %q, %q {scale = 0.125 : f64} : (tensor<8x16x128x64xf16>, tensor<8x16x128x64xf16>, tensor<8x16x128x64xf16>) -> tensor<8x16x128x64xf16>
  %1 = graph.attention %a, %b, %b {scale = 0.125 : f64} : (tensor<1x16x1x128xbf16>, tensor<1x4x4096x128xbf16>, tensor<1x4x4096x128xbf16>) -> tensor<1x16x1x128xbf16>
  %2 = graph.attention %c, %d, %e {scale = 0.125 : f64} : (tensor<1x1x64x256xf16>, tensor<1x1x512x256xf16>, tensor<1x1x512x320xf16>) -> tensor<1x1x64x320xf16>
  return %0, %1, %2 : tensor<8x16x128x64xf16>, tensor<1x16x1x128xbf16>, tensor<1x1x64x320xf16>
}
