// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s

// Each array is a global of its own in the memory that a block shares, at an address of 16 bytes and named after its offset:
// queries [64][32 + 4], powers [32][32 + 4], keys [64][32 + 4] and values [32][64]. Four queries, keys or columns of a thread
// are one access of 16 bytes; elements that lie in memory are copied one by one.
// CHECK:       kernel.func @k attributes {{{.*}}kernel.block_memory = 31232 : i64
// CHECK:       llvm.mlir.global internal @k_sm_80_tile0() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<2304 x f32>
// CHECK-NEXT:  llvm.mlir.global internal @k_sm_80_tile9216() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<1152 x f32>
// CHECK-NEXT:  llvm.mlir.global internal @k_sm_80_tile13824() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<2304 x f32>
// CHECK-NEXT:  llvm.mlir.global internal @k_sm_80_tile23040() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<2048 x f32>
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         llvm.call_intrinsic "llvm.nvvm.cp.async.ca.shared.global.4.s"
// CHECK:         llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK:         %[[FOUR:.*]] = vector.insert %{{.*}}, %{{.*}} [3] : f32 into vector<4xf32>
// CHECK:         llvm.store %[[FOUR]], %{{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_attention", {tile_queries = 32 : i64, tile_keys = 32 : i64, thread_queries = 4 : i64, thread_keys = 4 : i64}, "test">} {
^bb0(%q: tensor<1x1x64x64xf32>, %k: tensor<1x1x64x64xf32>, %v: tensor<1x1x64x64xf32>):
  %0 = graph.attention %q, %k, %v {scale = 0.125 : f64} : (tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>) -> tensor<1x1x64x64xf32>
  kernel.yield %0 : tensor<1x1x64x64xf32>
}

// -----

// Rows of twice as many bytes: not all of it fits 48 KB. Values take the place of keys, the larger of the two.
// CHECK:       kernel.func @k attributes {{{.*}}kernel.block_memory = 41472 : i64
// CHECK:       llvm.mlir.global internal @k_sm_80_tile0() {{.*}} : !llvm.array<4608 x f32>
// CHECK-NEXT:  llvm.mlir.global internal @k_sm_80_tile18432() {{.*}} : !llvm.array<1152 x f32>
// CHECK-NEXT:  llvm.mlir.global internal @k_sm_80_tile23040() {{.*}} : !llvm.array<4608 x f32>
// CHECK-NOT:   llvm.mlir.global
// CHECK-LABEL: func.func @k_sm_80(
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_attention", {tile_queries = 32 : i64, tile_keys = 32 : i64, thread_queries = 4 : i64, thread_keys = 4 : i64}, "test">} {
^bb0(%q: tensor<1x1x64x128xf32>, %k: tensor<1x1x64x128xf32>, %v: tensor<1x1x64x128xf32>):
  %0 = graph.attention %q, %k, %v {scale = 0.125 : f64} : (tensor<1x1x64x128xf32>, tensor<1x1x64x128xf32>, tensor<1x1x64x128xf32>) -> tensor<1x1x64x128xf32>
  kernel.yield %0 : tensor<1x1x64x128xf32>
}

// -----

// Four of f64 are 32 bytes, aligned to no more than 16; two keys of a thread are one access, one query an element.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         llvm.load %{{.*}} {alignment = 8 : i64} : !llvm.ptr -> f64
// CHECK:         llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<2xf64>
// CHECK:         llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf64>
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_attention", {tile_queries = 16 : i64, tile_keys = 16 : i64, thread_queries = 1 : i64, thread_keys = 2 : i64}, "test">} {
^bb0(%q: tensor<1x1x64x32xf64>, %k: tensor<1x1x64x32xf64>, %v: tensor<1x1x64x32xf64>):
  %0 = graph.attention %q, %k, %v {scale = 0.125 : f64} : (tensor<1x1x64x32xf64>, tensor<1x1x64x32xf64>, tensor<1x1x64x32xf64>) -> tensor<1x1x64x32xf64>
  kernel.yield %0 : tensor<1x1x64x32xf64>
}
