// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s

// Four neighbours of float32 are one access of 16 bytes; the row that is added is read by the same vectors, the one
// number is spread.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "floordiv(24*d0 + 1023, 1024)", threads = 256 : i64}
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-COUNT-2: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK:         llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xf32>
// CHECK-NOT:     memref.store
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<?x24xf32, #graph.dims<["d0", ""]>>, %y: tensor<24xf32>, %z: tensor<1xf32>):
  %0 = graph.add %x, %y : (tensor<?x24xf32, #graph.dims<["d0", ""]>>, tensor<24xf32>) -> tensor<?x24xf32, #graph.dims<["d0", ""]>>
  %1 = graph.mul %0, %z : (tensor<?x24xf32, #graph.dims<["d0", ""]>>, tensor<1xf32>) -> tensor<?x24xf32, #graph.dims<["d0", ""]>>
  kernel.yield %1 : tensor<?x24xf32, #graph.dims<["d0", ""]>>
}

// -----

// The last thread may have fewer: one at a time.
// CHECK:       kernel.func @k attributes {{{.*}}tasks = "1"
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         scf.if
// CHECK:           llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<8xf16>
// CHECK:         else
// CHECK:           scf.for
// CHECK:             memref.load
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<5x7xf16>):
  %0 = graph.neg %x : (tensor<5x7xf16>) -> tensor<5x7xf16>
  kernel.yield %0 : tensor<5x7xf16>
}

// -----

// Rows that begin anywhere are read as far as they are known to be aligned: here to 8 bytes, then to 4.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         llvm.load %{{.*}} {alignment = 8 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK:         llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK:         llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xf32>
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<5x44xf32>):
  %0 = graph.slice %x {starts = ["0", "2"], steps = array<i64: 1, 1>} : (tensor<5x44xf32>) -> tensor<5x40xf32>
  %1 = graph.slice %x {starts = ["0", "1"], steps = array<i64: 1, 1>} : (tensor<5x44xf32>) -> tensor<5x40xf32>
  %2 = graph.add %0, %1 : (tensor<5x40xf32>, tensor<5x40xf32>) -> tensor<5x40xf32>
  kernel.yield %2 : tensor<5x40xf32>
}

// -----

// Every other element is no neighbour; neither are the columns of a row of another length than a multiple.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-NOT:     vector<
// CHECK:         return
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<5x80xf32>, %y: tensor<5x7xf32>, %z: tensor<7xf32>):
  %0 = graph.slice %x {starts = ["0", "0"], steps = array<i64: 1, 2>} : (tensor<5x80xf32>) -> tensor<5x40xf32>
  %1 = graph.add %y, %z : (tensor<5x7xf32>, tensor<7xf32>) -> tensor<5x7xf32>
  kernel.yield %0, %1 : tensor<5x40xf32>, tensor<5x7xf32>
}

// -----

// Of a row too: its sums are vectors until the row ends.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         scf.for {{.*}} step %c256 iter_args({{.*}}) -> (vector<4xf32>)
// CHECK:           llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK:         gpu.shuffle
// CHECK:         llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xf32>
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<5x200xf32>):
  %0 = graph.softmax %x {axis = 1 : i64, log = false} : (tensor<5x200xf32>) -> tensor<5x200xf32>
  kernel.yield %0 : tensor<5x200xf32>
}
