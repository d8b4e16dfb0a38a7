// RUN: quern-opt %s --quern-form-kernels=fuse=false --quern-select-schedule=target=sm_80 | FileCheck %s
// RUN: quern-opt %s --quern-form-kernels=fuse=false --quern-select-schedule="target=sm_80 tf32=true" | FileCheck %s --check-prefix=TF32
// RUN: not quern-opt %s --quern-form-kernels=fuse=false --quern-select-schedule=target=sm_79 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: unknown target 'sm_79'; did you mean 'sm_80'?

// A product of few rows reads its right side by many threads; a large one gets large tiles.
// CHECK: kernel.region "matmul"{{.*}}#kernel.schedule<"tiled_gemm", {slices = 32 : i64, tile_columns = 32 : i64, tile_rows = 4 : i64}, "few rows: columns for a block, slices of the depth for its threads">
// CHECK: kernel.region "matmul#2"{{.*}}#kernel.schedule<"tiled_gemm", {stages = 3 : i64, thread_columns = 8 : i64, thread_rows = 8 : i64, tile_columns = 128 : i64, tile_depth = 8 : i64, tile_rows = 128 : i64}
// CHECK: kernel.region "exp"{{.*}}#kernel.schedule<"threads"
func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %a: tensor<2048x64xf32>, %b: tensor<64x2048xf32>) -> (tensor<4x16xf32>, tensor<2048x2048xf32>) {
  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %1 = graph.matmul %a, %b : (tensor<2048x64xf32>, tensor<64x2048xf32>) -> tensor<2048x2048xf32>
  %2 = graph.exp %0 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  return %2, %1 : tensor<4x16xf32>, tensor<2048x2048xf32>
}

// Where that is allowed, matrix units take float32 too: elements of twice the size, half as many in a step.
// TF32: kernel.region "matmul#2"{{.*}}tile_depth = 16 : i64, tile_rows = 128 : i64, warp_columns = 64 : i64, warp_rows = 64 : i64}, "tiles in the memory that a block shares, multiplied by matrix units as tf32">
// TF32-LABEL: @conv
// TF32: kernel.region "conv"{{.*}}tile_depth = 16 : i64{{.*}} as tf32">

