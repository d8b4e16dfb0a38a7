// RUN: quern-opt %s --quern-form-kernels=fuse=false --quern-select-schedule=target=sm_80 | FileCheck %s
// RUN: quern-opt %s --quern-form-kernels=fuse=false --quern-select-schedule="target=sm_80 tf32=true" | FileCheck %s --check-prefix=TF32
// RUN: not quern-opt %s --quern-form-kernels=fuse=false --quern-select-schedule=target=sm_79 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: unknown target 'sm_79'; did you mean 'sm_80'?

// A product of few rows reads its right side by many threads; a large one gets large tiles.
// CHECK: kernel.region "matmul"{{.*}}#kernel.schedule<"tiled_gemm", {slices = 32 : i64, tile_columns = 32 : i64, tile_rows = 4 : i64}, "few rows: columns for a block, slices of the depth for its threads">
// CHECK: kernel.region "matmul#2"{{.*}}#kernel.schedule<"tiled_gemm", {stages = 3 : i64, thread_columns = 8 : i64, thread_rows = 8 : i64, tile_columns = 128 : i64, tile_depth = 8 : i64, tile_rows = 128 : i64}
// CHECK: kernel.region "exp"{{.*}}#kernel.schedule<"threads"
func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>, %a: tensor<4096x512xf32>, %b: tensor<512x4096xf32>) -> (tensor<4x16xf32>, tensor<4096x4096xf32>) {
  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %1 = graph.matmul %a, %b : (tensor<4096x512xf32>, tensor<512x4096xf32>) -> tensor<4096x4096xf32>
  %2 = graph.exp %0 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  return %2, %1 : tensor<4x16xf32>, tensor<4096x4096xf32>
}

// Where that is allowed, matrix units take float32 too: elements of twice the size, half as many in a step.
// TF32: kernel.region "matmul#2"{{.*}}tile_depth = 16 : i64, tile_rows = 128 : i64, warp_columns = 64 : i64, warp_rows = 64 : i64}, "tiles in the memory that a block shares, multiplied by matrix units as tf32">
// TF32-LABEL: @conv
// TF32: kernel.region "conv"{{.*}}tile_depth = 16 : i64{{.*}} as tf32">

// Too few tiles for a device's 108 multiprocessors: blocks share the depth, as many as are fastest by estimate. Not where
// extents are unknown, which may be large.
// CHECK-LABEL: @deep
// CHECK: kernel.region "matmul{{.*}}{splits = 13 : i64, stages = 3 : i64, thread_columns = 4 : i64, thread_rows = 8 : i64, tile_columns = 64 : i64, tile_depth = 16 : i64, tile_rows = 64 : i64}, "tiles in the memory that a block shares, several blocks for the depth of each">
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
func.func @narrow(%a: tensor<4096x512xf16>, %b: tensor<512x4096xf16>, %x: tensor<?x8xbf16, #graph.dims<["n", ""]>>, %w: tensor<8x16xbf16>) -> (tensor<4096x4096xf16>, tensor<?x16xbf16, #graph.dims<["n", ""]>>) {
  %0 = graph.matmul %a, %b : (tensor<4096x512xf16>, tensor<512x4096xf16>) -> tensor<4096x4096xf16>
  %1 = graph.matmul %x, %w : (tensor<?x8xbf16, #graph.dims<["n", ""]>>, tensor<8x16xbf16>) -> tensor<?x16xbf16, #graph.dims<["n", ""]>>
  return %0, %1 : tensor<4096x4096xf16>, tensor<?x16xbf16, #graph.dims<["n", ""]>>
}

// One filter per channel leaves a tile empty; a transposed convolution is a product, too.
// CHECK-LABEL: @conv
// CHECK: kernel.region "conv"{{.*}}#kernel.schedule<"tiled_conv"
// CHECK: kernel.region "conv#2"{{.*}}#kernel.schedule<"direct_conv"
// CHECK: kernel.region "conv_transpose"{{.*}}#kernel.schedule<"tiled_conv"
func.func @conv(%x: tensor<1x16x8x8xf32>, %w: tensor<16x16x3x3xf32>, %d: tensor<16x1x3x3xf32>, %u: tensor<16x8x2x2xf32>) -> tensor<1x8x16x16xf32> {
  %0 = graph.conv %x, %w {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
  %1 = graph.conv %0, %d {dilations = array<i64: 1, 1>, group = 16 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x16x8x8xf32>, tensor<16x1x3x3xf32>) -> tensor<1x16x8x8xf32>
  %2 = graph.conv_transpose %1, %u {dilations = array<i64: 1, 1>, group = 1 : i64, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 2, 2>} : (tensor<1x16x8x8xf32>, tensor<16x8x2x2xf32>) -> tensor<1x8x16x16xf32>
  return %2 : tensor<1x8x16x16xf32>
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

// Trees are walked on the processor.
// CHECK-LABEL: func.func @trees
// CHECK:       kernel.region {{.*}} #kernel.schedule<"trees", {{.*}}on the processor
func.func @trees(%x: tensor<7x3xf32>, %tables: tensor<80xi32>, %cuts: tensor<1xf64>, %values: tensor<2x1xf64>, %base: tensor<1xf64>) -> tensor<7x1xf64> {
  %y = graph.packed_trees %x, %tables, %cuts, %values, %base {columns = 1 : i64, entries = 0 : i64, node_words = 2 : i64, nodes = 3 : i64, set_columns = 0 : i64, set_words = 0 : i64, steps = 1 : i64, trees = 1 : i64, words = 0 : i64}
      : (tensor<7x3xf32>, tensor<80xi32>, tensor<1xf64>, tensor<2x1xf64>, tensor<1xf64>) -> tensor<7x1xf64>
  return %y : tensor<7x1xf64>
}
