// RUN: quern-opt %s --quern-emit-kernels=target=x86-64-v4 --canonicalize --cse | FileCheck %s

// Window rows that fall outside the image are cut from the loop: row o of the output reads image rows
// max(0, o - 1) to min(8, o + 2).
// CHECK-LABEL: func.func @k_v4
// CHECK:       scf.for %[[O:.*]] = %c0 to %c8
// CHECK-DAG:     arith.subi %c1, %[[O]]
// CHECK-DAG:     arith.subi %c9, %[[O]]
// CHECK-DAG:     arith.maxsi %{{.*}}, %c0
// CHECK-DAG:     arith.minsi %{{.*}}, %c3
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"conv", {task_blocks = 1 : i64, task_rows = 8 : i64}, "test">} {
^bb0(%x: tensor<1x1x8x8x16xf32>, %w: tensor<1x1x3x3x16x16xf32>):
  %0 = graph.conv %x, %w {blocked_input, blocked_output, channels = 16 : i64, dilations = array<i64: 1, 1>, group = 1 : i64, kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x1x8x8x16xf32>, tensor<1x1x3x3x16x16xf32>) -> tensor<1x1x8x8x16xf32>
  kernel.yield %0 : tensor<1x1x8x8x16xf32>
}

// Where the width is known at run time only, the first and the last pixel of a tile may lie at a border: each chooses,
// once for a window column, between its place in the image and zeros. The pixels between them do not.
// CHECK-LABEL: func.func @dynamic_v4
// CHECK:       vector.store %{{.*}}, %{{.*}} : memref<?xf32>, vector<16xf32>
// CHECK:       case 3 {
// CHECK:         scf.for %{{.*}} = %c0 to %c3
// CHECK:           arith.cmpi ult
// CHECK:           arith.select {{.*}} : !llvm.ptr
// CHECK:           arith.cmpi ult
// CHECK:           arith.select {{.*}} : !llvm.ptr
// CHECK-NOT:       arith.cmpi ult
// CHECK:           scf.for %{{.*}} = %c0 to %c16
// CHECK:       case 4 {
kernel.func @dynamic attributes {dims = 1 : i64, schedule = #kernel.schedule<"conv", {task_blocks = 1 : i64, task_rows = 8 : i64}, "test">} {
^bb0(%x: tensor<1x1x8x?x16xf32, #graph.dims<["", "", "", "d0", ""]>>, %w: tensor<1x1x3x3x16x16xf32>):
  %0 = graph.conv %x, %w {blocked_input, blocked_output, channels = 16 : i64, dilations = array<i64: 1, 1>, group = 1 : i64, kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x1x8x?x16xf32, #graph.dims<["", "", "", "d0", ""]>>, tensor<1x1x3x3x16x16xf32>) -> tensor<1x1x8x?x16xf32, #graph.dims<["", "", "", "d0", ""]>>
  kernel.yield %0 : tensor<1x1x8x?x16xf32, #graph.dims<["", "", "", "d0", ""]>>
}