// Too few tiles for a device's 108 multiprocessors: blocks share the depth. Not where extents are unknown, which may be large.
// CHECK-LABEL: @deep
// CHECK: kernel.region "matmul{{.*}}{splits = 4 : i64, stages = 3 : i64, thread_columns = 4 : i64, thread_rows = 4 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, tile_rows = 64 : i64}, "tiles in the memory that a block shares, several blocks for the depth of each">
// CHECK: kernel.region "matmul{{.*}}{slices = 64 : i64, splits = 4 : i64, tile_columns = 32 : i64, tile_rows = 1 : i64}
// CHECK: kernel.region "matmul{{.*}}#kernel.schedule<"tiled_gemm", {stages = 3 : i64, thread_columns = 4 : i64, thread_rows = 2 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, tile_rows = 16 : i64}, "tiles in the memory that a block shares">
func.func @deep(%a: tensor<128x3072xf32>, %b: tensor<3072x768xf32>, %h: tensor<1x3072xf16>, %v: tensor<3072x768xf16>, %n: tensor<?x3072xf32, #graph.dims<["n", ""]>>) -> (tensor<128x768xf32>, tensor<1x768xf16>, tensor<?x768xf32, #graph.dims<["n", ""]>>) {
  %0 = graph.matmul %a, %b : (tensor<128x3072xf32>, tensor<3072x768xf32>) -> tensor<128x768xf32>
  %1 = graph.matmul %h, %v : (tensor<1x3072xf16>, tensor<3072x768xf16>) -> tensor<1x768xf16>
  %2 = graph.matmul %n, %b : (tensor<?x3072xf32, #graph.dims<["n", ""]>>, tensor<3072x768xf32>) -> tensor<?x768xf32, #graph.dims<["n", ""]>>
  return %0, %1, %2 : tensor<128x768xf32>, tensor<1x768xf16>, tensor<?x768xf32, #graph.dims<["n", ""]>>
}

// Matrix units multiply narrow floats, what a warp has is larger than what a thread has.
// CHECK-LABEL: @narrow
// CHECK: kernel.region "matmul{{.*}}#kernel.schedule<"tiled_gemm", {stages = 3 : i64, tile_columns = 128 : i64, tile_depth = 32 : i64, tile_rows = 128 : i64, warp_columns = 64 : i64, warp_rows = 64 : i64}
// CHECK: kernel.region "matmul{{.*}}{stages = 4 : i64, tile_columns = 64 : i64, tile_depth = 32 : i64, tile_rows = 16 : i64, warp_columns = 16 : i64, warp_rows = 16 : i64}, "tiles in the memory that a block shares, multiplied by matrix units">
func.func @narrow(%a: tensor<2048x64xf16>, %b: tensor<64x2048xf16>, %x: tensor<?x8xbf16, #graph.dims<["n", ""]>>, %w: tensor<8x16xbf16>) -> (tensor<2048x2048xf16>, tensor<?x16xbf16, #graph.dims<["n", ""]>>) {
  %0 = graph.matmul %a, %b : (tensor<2048x64xf16>, tensor<64x2048xf16>) -> tensor<2048x2048xf16>
  %1 = graph.matmul %x, %w : (tensor<?x8xbf16, #graph.dims<["n", ""]>>, tensor<8x16xbf16>) -> tensor<?x16xbf16, #graph.dims<["n", ""]>>
  return %0, %1 : tensor<2048x2048xf16>, tensor<?x16xbf16, #graph.dims<["n", ""]>>
}

// One filter per channel leaves a tile empty.
// CHECK-LABEL: @conv
// CHECK: kernel.region "conv"{{.*}}#kernel.schedule<"tiled_conv"
// CHECK: kernel.region "conv#2"{{.*}}#kernel.schedule<"direct_conv"
func.func @conv(%x: tensor<1x16x8x8xf32>, %w: tensor<16x16x3x3xf32>, %d: tensor<16x1x3x3xf32>) -> tensor<1x16x8x8xf32> {
  %0 = graph.conv %x, %w {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
  %1 = graph.conv %0, %d {dilations = array<i64: 1, 1>, group = 16 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x16x8x8xf32>, tensor<16x1x3x3xf32>) -> tensor<1x16x8x8xf32>
  return %1 : tensor<1x16x8x8xf32>
}

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

// A layer of few blocks divides those of its weights; rows of the batch that share them are a block's, up to four.
// CHECK-LABEL: @recurrent
// CHECK: kernel.region "rnn"{{.*}}#kernel.schedule<"recurrent_steps", {task_rows = 2 : i64, task_units = 8 : i64}
// CHECK: kernel.region "rnn#2"{{.*}}#kernel.schedule<"recurrent_steps", {task_rows = 4 : i64, task_units = 16 : i64}
func.func @recurrent(%p: tensor<1x7x2x1x1x16xf32>, %r: tensor<1x1x16x1x16xf32>, %q: tensor<1x7x64x64x1x16xf32>, %s: tensor<1x64x1024x1x16xf32>) -> (tensor<7x1x2x16xf32>, tensor<7x1x64x1024xf32>) {
  %0:3 = graph.rnn %p, %r {activations = ["Tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind rnn>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (tensor<1x7x2x1x1x16xf32>, tensor<1x1x16x1x16xf32>) -> (tensor<7x1x2x16xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>)
  %1:3 = graph.rnn %q, %s {activations = ["Tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>, clip = 0.0 : f64, direction = "forward", input_forget = false, kind = #graph<rnn_kind rnn>, linear_before_reset = false, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0>} : (tensor<1x7x64x64x1x16xf32>, tensor<1x64x1024x1x16xf32>) -> (tensor<7x1x64x1024xf32>, tensor<1x64x1024xf32>, tensor<1x64x1024xf32>)
  return %0#0, %1#0 : tensor<7x1x2x16xf32>, tensor<7x1x64x1024xf32>
}

// What the device has no code for stays on the processor, and says so.
// CHECK-LABEL: @processor
// CHECK: kernel.region "cumulative"{{.*}}#kernel.schedule<"cumulative", {}, "on the processor: the device has no kernel for cumulative; one pass per line">
// CHECK: kernel.region "mod"{{.*}}#kernel.schedule<"loops", {}, "on the processor: the device has no exact remainder of floats;
// CHECK: kernel.region "mod#2"{{.*}}#kernel.schedule<"threads"
func.func @processor(%x: tensor<4x8xf32>, %i: tensor<4xi32>) -> (tensor<4x8xf32>, tensor<4xi32>) {
  %0 = graph.cumulative %x {axis = 1 : i64, exclusive = false, kind = #graph<reduction sum>, reverse = false} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = graph.mod %0, %x {truncated = true} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = graph.mod %i, %i {truncated = false} : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  return %1, %2 : tensor<4x8xf32>, tensor<4xi32>
}

// So does what stands inside of control flow.
// CHECK-LABEL: @branches
// CHECK: kernel.region "neg"{{.*}}"on the processor: the processor runs what stands inside an if or a loop;
func.func @branches(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.if %c {symbols = []} : (tensor<i1>) -> tensor<4xf32> {
    %1 = graph.neg %x : (tensor<4xf32>) -> tensor<4xf32>
    graph.yield %1 : tensor<4xf32>
  } else {
    graph.yield %x : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}
