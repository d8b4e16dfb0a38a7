// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Of 8x8 pixels 16 tiles of 2x2. A task transforms their inputs of 4x4, those outside the image as zeros, into scratch;
// makes one product of 16 tiles and 16 output channels for each of the 16 positions, the sums carried through the input
// channels; and stores what the transform makes of them. Nothing but the last step writes the result.
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for
// CHECK:         scf.for %{{.*}} = %c0 to %c16 step %c1 {
// CHECK:           vector.maskedload
// CHECK-NOT:       vector.fma
// CHECK:         scf.for %{{.*}} = %c0 to %c16 step %c1 {
// CHECK:           %{{.*}}:16 = scf.for %{{.*}} = %c0 to %c16 step %c1 iter_args(
// CHECK-NOT:         vector.store
// CHECK:             %[[W:.*]] = vector.load
// CHECK:             vector.fma %{{.*}}, %[[W]]
// CHECK:             vector.fma %{{.*}}, %[[W]]
// CHECK:             scf.yield
// CHECK:         scf.for %{{.*}} = %c0 to %c16 step %c1 {
// CHECK:           vector.store
// CHECK-NOT:       vector.fma
// CHECK:         return
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"winograd", {task_blocks = 1 : i64, task_rows = 8 : i64}, "test">} {
^bb0(%x: tensor<1x1x8x8x16xf32>, %w: tensor<16x1x16x16xf32>):
  %0 = graph.conv %x, %w {blocked_input, blocked_output, channels = 16 : i64, dilations = array<i64: 1, 1>, group = 1 : i64, kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>, winograd = 2 : i64} : (tensor<1x1x8x8x16xf32>, tensor<16x1x16x16xf32>) -> tensor<1x1x8x8x16xf32>
  kernel.yield %0 : tensor<1x1x8x8x16xf32>
}
