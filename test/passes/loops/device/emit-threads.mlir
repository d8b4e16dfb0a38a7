// RUN: quern-opt %s --quern-emit-kernels=target=sm_80 --canonicalize --cse --split-input-file | FileCheck %s
// RUN: not quern-opt %s --quern-emit-kernels=target=x86-64 --split-input-file 2>&1 | FileCheck %s --check-prefix=NODEVICE
// NODEVICE: error: {{.*}}threads needs a device, which target x86-64 has not

// Buffers, scratch and its size, the place for an error, dims; a thread for four neighbours.
// CHECK:       kernel.func @k attributes {{{.*}}scratch = "0", tasks = "floordiv(24*d0 + 1023, 1024)", threads = 256 : i64}
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-SAME:    %[[X:.*]]: !llvm.ptr {llvm.noalias, llvm.readonly}, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: i64, %{{.*}}: !llvm.ptr, %{{.*}}: i64)
// CHECK:         %[[FIRST:.*]] = gpu.block_id x
// CHECK:         %[[BLOCKS:.*]] = gpu.grid_dim x
// CHECK:         scf.for %[[TASK:.*]] = %[[FIRST]] to %{{.*}} step %[[BLOCKS]]
// CHECK:           %[[START:.*]] = arith.muli %[[TASK]], %c256
// CHECK:           %[[THREAD:.*]] = gpu.thread_id x
// CHECK:           %[[AT:.*]] = arith.addi %[[START]], %[[THREAD]]
// CHECK:           arith.cmpi ult, %[[AT]]
// CHECK:           scf.if
// CHECK:             arith.muli %[[AT]], %c4
// CHECK:             llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK:             arith.negf
// CHECK:             llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xf32>
kernel.func @k attributes {dims = 1 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<?x24xf32, #graph.dims<["d0", ""]>>):
  %0 = graph.neg %x : (tensor<?x24xf32, #graph.dims<["d0", ""]>>) -> tensor<?x24xf32, #graph.dims<["d0", ""]>>
  kernel.yield %0 : tensor<?x24xf32, #graph.dims<["d0", ""]>>
}

// -----

// A block for each row; what more than one pass needs lies in the memory that its threads share.
// CHECK:       kernel.func @k attributes {{{.*}}scratch = "0", tasks = "5", threads = 64 : i64}
// CHECK:       llvm.mlir.global internal @k_sm_80_tile0() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<200 x f32>
// CHECK-LABEL: func.func @k_sm_80(
// CHECK:         gpu.shuffle
// CHECK:         gpu.barrier
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<5x200xf32>):
  %0 = graph.softmax %x {axis = 1 : i64, log = false} : (tensor<5x200xf32>) -> tensor<5x200xf32>
  kernel.yield %0 : tensor<5x200xf32>
}

// -----

// An index out of range is written where the host reads it.
// CHECK-LABEL: func.func @k_sm_80(
// CHECK-SAME:    %[[ERROR:[a-z0-9]*]]: !llvm.ptr)
// CHECK:         scf.if
// CHECK:           scf.if
// CHECK-NEXT:        llvm.store %c1_i32, %[[ERROR]]
kernel.func @k attributes {dims = 0 : i64, schedule = #kernel.schedule<"threads", {}, "test">} {
^bb0(%x: tensor<5x200xf32>, %i: tensor<3xi64>):
  %0 = graph.gather %x, %i {axis = 0 : i64} : (tensor<5x200xf32>, tensor<3xi64>) -> tensor<3x200xf32>
  kernel.yield %0 : tensor<3x200xf32>
}
