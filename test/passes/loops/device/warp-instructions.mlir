// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s

// Words of bfloat16 go to the matrix unit as they were loaded.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         %[[A:.*]] = nvvm.ldmatrix {{.*}} num = 4 : i32} : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32, i32, i32)>
// CHECK:         %[[WORD:.*]] = llvm.extractvalue %[[A]][0]
// CHECK:         llvm.call_intrinsic "llvm.nvvm.mma.m16n8k16.row.col.bf16"(%[[WORD]],
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 64 : i64, tile_columns = 64 : i64, tile_depth = 32 : i64, warp_rows = 32 : i64, warp_columns = 32 : i64, stages = 2 : i64}, "test">} {
^bb0(%x: tensor<64x64xbf16>, %w: tensor<64x64xbf16>):
  %0 = graph.matmul %x, %w : (tensor<64x64xbf16>, tensor<64x64xbf16>) -> tensor<64x64xbf16>
  kernel.yield %0 : tensor<64x64xbf16>
}

// -----

// Those of float16 are pairs.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         %[[A:.*]] = nvvm.ldmatrix
// CHECK:         %[[WORD:.*]] = llvm.extractvalue %[[A]][0]
// CHECK:         %[[PAIR:.*]] = llvm.bitcast %[[WORD]] : i32 to vector<2xf16>
// CHECK:         llvm.call_intrinsic "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"(%[[PAIR]],
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 64 : i64, tile_columns = 64 : i64, tile_depth = 32 : i64, warp_rows = 32 : i64, warp_columns = 32 : i64, stages = 2 : i64}, "test">} {
^bb0(%x: tensor<64x64xf16>, %w: tensor<64x64xf16>):
  %0 = graph.matmul %x, %w : (tensor<64x64xf16>, tensor<64x64xf16>) -> tensor<64x64xf16>
  kernel.yield %0 : tensor<64x64xf16>
}

// -----

// float32 is rounded to nearest first, eight of the depth at a time.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         %[[A:.*]] = nvvm.ldmatrix
// CHECK:         %[[WORD:.*]] = llvm.extractvalue %[[A]][0]
// CHECK:         %[[EXACT:.*]] = llvm.bitcast %[[WORD]] : i32 to f32
// CHECK:         %[[ROUNDED:.*]] = llvm.call_intrinsic "llvm.nvvm.f2tf32.rna"(%[[EXACT]]) : (f32) -> i32
// CHECK:         llvm.call_intrinsic "llvm.nvvm.mma.m16n8k8.row.col.tf32"(%[[ROUNDED]],
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"tiled_gemm", {tile_rows = 64 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, warp_rows = 32 : i64, warp_columns = 32 : i64, stages = 2 : i64}, "test">} {
^bb0(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>):
  %0 = graph.matmul %x, %w : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  kernel.yield %0 : tensor<64x64xf32>
}
