// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s
// RUN: quern-opt %s --quern-emit-kernels=target=aarch64 --canonicalize --cse | FileCheck %s --check-prefix=LANES

// The accumulators of a row of pixels are carried through the window and the 16 input channels; nothing is stored before
// the sums are complete. Window rows outside the image are clipped from the loop.
// CHECK-LABEL: func.func @k_v4
// CHECK-DAG:   arith.maxsi
// CHECK-DAG:   arith.minsi
// CHECK:       scf.for %{{.*}} iter_args({{.*}} -> (vector<16xf32>, vector<16xf32>
// CHECK:         scf.for %{{.*}} = %c0 to %c16 step %c1 iter_args(
// CHECK-NOT:     vector.store
// CHECK:         %[[W:.*]] = vector.load
// CHECK:         %[[X:.*]] = vector.broadcast
// CHECK-NEXT:    vector.fma %[[X]], %[[W]]
// CHECK:         %[[X2:.*]] = vector.broadcast
// CHECK-NEXT:    vector.fma %[[X2]], %[[W]]
// CHECK:       vector.store
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"conv", {task_blocks = 1 : i64, task_rows = 8 : i64}, "test">} {
^bb0(%x: tensor<1x1x8x8x16xf32>, %w: tensor<1x1x3x3x16x16xf32>):
  %0 = graph.conv %x, %w {blocked_input, blocked_output, channels = 16 : i64, dilations = array<i64: 1, 1>, group = 1 : i64, kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x1x8x8x16xf32>, tensor<1x1x3x3x16x16xf32>) -> tensor<1x1x8x8x16xf32>
  kernel.yield %0 : tensor<1x1x8x8x16xf32>
}

// Of a block that is not full, only the model's own channels are multiplied.
// CHECK-LABEL: func.func @few_channels_v4
// CHECK:         scf.for %{{.*}} = %c0 to %c5 step %c1 iter_args(
kernel.func @few_channels attributes {dims = 0 : i64, schedule = #kernel.schedule<"conv", {task_blocks = 1 : i64, task_rows = 8 : i64}, "test">} {
^bb0(%x: tensor<1x1x8x8x16xf32>, %w: tensor<1x1x3x3x16x16xf32>):
  %0 = graph.conv %x, %w {blocked_input, blocked_output, channels = 16 : i64, input_channels = 5 : i64, dilations = array<i64: 1, 1>, group = 1 : i64, kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x1x8x8x16xf32>, tensor<1x1x3x3x16x16xf32>) -> tensor<1x1x8x8x16xf32>
  kernel.yield %0 : tensor<1x1x8x8x16xf32>
}

// Of an image without blocks, the columns of a patch lie side by side: Arm takes four by a load, and a step's from its lane.
// LANES-LABEL: func.func @patches_neon
// LANES:         %[[X:.*]] = vector.load %{{.*}} : memref<?xf32>, vector<4xf32>
// LANES:         vector.extract %[[X]][0]
// LANES:         vector.extract %[[X]][3]
kernel.func @patches attributes {dims = 0 : i64, schedule = #kernel.schedule<"conv", {task_blocks = 1 : i64, task_rows = 8 : i64}, "test">} {
^bb0(%x: tensor<1x3x8x8xf32>, %w: tensor<1x3x4x4x16xf32>):
  %0 = graph.conv %x, %w {blocked_output, channels = 16 : i64, dilations = array<i64: 1, 1>, group = 1 : i64, kernel = array<i64: 4, 4>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 4, 4>} : (tensor<1x3x8x8xf32>, tensor<1x3x4x4x16xf32>) -> tensor<1x1x2x2x16xf32>
  kernel.yield %0 : tensor<1x1x2x2x16xf32>
}

// Elements of the input 2 apart: even outputs meet column 1 of the window, odd ones columns 0 and 2, whose weights are 512
// numbers apart. Where the last output's column 2 is past the input, 7 pixels of it are left.
// CHECK-LABEL: func.func @spaced_v4
// CHECK:         scf.for %{{.*}} = %c0 to %c16 step %c1 iter_args(
// CHECK:           arith.addi %{{.*}}, %c256
// CHECK-COUNT-8:   vector.fma
// CHECK-COUNT-8: vector.store
// CHECK:         scf.for %{{.*}} = %c0 to %c2 step %c1 iter_args(
// CHECK:           arith.muli %{{.*}}, %c512
// CHECK:           scf.for %{{.*}} = %c0 to %c16 step %c1 iter_args(
// CHECK-COUNT-7:     vector.fma
// CHECK-COUNT-7: vector.store
kernel.func @spaced attributes {dims = 0 : i64, schedule = #kernel.schedule<"conv", {task_blocks = 1 : i64, task_rows = 8 : i64}, "test">} {
^bb0(%x: tensor<1x1x8x16xf32>, %w: tensor<1x1x3x16x16xf32>):
  %0 = graph.conv %x, %w {blocked_input, blocked_output, channels = 16 : i64, dilations = array<i64: 1>, group = 1 : i64, kernel = array<i64: 3>, pads = array<i64: 1, 1>, spacing = array<i64: 2>, strides = array<i64: 1>} : (tensor<1x1x8x16xf32>, tensor<1x1x3x16x16xf32>) -> tensor<1x1x15x16xf32>
  kernel.yield %0 : tensor<1x1x15x16xf32>
}
